import { EngineError } from '../../core/errors.ts';
import type { BlobPlace } from '../../core/ports/blobs.ts';

/** The longest path, in bytes: below S3's 1,024 with room for a prefix. */
const longestPath = 900;
const segment = /^[A-Za-z0-9._-]+$/;

/**
 * Checks a place as core/ports/blobs.ts defines it. Paths are made by the engine, so a wrong one is the engine's fault;
 * refusing it here keeps any text of a user's that slipped in from naming another object.
 * @throws EngineError blob.place_invalid
 */
export function checkPlace({ bucket, path }: BlobPlace): void {
  checkSegments(`${bucket} path`, path, path.split('/'));
}

/**
 * Checks a prefix to list by: the beginning of a path, empty for all.
 * @throws EngineError blob.place_invalid
 */
export function checkPrefix(prefix: string): void {
  const segments = prefix.split('/');
  if (segments.at(-1) === '') segments.pop();
  checkSegments('prefix', prefix, segments);
}

function checkSegments(what: string, text: string, segments: readonly string[]): void {
  const fault =
    Buffer.byteLength(text) > longestPath
      ? `is longer than ${longestPath} bytes`
      : segments.every((name) => segment.test(name) && name !== '.' && name !== '..')
        ? undefined
        : 'has a segment that is empty, `.`, `..` or holds other characters than A-Z a-z 0-9 . _ -';
  if (fault === undefined) return;
  throw new EngineError('blob.place_invalid', `The ${what} ${JSON.stringify(text.slice(0, 100))} ${fault}.`);
}
