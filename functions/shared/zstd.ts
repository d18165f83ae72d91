import { createZstdDecompress } from 'node:zlib';

/** Bytes of a piece at most: each costs a turn of the event loop, and no request should wait for long between two. */
const pieceBytes = 128 * 1024;

/** Unpacks zstd piece by piece. The pieces end with an error where the bytes are none. */
export function unpackZstd(stored: Uint8Array): AsyncIterable<Uint8Array> {
  const unpacking = createZstdDecompress({ chunkSize: pieceBytes });
  unpacking.end(stored);
  return unpacking;
}
