import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sha256 } from '../../../core/digest.ts';
import type { BlobSource } from '../layers/shelf.ts';
import type { Store } from './store.ts';

/** Downloads at one time: enough to fill a task's link, few enough to write each in one go. */
const parallel = 4;

/**
 * Blobs as files: found in `inputs` by digest where the machine that runs the task has put them there, else
 * downloaded, each once. They are not verified: who reads one checks its digest.
 */
export function openBlobFiles(folders: { readonly inputs: string; readonly blobs: string }, store: Store): BlobSource {
  const files = new Map<Sha256, Promise<string>>();
  const waiting: (() => void)[] = [];
  let running = 0;
  const download = async (digest: Sha256): Promise<string> => {
    if (running >= parallel) await new Promise<void>((resolve) => waiting.push(resolve));
    running += 1;
    try {
      await mkdir(folders.blobs, { recursive: true });
      const file = join(folders.blobs, digest);
      await store.fetchBlob(digest, file);
      return file;
    } finally {
      running -= 1;
      waiting.shift()?.();
    }
  };
  return (digest) => {
    const given = join(folders.inputs, digest);
    if (existsSync(given)) return Promise.resolve(given);
    const known = files.get(digest) ?? download(digest);
    files.set(digest, known);
    return known;
  };
}
