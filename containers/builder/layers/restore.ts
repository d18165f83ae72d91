import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, lstatSync, lutimesSync, readdirSync, rmdirSync, unlinkSync, utimesSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { PassThrough, pipeline } from 'node:stream';
import { createZstdDecompress } from 'node:zlib';
import type { LayerEntry } from '../../../core/builds/layer-index.ts';
import type { LayerReference } from '../../../core/builds/manifest.ts';
import { sha256 } from '../../../core/digest.ts';
import { decodeIndex } from './index-file.ts';
import { type BytePath, compareBytes, parentOf, pathInside, textToBytes } from './path-text.ts';
import { paddingOf, tarEnd, tarHeader } from './tar-header.ts';
import { toolEnvironment } from './tool.ts';
import { deviceAllowed, removeFromIndex, type TreeIndex } from './tree-index.ts';

/** A layer that does not fit its digest, its index or the layers below: nothing of it can be trusted. */
export class LayerError extends Error {
  constructor(step: string, reason: string) {
    super(`the layer of step ${step} is refused: ${reason}`);
    this.name = 'LayerError';
  }
}

export interface StoredLayer {
  readonly reference: LayerReference;
  readonly layerFile: string;
  readonly indexFile: string;
}

/** Removes a path and all below it; symlinks are removed, not followed. */
function removePath(path: Buffer): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isDirectory()) {
    unlinkSync(path);
    return;
  }
  for (const name of readdirSync(path, { encoding: 'buffer' })) {
    removePath(Buffer.concat([path, Buffer.from('/'), name]));
  }
  rmdirSync(path);
}

/**
 * Puts a layer's entries over what is below and says which paths of the tree must go first. Each path must stand in
 * a folder that is a real folder at that point: so no entry can be written through a symlink, whoever made the layer.
 */
function mergeEntries(step: string, entries: readonly LayerEntry[], index: TreeIndex): BytePath[] {
  const gone: BytePath[] = [];
  const inFolder = (path: BytePath) => parentOf(path) === '' || index.get(parentOf(path))?.type === 'directory';
  const paths = entries.map((entry) => textToBytes(entry.path));
  for (const [at, entry] of entries.entries()) {
    const path = paths[at] ?? '';
    const parts = path.split('/');
    if (parts.some((part) => part === '' || part === '.' || part === '..' || part.includes('\0'))) {
      throw new LayerError(step, `${entry.path} is no path inside a tree`);
    }
    if (parts.some((part) => part.startsWith('.wh.'))) throw new LayerError(step, `${entry.path} is a reserved name`);
    if (at > 0 && compareBytes(paths[at - 1] ?? '', path) >= 0) {
      throw new LayerError(step, `${entry.path} is out of order`);
    }
    if (entry.type !== 'whiteout') continue;
    if (!index.has(path) || !inFolder(path)) throw new LayerError(step, `${entry.path} is deleted and never was there`);
    removeFromIndex(index, path);
    gone.push(path);
  }
  for (const [at, entry] of entries.entries()) {
    if (entry.type === 'whiteout') continue;
    const path = paths[at] ?? '';
    if (!inFolder(path)) throw new LayerError(step, `${entry.path} stands in no folder`);
    if (!deviceAllowed(entry)) throw new LayerError(step, `${entry.path} is a device node that no image may hold`);
    const below = index.get(path);
    if (below !== undefined && (below.type === 'directory') !== (entry.type === 'directory')) {
      removeFromIndex(index, path);
      gone.push(path);
    }
    if (entry.type === 'hardlink') {
      const target = textToBytes(entry.target ?? '');
      const linked = index.get(target);
      if (linked === undefined || linked.type === 'directory' || !inFolder(target)) {
        throw new LayerError(step, `${entry.path} is a link to no file`);
      }
    }
    index.set(path, entry);
  }
  return gone;
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
async function unpack(tree: string, layer: StoredLayer, entries: readonly LayerEntry[]): Promise<void> {
  const { step, digest } = layer.reference;
  const hash = createHash('sha256');
  const stored = createReadStream(layer.layerFile, { highWaterMark: 1 << 20 });
  stored.on('data', (piece) => hash.update(piece));
  const tarBytes = new PassThrough({ highWaterMark: 4 << 20 });
  const opened = new Promise<void>((resolve, reject) => {
    const done = (error: NodeJS.ErrnoException | null) =>
      error === null || error === undefined ? resolve() : reject(error);
    pipeline(stored, createZstdDecompress({ chunkSize: 1 << 20 }), tarBytes, done);
  });
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
  const send = async (piece: Buffer) => {
    if (!tar.stdin.write(piece)) await Promise.race([once(tar.stdin, 'drain'), broken]);
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
    tar.stdin.end(tarEnd);
    const code = await ended;
    if (code !== 0) throw new LayerError(step, `tar ended with ${code}: ${complaint.trim()}`);
  } catch (error) {
    tar.kill('SIGKILL');
    stored.destroy();
    throw error;
  }
}

/**
 * Unpacks layers into an empty tree, lowest first, and answers the merged index. The layers may be hostile.
 *
 * @throws LayerError where a layer's bytes, index or names are not what they must be
 */
export async function restoreLayers(
  tree: string,
  layers: readonly StoredLayer[],
  sourceDateEpoch: number,
): Promise<TreeIndex> {
  const merged: TreeIndex = new Map();
  const touched = new Set<BytePath>();
  for (const [at, layer] of layers.entries()) {
    const { step } = layer.reference;
    const stored = await readFile(layer.indexFile);
    if (sha256(stored) !== layer.reference.index) throw new LayerError(step, 'its index has another digest');
    const { entries } = await decodeIndex(stored).catch((error: unknown) => {
      throw new LayerError(step, `its index cannot be read: ${error instanceof Error ? error.message : 'unknown'}`);
    });
    for (const path of mergeEntries(step, entries, merged)) removePath(pathInside(tree, path));
    await unpack(tree, layer, entries);
    // Writing into a folder changes its time, which only that folder's own layer knows.
    if (at > 0) for (const entry of entries) touched.add(parentOf(textToBytes(entry.path)));
  }
  for (const folder of touched) {
    const entry = merged.get(folder);
    if (entry?.type === 'directory') lutimesSync(pathInside(tree, folder), entry.mtime ?? 0, entry.mtime ?? 0);
  }
  utimesSync(tree, sourceDateEpoch, sourceDateEpoch);
  return merged;
}
