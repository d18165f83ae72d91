import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { Sha256 } from '../../../core/digest.ts';
import type { StoredLayer } from '../layers/unpack.ts';
import type { Store } from './store.ts';

/** Downloads at one time: enough to fill a task's link, few enough to write each in one go. */
const parallel = 4;

/**
 * The files of the base layers: found in `inputs` by digest where the machine that runs the task has put them
 * there, else downloaded. They are not verified yet: restoring does that.
 */
export async function fetchBaseLayers(
  layers: readonly StoredLayer['reference'][],
  folders: { readonly inputs: string; readonly blobs: string },
  store: Store,
): Promise<StoredLayer[]> {
  await mkdir(folders.blobs, { recursive: true });
  const missing: Sha256[] = [];
  const locate = (digest: Sha256): string => {
    const given = join(folders.inputs, digest);
    if (existsSync(given)) return given;
    if (!missing.includes(digest)) missing.push(digest);
    return join(folders.blobs, digest);
  };
  const stored = layers.map((reference) => ({
    reference,
    layerFile: locate(reference.digest),
    indexFile: locate(reference.index),
  }));
  const work = async () => {
    for (let digest = missing.pop(); digest !== undefined; digest = missing.pop()) {
      await store.fetchBlob(digest, join(folders.blobs, digest));
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
  return stored;
}
