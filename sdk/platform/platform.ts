import type { DeclaredUpload } from '../generated/types.gen.ts';

/** A SHA-256 that is fed piece by piece. */
export interface Sha256 {
  update(bytes: Uint8Array): void;
  /** The digest of all that was fed, in lower-case hexadecimal digits. Called once, at the end. */
  hex(): string;
}

/** What is known of a file that is uploaded. */
export interface SourceDescription {
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
}

/** How the bytes of an upload are sent. */
export interface Sending {
  readonly signal: AbortSignal | undefined;
  /** The fetch that the caller gave in place of the platform's own way. */
  readonly send: typeof fetch | undefined;
}

/**
 * What Node and browsers do differently. `#platform` of package.json names one of the two: so nothing of Node is in the
 * bundle for browsers.
 */
export interface Platform {
  /** Whether fetch follows the redirect to a download by itself: a browser shows nobody where a redirect leads. */
  readonly followsRedirects: boolean;
  createSha256(): Sha256;
  /**
   * Writes bytes to a file of a folder: whole, under its name, or not at all.
   * @returns path of the file
   */
  writeFile(folder: string, name: string, bytes: AsyncIterable<Uint8Array>): Promise<string>;
  describeSource(source: string | Blob, signal: AbortSignal | undefined): Promise<SourceDescription>;
  /** The name of a source, where it has one. */
  nameOfSource(source: string | Blob): string | undefined;
  /**
   * Sends the bytes of a source as a declaration says.
   * @returns status of the store's answer
   */
  sendSource(put: NonNullable<DeclaredUpload['put']>, source: string | Blob, sending: Sending): Promise<number>;
}
