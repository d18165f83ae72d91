/** How an archive that a spec names is asked. */
export interface ArchiveAccess {
  /** Its name in the spec. */
  readonly name: string;
  /** Value of the header; undefined where the spec gives no credentials. */
  readonly authorization: string | undefined;
}

/** Value of `authorization` of Basic authentication (RFC 7617), in UTF-8. */
export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}

/**
 * Why an archive lets nobody in, as a failure says it; undefined where the answer is another one. Without credentials
 * 403 may mean that there is no such file, as S3 says it.
 */
export function unauthorized({ name, authorization }: ArchiveAccess, status: number): string | undefined {
  if (authorization !== undefined && (status === 401 || status === 403)) {
    return `archives[${name}].credentials: the archive does not take this user and password (status ${status}).`;
  }
  if (status !== 401) return undefined;
  return `archives[${name}]: the archive asks for a user and password; the spec has no archives[${name}].credentials.`;
}
