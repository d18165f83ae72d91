import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, rename, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageLayer } from '../../contract.ts';
import { checksumOver, type Encoding, zstd } from './encoding.ts';

/** A layer of an image as a file that is named after its digest. */
export interface LayerBlob {
  readonly step: string;
  /** SHA-256 of the tar, as hexadecimal digits. */
  readonly diffId: string;
  /** SHA-256 of the file. */
  readonly digest: string;
  /** Bytes of the file. */
  readonly size: number;
}

/** Bytes that are encoded at a time: enough that the parts of a layer cost nothing, few enough to hold several. */
const chunkBytes = 1 << 20;
/** Chunks on their way: as many as Node has threads for compression. */
const atOnce = 4;

/** A file that is written from its beginning to its end, with its digest. */
class HashedFile {
  readonly #file: FileHandle;
  readonly #hash: Hash = createHash('sha256');
  size = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async write(bytes: Buffer): Promise<void> {
    this.#hash.update(bytes);
    this.size += bytes.length;
    for (let at = 0; at < bytes.length; ) at += (await this.#file.write(bytes, at)).bytesWritten;
  }

  digest(): string {
    return this.#hash.digest('hex');
  }
}

/** Cuts what is written into chunks of one size. */
class Chunks {
  readonly #take: (chunk: Buffer) => Promise<void>;
  #filling = Buffer.allocUnsafeSlow(chunkBytes);
  #used = 0;

  constructor(take: (chunk: Buffer) => Promise<void>) {
    this.#take = take;
  }

  async write(piece: Buffer): Promise<void> {
    for (let at = 0; at < piece.length; ) {
      const copied = piece.copy(this.#filling, this.#used, at);
      at += copied;
      this.#used += copied;
      if (this.#used === chunkBytes) await this.flush();
    }
  }

  /** Hands on what is left. */
  async flush(): Promise<void> {
    const chunk = this.#filling.subarray(0, this.#used);
    this.#filling = Buffer.allocUnsafeSlow(chunkBytes);
    this.#used = 0;
    if (chunk.length > 0) await this.#take(chunk);
  }
}

/** Encodes a tar as it is written; answers its SHA-256. */
async function encodeTar(source: ImageLayer['write'], encoding: Encoding, file: HashedFile): Promise<string> {
  const tar = createHash('sha256');
  const waiting: Promise<Buffer>[] = [];
  let crc = 0;
  let size = 0;
  let before: Buffer | undefined;
  const writeNext = async (): Promise<void> => {
    const encoded = await waiting.shift();
    if (encoded !== undefined) await file.write(encoded);
  };
  await file.write(encoding.begin);
  const chunks = new Chunks(async (chunk) => {
    tar.update(chunk);
    crc = checksumOver(crc, chunk);
    size += chunk.length;
    const encoded = encoding.encode(chunk, before);
    // Where a layer turns out damaged, nobody waits for it any more.
    encoded.catch(() => undefined);
    waiting.push(encoded);
    before = chunk;
    if (waiting.length >= atOnce) await writeNext();
  });
  await source((piece) => chunks.write(piece));
  await chunks.flush();
  while (waiting.length > 0) await writeNext();
  await file.write(encoding.end({ crc, size }));
  return tar.digest('hex');
}

/** Writes the stored tar behind a frame of the folders that must stand before it. */
async function copyStored(layer: ImageLayer, stored: string, file: HashedFile): Promise<void> {
  await file.write(await zstd.encode(layer.folders, undefined));
  for await (const piece of createReadStream(stored, { highWaterMark: chunkBytes })) await file.write(piece);
}

/** The SHA-256 of a layer's tar. It is read for it: what the layer's reference says may be a hostile step's word. */
async function diffIdOf(layer: ImageLayer): Promise<string> {
  const tar = createHash('sha256');
  await layer.write(async (piece) => {
    tar.update(piece);
  });
  return tar.digest('hex');
}

async function hashedFile<Result>(
  place: string,
  fill: (file: HashedFile) => Promise<Result>,
): Promise<{ filled: Result; digest: string; size: number }> {
  const handle = await open(place, 'wx');
  try {
    const file = new HashedFile(handle);
    const filled = await fill(file);
    return { filled, digest: file.digest(), size: file.size };
  } finally {
    await handle.close();
  }
}

/**
 * Writes a tar into a new file, encoded.
 * @returns SHA-256 and size in bytes of the file
 */
export async function writeEncoded(
  source: ImageLayer['write'],
  encoding: Encoding,
  place: string,
): Promise<{ readonly digest: string; readonly size: number }> {
  const { digest, size } = await hashedFile(place, (file) => encodeTar(source, encoding, file));
  return { digest, size };
}

/**
 * Writes a layer into a folder, as a file that is called by its digest; what is stored as the image needs it is linked.
 * @throws LayerError where the stored layer is not what its index and its digest say
 */
export async function writeLayerBlob(layer: ImageLayer, encoding: Encoding, folder: string): Promise<LayerBlob> {
  const { step, stored, folders } = layer;
  const place = join(folder, `.${step}`);
  const finish = async (made: Omit<LayerBlob, 'step'>): Promise<LayerBlob> => {
    await rename(place, join(folder, made.digest));
    return { step, ...made };
  };
  if (encoding !== zstd || stored === undefined) {
    const { filled, ...made } = await hashedFile(place, (file) =>
      encodeTar((write) => layer.write(write), encoding, file),
    );
    return finish({ diffId: filled, ...made });
  }
  const diffId = await diffIdOf(layer);
  if (folders.length > 0) {
    const { digest, size } = await hashedFile(place, (file) => copyStored(layer, stored.file, file));
    return finish({ diffId, digest, size });
  }
  await symlink(stored.file, place);
  return finish({ diffId, digest: stored.sha256, size: (await stat(stored.file)).size });
}
