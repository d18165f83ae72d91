import { constants, zstdDecompressSync } from 'node:zlib';
import { type LayerIndexHeader, layerIndexHeaderSchema } from '../../../core/builds/layer-index.ts';
import { type Sha256, startSha256 } from '../../../core/digest.ts';
import { readJson } from '../../../core/json.ts';
import type { BlobPlace, Blobs } from '../../../core/ports/blobs.ts';

/** Bytes that are read at one time: nearly every index in one request. The header must end in the first of them. */
const pieceBytes = 8 << 20;
/** Bytes of the largest index that is read: one of 100,000 paths has some 6 MB. */
const largestIndex = 256 << 20;
/** Bytes that are unpacked at first. */
const firstPiece = 64 << 10;
/**
 * Bytes that are unpacked at most. A header has 16 MB: of 60,000 packages, or with what an initial RAM file system was
 * made of; what comes with it is unpacked too.
 */
const mostUnpacked = 64 << 20;
const lineEnd = 0x0a;

/** What lies in an index's place is no index. */
export class NoIndexHeader extends Error {
  constructor(reason: string, cause?: unknown) {
    super(reason, { cause });
    this.name = 'NoIndexHeader';
  }
}

/**
 * Reads the header of a stored layer index: its first line; the entries after it are not unpacked. The whole blob is
 * checked against its digest, since what the header says is signed. Tenant code may have written it: it is bounded and
 * validated.
 * @param index digest and size of the blob
 * @throws NoIndexHeader where there is no such blob, or no header in it; EngineError where the store does not answer
 */
export async function readIndexHeader(
  blobs: Pick<Blobs, 'get' | 'head'>,
  place: BlobPlace,
  { digest, size }: { readonly digest: Sha256; readonly size: number },
): Promise<LayerIndexHeader> {
  if (size > largestIndex) throw new NoIndexHeader(`it has ${size} bytes, and ${largestIndex} are read`);
  const hash = startSha256();
  const first = await readFirst(blobs, place, size);
  hash.update(first);
  for (let start = first.length; start < size; start += pieceBytes) {
    hash.update(await read(blobs, place, { start, end: Math.min(size, start + pieceBytes) }));
  }
  if (hash.digest() !== digest) throw new NoIndexHeader('it has another digest');
  return headerIn(first);
}

/** The first piece; of what has another size than it should nothing, since its parts may not be there. */
async function readFirst(blobs: Pick<Blobs, 'get' | 'head'>, place: BlobPlace, size: number): Promise<Uint8Array> {
  if (size <= pieceBytes) return read(blobs, place);
  if ((await blobs.head(place))?.size !== size) throw new NoIndexHeader('the store does not have it in its size');
  return read(blobs, place, { start: 0, end: pieceBytes });
}

async function read(
  blobs: Pick<Blobs, 'get'>,
  place: BlobPlace,
  range?: { start: number; end: number },
): Promise<Uint8Array> {
  const bytes = await blobs.get(place, range);
  if (bytes === undefined) throw new NoIndexHeader('the store does not have it');
  return bytes;
}

/**
 * The header in the beginning of an index. No more is unpacked than the piece that its line ends in, and without a turn
 * of the event loop: nearly always 64 KiB, which take less than a millisecond.
 */
function headerIn(stored: Uint8Array): LayerIndexHeader {
  for (let end = firstPiece; ; end *= 8) {
    const line = firstLine(stored.subarray(0, end));
    if (line !== undefined) return line;
    if (end >= stored.length) throw new NoIndexHeader('it has no first line');
  }
}

/** The header in the beginning of an index; undefined where its line does not end there. */
function firstLine(piece: Uint8Array): LayerIndexHeader | undefined {
  try {
    const text = zstdDecompressSync(piece, { finishFlush: constants.ZSTD_e_continue, maxOutputLength: mostUnpacked });
    const length = text.indexOf(lineEnd);
    return length < 0 ? undefined : layerIndexHeaderSchema.parse(readJson(text.subarray(0, length)));
  } catch (error) {
    throw new NoIndexHeader('it cannot be decompressed or read', error);
  }
}
