import { z } from 'zod';
import { secretLimits } from '../../secrets/limits.ts';
import { secretNamePattern } from '../../secrets/secret-record.ts';
import { type FieldPath, valueAt } from '../field-path.ts';
import { patternText, type Refusal } from '../refusal.ts';
import { type SpecError, specError } from '../spec-errors.ts';

/**
 * What an archive asks for by Basic authentication (RFC 7617): its user has no colon. The password is a secret of the
 * tenant's by its name, so that no spec, plan or lock holds it.
 */
export const archiveCredentialsSchema = z
  .strictObject({
    username: patternText({
      pattern: /^[!-9;-~](?:[ -9;-~]{0,126}[!-9;-~])?$/,
      maxLength: 128,
      what: 'the name of a user',
      remedy: 'Use 1 to 128 characters of ASCII without a colon.',
    }).describe('Name of the user; it is no secret.'),
    password: z
      .strictObject({
        secret: patternText({
          pattern: secretNamePattern,
          maxLength: secretLimits.nameLength,
          what: 'the name of a secret',
          remedy: 'Give the name of a secret that you have set (`lbuild secrets set NAME`), never its value.',
        }).describe('Name of the secret that holds the password: `lbuild secrets set NAME`.'),
      })
      .describe('The password, by the name of a secret.'),
  })
  .describe(
    'User and password that the archive asks for, over https. Used while building alone: the image has none of it.',
  );
export type ArchiveCredentials = z.output<typeof archiveCredentialsSchema>;

/** Whether two archives are asked alike. */
export function sameCredentials(one: ArchiveCredentials | undefined, other: ArchiveCredentials | undefined): boolean {
  return one?.username === other?.username && one?.password.secret === other?.password.secret;
}

/** As much of a spec as its archives with credentials say. */
const archivesOutline = z.array(z.unknown());

/**
 * Archives that would be asked with a password in clear: over http, which is taken at the operator's own hosts alone,
 * whose network the operator answers for.
 */
export function plainCredentialErrors(input: unknown, privateHosts: readonly string[]): SpecError[] {
  const archives = archivesOutline.safeParse(valueAt(input, ['archives']));
  return (archives.data ?? []).flatMap((_, index) => {
    const url = valueAt(input, ['archives', index, 'url']);
    if (typeof url !== 'string' || valueAt(input, ['archives', index, 'credentials']) === undefined) return [];
    const host = /^http:\/\/([A-Za-z0-9.-]+)/.exec(url)?.[1]?.toLowerCase();
    if (host === undefined || privateHosts.some((allowed) => allowed.toLowerCase() === host)) return [];
    return [
      specError(['archives', index, 'credentials'], {
        code: 'spec.contradiction',
        reason: 'over http the password would be sent in clear',
        remedy: 'Use https, or an archive at a host that the operator allows (archives.privateHosts).',
      }),
    ];
  });
}

/** Why an archive has not a member that one would look for; undefined of any other name. */
export function archiveMemberRefusal(key: string, parent: FieldPath): Refusal | undefined {
  const isArchive = parent.length === 2 && parent[0] === 'archives';
  if (!isArchive || !/^(?:auth|username|user|password|token)$/.test(key)) return undefined;
  return {
    code: 'spec.unknown_key',
    reason: 'an archive has its user and password under `credentials`',
    remedy:
      'Write `credentials: {username: NAME, password: {secret: NAME}}`; set the secret with `lbuild secrets set`.',
  };
}
