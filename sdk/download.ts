import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { EngineUnreachable, reasonOf } from './engine-error.ts';
import type { Artifact } from './generated/types.gen.ts';

export interface DownloadedFile {
  readonly name: string;
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

/** What came is not what the build made: nothing was kept. */
export class ChecksumMismatch extends Error {
  constructor(name: string, expected: string, found: string) {
    super(`${name} has the SHA-256 ${found}, not ${expected}: it was damaged on the way and was not kept`);
    this.name = 'ChecksumMismatch';
  }
}

/**
 * Downloads to a temporary name in the same folder, verifies size and SHA-256, makes it durable, and renames.
 * @throws ChecksumMismatch, EngineUnreachable; Error where the name is no plain file name.
 */
export async function downloadFile(request: {
  readonly send: typeof fetch;
  readonly address: string;
  /** An artifact, or a file of evidence. */
  readonly file: Pick<Artifact, 'name' | 'size' | 'sha256'>;
  readonly folder: string;
}): Promise<DownloadedFile> {
  const { file, folder } = request;
  // The name comes from a server: it must not lead out of the folder.
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(file.name)) {
    throw new Error(`the name ${JSON.stringify(file.name)} is no file name`);
  }
  await mkdir(folder, { recursive: true });
  const target = path.join(folder, file.name);
  const partial = path.join(folder, `.${file.name}.${randomUUID()}.part`);
  try {
    const found = await writeTo(partial, request);
    if (found.sha256 !== file.sha256 || found.size !== file.size) {
      throw new ChecksumMismatch(file.name, file.sha256, found.sha256);
    }
    await rename(partial, target);
    return { name: file.name, path: target, ...found };
  } finally {
    await rm(partial, { force: true });
  }
}

async function writeTo(
  file: string,
  request: { readonly send: typeof fetch; readonly address: string },
): Promise<{ readonly size: number; readonly sha256: string }> {
  const { origin } = new URL(request.address);
  let response: Response;
  try {
    response = await request.send(request.address);
  } catch (error) {
    throw new EngineUnreachable(origin, reasonOf(error), error);
  }
  if (!response.ok || response.body === null) {
    throw new EngineUnreachable(origin, `the download was answered ${response.status}`);
  }
  const hash = createHash('sha256');
  let size = 0;
  const meter = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      hash.update(chunk);
      size += chunk.byteLength;
      done(null, chunk);
    },
  });
  await pipeline(Readable.fromWeb(response.body), meter, createWriteStream(file, { flags: 'wx', flush: true }));
  await syncFolder(path.dirname(file));
  return { size, sha256: hash.digest('hex') };
}

/** Makes the names in a folder durable. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
