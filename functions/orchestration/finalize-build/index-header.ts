import { constants, zstdDecompressSync } from 'node:zlib';
import { type LayerIndexHeader, layerIndexHeaderSchema } from '../../../core/builds/layer-index.ts';
import { type Sha256, sha256 } from '../../../core/digest.ts';
import { readJson } from '../../../core/json.ts';
import type { BlobPlace, Blobs } from '../../../core/ports/blobs.ts';

/** Compressed bytes that are read first: the header of 700 packages has less, and a small layer's whole index. */
const firstPiece = 64 << 10;
/** A header of 60,000 packages, with what an initial RAM file system was made of. */
const largestHeader = 64 << 20;
const lineEnd = 0x0a;

/** What lies in an index's place is no index. */
export class NoIndexHeader extends Error {
  constructor(reason: string, cause?: unknown) {
    super(reason, { cause });
    this.name = 'NoIndexHeader';
  }
}

/**
 * Reads the header of a stored layer index: its first line, without the entries after it. As much of the blob is read
 * as that needs; what is read whole is checked against its digest. Tenant code may have written it: it is bounded and
 * validated.
 * @param index digest and size of the blob
 * @throws NoIndexHeader where there is no such blob, or no header in it; EngineError where the store does not answer
 */
export async function readIndexHeader(
  blobs: Blobs,
  place: BlobPlace,
  { digest, size }: { readonly digest: Sha256; readonly size: number },
): Promise<LayerIndexHeader> {
  for (let end = firstPiece; end < size; end *= 8) {
    const header = headerIn(await read(blobs, place, { start: 0, end }));
    if (header !== undefined) return header;
  }
  const whole = await read(blobs, place);
  if (sha256(whole) !== digest) throw new NoIndexHeader('it has another digest');
  const header = headerIn(whole);
  if (header === undefined) throw new NoIndexHeader('it has no first line');
  return header;
}

async function read(blobs: Blobs, place: BlobPlace, range?: { start: number; end: number }): Promise<Uint8Array> {
  const bytes = await blobs.get(place, range);
  if (bytes === undefined) throw new NoIndexHeader('the store does not have it');
  return bytes;
}

/** The header in the beginning of an index; undefined where its line does not end there. */
function headerIn(piece: Uint8Array): LayerIndexHeader | undefined {
  try {
    const text = zstdDecompressSync(piece, { finishFlush: constants.ZSTD_e_continue, maxOutputLength: largestHeader });
    const length = text.indexOf(lineEnd);
    return length < 0 ? undefined : layerIndexHeaderSchema.parse(readJson(text.subarray(0, length)));
  } catch (error) {
    throw new NoIndexHeader('it cannot be decompressed or read', error);
  }
}
