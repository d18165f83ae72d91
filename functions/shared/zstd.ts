import { createZstdDecompress } from 'node:zlib';

/** Unpacks zstd piece by piece. The pieces end with an error where the bytes are none. */
export function unpackZstd(stored: Uint8Array): AsyncIterable<Uint8Array> {
  const unpacking = createZstdDecompress();
  unpacking.end(stored);
  return unpacking;
}
