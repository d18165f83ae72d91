import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { createZstdDecompress } from 'node:zlib';
import type { LayerEntry } from '../../../core/builds/layer-index.ts';
import type { LayerReference } from '../../../core/builds/manifest.ts';
import { LayerError } from './layer-error.ts';
import { paddingOf, tarEnd, tarHeader } from './tar-header.ts';
import { toolEnvironment } from './tool.ts';

/** Bytes that are handed to tar at one time. */
const gatheredBytes = 1 << 20;

export interface StoredLayer {
  /** With the steps whose layers it was made on. */
  readonly reference: LayerReference & { readonly after: readonly string[] };
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

/**
 * Unpacks a layer's tar by GNU tar, which sees only members whose header is, byte for byte, the one that the checked
 * index entry gives; whiteouts are left out, they were applied before.
 */
export async function unpackLayer(tree: string, layer: StoredLayer, entries: readonly LayerEntry[]): Promise<void> {
  const { step, digest } = layer.reference;
  const hash = createHash('sha256');
  const stored = createReadStream(layer.layerFile, { highWaterMark: 1 << 20 });
  stored.on('data', (piece) => hash.update(piece));
  const tarBytes = createZstdDecompress({ chunkSize: 1 << 20 });
  const opened = new Promise<void>((resolve, reject) => {
    stored.once('error', (error) => tarBytes.destroy(error));
    tarBytes.once('error', reject);
    tarBytes.once('end', resolve);
  });
  stored.pipe(tarBytes);
  opened.catch(() => undefined);
  const tar = spawn(
    'tar',
    ['-x', '-f', '-', '-C', tree, '-p', '-P', '--numeric-owner', '--same-owner', '--xattrs', '--xattrs-include=*'],
    { env: toolEnvironment, stdio: ['pipe', 'inherit', 'pipe'] },
  );
  let complaint = '';
  tar.stderr.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString('utf8')).slice(-1_000);
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    tar.once('error', reject);
    tar.once('close', resolve);
  });
  const broken = ended.then((code) => {
    throw new LayerError(step, `tar ended early with ${code}: ${complaint.trim()}`);
  });
  broken.catch(() => undefined);
  tar.stdin.on('error', () => undefined);
  // Pieces of many small files go to the pipe in one call.
  let gathered = 0;
  tar.stdin.cork();
  const send = async (piece: Buffer) => {
    const room = tar.stdin.write(piece);
    gathered += piece.length;
    if (gathered < gatheredBytes) return;
    gathered = 0;
    tar.stdin.uncork();
    if (!room) await Promise.race([once(tar.stdin, 'drain'), broken]);
    tar.stdin.cork();
  };
  try {
    const source = new ByteSource(tarBytes);
    for (const entry of entries) {
      const header = tarHeader(entry);
      if (!header.equals(await source.exactly(header.length))) {
        throw new LayerError(step, `its tar is not what its index says at ${entry.path}`);
      }
      if (entry.type === 'whiteout') continue;
      await send(header);
      const size = entry.type === 'file' ? (entry.size ?? 0) : 0;
      for (let left = size + paddingOf(size); left > 0; ) {
        const piece = await source.some(left);
        if (piece === undefined) throw new LayerError(step, `its tar ends in ${entry.path}`);
        await send(piece);
        left -= piece.length;
      }
    }
    if (!tarEnd.equals(await source.exactly(tarEnd.length)) || (await source.some(1)) !== undefined) {
      throw new LayerError(step, 'its tar does not end where its index does');
    }
    await opened;
    if (hash.digest('hex') !== digest) throw new LayerError(step, 'its bytes have another digest');
    tar.stdin.uncork();
    tar.stdin.end(tarEnd);
    const code = await ended;
    if (code !== 0) throw new LayerError(step, `tar ended with ${code}: ${complaint.trim()}`);
  } catch (error) {
    tar.kill('SIGKILL');
    stored.destroy();
    tarBytes.destroy();
    throw error;
  }
}
