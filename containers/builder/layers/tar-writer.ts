import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, constants, createWriteStream, fstatSync, openSync, readSync } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { LayerEntry } from '../../../core/builds/layer-index.ts';
import type { Sha256 } from '../../../core/digest.ts';
import { pathInside, textToBytes } from './path-text.ts';
import { paddingOf, tarEnd, tarHeader } from './tar-header.ts';
import { toolEnvironment } from './tool.ts';

/** Bytes that are gathered before they are hashed and passed on. */
const chunkSize = 1 << 20;

export interface WrittenLayer {
  /** SHA-256 and size of the compressed file. */
  readonly digest: Sha256;
  readonly size: number;
  /** SHA-256 of the tar in it. */
  readonly diffId: Sha256;
  /** The entries as given, files now with the SHA-256 of their content. */
  readonly entries: LayerEntry[];
}

/**
 * Cuts a stream of pieces into chunks and hands each to `send`. Two buffers take turns: one is filled while the other
 * is on its way.
 */
class Chunker {
  readonly #send: (chunk: Buffer) => Promise<void>;
  #filling = Buffer.allocUnsafeSlow(chunkSize);
  #sending = Buffer.allocUnsafeSlow(chunkSize);
  #sent: Promise<void> = Promise.resolve();
  #used = 0;

  constructor(send: (chunk: Buffer) => Promise<void>) {
    this.#send = send;
  }

  async write(piece: Buffer): Promise<void> {
    for (let at = 0; at < piece.length; ) {
      const copied = piece.copy(this.#filling, this.#used, at);
      at += copied;
      this.#used += copied;
      if (this.#used === chunkSize) await this.#flush();
    }
  }

  /** Sends what is left and waits until all is taken. */
  async end(): Promise<void> {
    await this.#flush();
    await this.#sent;
  }

  async #flush(): Promise<void> {
    await this.#sent;
    const chunk = this.#filling.subarray(0, this.#used);
    [this.#filling, this.#sending] = [this.#sending, this.#filling];
    this.#used = 0;
    this.#sent = this.#send(chunk);
    this.#sent.catch(() => undefined);
  }
}

/** Passes a file's bytes on, exactly as many as the entry says, and answers their SHA-256. */
async function writeBody(tree: string, entry: LayerEntry, out: Chunker, buffer: Buffer): Promise<Sha256> {
  const size = entry.size ?? 0;
  const handle = openSync(
    pathInside(tree, textToBytes(entry.path)),
    constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
  );
  try {
    if (fstatSync(handle).size !== size) throw new Error(`${entry.path} changed while its layer was written`);
    const hash = createHash('sha256');
    for (let left = size; left > 0; ) {
      const length = readSync(handle, buffer, 0, Math.min(left, buffer.length), null);
      if (length === 0) throw new Error(`${entry.path} became shorter while its layer was written`);
      const piece = buffer.subarray(0, length);
      hash.update(piece);
      await out.write(piece);
      left -= length;
    }
    const padding = paddingOf(size);
    if (padding > 0) await out.write(Buffer.alloc(padding));
    return hash.digest('hex');
  } finally {
    closeSync(handle);
  }
}

/**
 * Writes a layer: the entries, sorted by path, as a tar in OCI layer form, compressed by zstd at level 3. The bytes
 * follow from the entries and the files alone: zstd's worker threads (`-T0`; Node's own zstd cannot use them) cut
 * the input into the same jobs whatever their number.
 */
export async function writeLayer(options: {
  readonly tree: string;
  readonly entries: readonly LayerEntry[];
  readonly file: string;
}): Promise<WrittenLayer> {
  const zstd = spawn('zstd', ['-q', '-3', '-T0', '-c'], { env: toolEnvironment, stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<number | null>((resolve, reject) => {
    zstd.once('error', reject);
    zstd.once('close', resolve);
  });
  const target = createWriteStream(options.file, { flags: 'w' });
  const blobHash = createHash('sha256');
  let size = 0;
  zstd.stdout.on('data', (piece: Buffer) => {
    blobHash.update(piece);
    size += piece.length;
  });
  zstd.stdout.pipe(target);
  const broken = new Promise<never>((_, reject) => {
    zstd.stdin.once('error', reject);
    target.once('error', reject);
    ended.then((code) => reject(new Error(`zstd ended early with ${code}`)), reject);
  });
  broken.catch(() => undefined);
  const tarHash = createHash('sha256');
  const out = new Chunker(async (chunk) => {
    tarHash.update(chunk);
    const taken = new Promise<void>((resolve) => zstd.stdin.write(chunk, () => resolve()));
    await Promise.race([taken, broken]);
  });
  const buffer = Buffer.allocUnsafe(256 * 1024);
  const entries: LayerEntry[] = [];
  try {
    for (const entry of options.entries) {
      await out.write(tarHeader(entry));
      entries.push(
        entry.type === 'file' ? { ...entry, digest: await writeBody(options.tree, entry, out, buffer) } : entry,
      );
    }
    await out.write(tarEnd);
    await out.end();
    zstd.stdin.end();
    const code = await ended;
    if (code !== 0) throw new Error(`zstd ended with ${code}`);
    await finished(target);
  } catch (error) {
    zstd.kill('SIGKILL');
    throw error;
  }
  return { digest: blobHash.digest('hex'), size, diffId: tarHash.digest('hex'), entries };
}
