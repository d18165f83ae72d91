import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream, openAsBlob } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Platform } from './platform.ts';
import { sendBlob } from './send-blob.ts';

/** Bytes of a file that are read at one time. */
const pieceBytes = 1 << 20;
/** An upload that moves no byte for so long has failed. */
const idleMilliseconds = 30_000;

/** Node, and what is like it. */
export const platform: Platform = {
  followsRedirects: false,

  createSha256() {
    const hash = createHash('sha256');
    return { update: (bytes) => void hash.update(bytes), hex: () => hash.digest('hex') };
  },

  async writeFile(folder, name, bytes) {
    await mkdir(folder, { recursive: true });
    const target = path.join(folder, name);
    const partial = path.join(folder, `.${name}.${randomUUID()}.part`);
    try {
      await pipeline(bytes, createWriteStream(partial, { flags: 'wx', flush: true }));
      await rename(partial, target);
      await syncFolder(folder);
      return target;
    } finally {
      await rm(partial, { force: true });
    }
  },

  async describeSource(source, signal) {
    if (typeof source === 'string' && !(await stat(source)).isFile()) throw new Error(`${source} is no file`);
    const hash = createHash('sha256');
    let size = 0;
    for await (const piece of read(source)) {
      signal?.throwIfAborted();
      const bytes = piece as Uint8Array;
      hash.update(bytes);
      size += bytes.byteLength;
    }
    return { sha256: hash.digest('hex'), size };
  },

  nameOfSource: (source) => (typeof source === 'string' ? path.basename(source) : nameOfBlob(source)),

  /** Not by fetch, which holds much of a large file in memory, unless the caller gave one: to reach the store by it. */
  async sendSource(put, source, { signal, send }) {
    if (send !== undefined) {
      const blob = typeof source === 'string' ? await openAsBlob(source) : source;
      return await sendBlob(put, blob, { signal, send });
    }
    const start = new URL(put.url).protocol === 'https:' ? httpsRequest : httpRequest;
    const outgoing = start(put.url, {
      ...{ method: put.method, headers: put.headers, timeout: idleMilliseconds },
      ...(signal === undefined ? {} : { signal }),
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('the store does not answer')));
    const answer = new Promise<number>((resolve, reject) => {
      outgoing.once('error', reject);
      outgoing.once('response', (response) => {
        response.resume();
        response.once('end', () => resolve(response.statusCode ?? 0));
        response.once('error', reject);
      });
    });
    answer.catch(() => undefined);
    // Where the store refuses early it closes the connection, and its answer says more than the broken pipe.
    await Promise.race([pipeline(read(source), outgoing).catch(() => undefined), answer]);
    return answer;
  },
};

function read(source: string | Blob): Readable {
  return typeof source === 'string'
    ? createReadStream(source, { highWaterMark: pieceBytes })
    : Readable.from(source.stream(), { objectMode: false });
}

function nameOfBlob(source: Blob): string | undefined {
  return 'name' in source && typeof source.name === 'string' ? source.name : undefined;
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
