import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createZstdDecompress } from 'node:zlib';
import type { LayerEntry } from '../../../core/builds/layer-index.ts';
import type { LayerReference } from '../../../core/builds/manifest.ts';
import { LayerError } from './layer-error.ts';
import { paddingOf, tarEnd, tarHeader } from './tar-header.ts';

export interface StoredLayer {
  readonly reference: LayerReference;
  readonly layerFile: string;
  readonly indexFile: string;
}

/** Takes exact numbers of bytes from a stream of chunks. */
class ByteSource {
  readonly #chunks: AsyncIterator<Buffer>;
  #chunk: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** The next 1 to `most` bytes; undefined at the end. */
  async some(most: number): Promise<Buffer | undefined> {
    while (this.#chunk.length === 0) {
      const next = await this.#chunks.next();
      if (next.done === true) return undefined;
      this.#chunk = next.value;
    }
    const piece = this.#chunk.subarray(0, most);
    this.#chunk = this.#chunk.subarray(piece.length);
    return piece;
  }

  async exactly(length: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for (let left = length; left > 0; ) {
      const piece = await this.some(left);
      if (piece === undefined) break;
      pieces.push(piece);
      left -= piece.length;
    }
    const [only] = pieces;
    return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces);
  }
}

/** Takes the pieces of a member's body, padding included; undefined where the body is not wanted. */
export type BodySink = ((piece: Buffer) => Promise<void> | void) | undefined;

function unreadable(step: string, error: Error): LayerError {
  return new LayerError(step, `its tar cannot be read: ${error.message}`);
}

/**
 * Reads a layer's tar and hands out each member whose header is, byte for byte, the one that the checked index entry
 * gives. The digest is known only at the end: what was handed out is good once this has answered.
 *
 * @param member called for each entry, whiteouts included, with the header's bytes
 * @throws LayerError where the tar is not what its index and its digest say
 */
export async function readLayer(
  layer: StoredLayer,
  entries: readonly LayerEntry[],
  member: (entry: LayerEntry, header: Buffer) => Promise<BodySink> | BodySink,
): Promise<void> {
  const { step, digest } = layer.reference;
  const hash = createHash('sha256');
  const stored = createReadStream(layer.layerFile, { highWaterMark: 1 << 20 });
  stored.on('data', (piece) => hash.update(piece));
  const tarBytes = createZstdDecompress({ chunkSize: 1 << 20 });
  const opened = new Promise<void>((resolve, reject) => {
    stored.once('error', (error) => tarBytes.destroy(error));
    tarBytes.once('error', (error) => reject(unreadable(step, error)));
    tarBytes.once('end', resolve);
  });
  stored.pipe(tarBytes);
  opened.catch(() => undefined);
  try {
    const source = new ByteSource(tarBytes);
    for (const entry of entries) {
      const header = tarHeader(entry);
      if (!header.equals(await source.exactly(header.length))) {
        throw new LayerError(step, `its tar is not what its index says at ${entry.path}`);
      }
      const sink = await member(entry, header);
      const size = entry.type === 'file' ? (entry.size ?? 0) : 0;
      for (let left = size + paddingOf(size); left > 0; ) {
        const piece = await source.some(left);
        if (piece === undefined) throw new LayerError(step, `its tar ends in ${entry.path}`);
        await sink?.(piece);
        left -= piece.length;
      }
    }
    if (!tarEnd.equals(await source.exactly(tarEnd.length)) || (await source.some(1)) !== undefined) {
      throw new LayerError(step, 'its tar does not end where its index does');
    }
    await opened;
    if (hash.digest('hex') !== digest) throw new LayerError(step, 'its bytes have another digest');
  } catch (error) {
    const damage = tarBytes.errored;
    stored.destroy();
    tarBytes.destroy();
    // Whoever was waiting for its next bytes is told by the stream, in zlib's words.
    throw damage !== null && damage === error ? unreadable(step, damage) : error;
  }
}
