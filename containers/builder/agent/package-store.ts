import { rm } from 'node:fs/promises';
import type { Sha256 } from '../../../core/digest.ts';
import type { ArchiveFile, ArchiveFiles } from '../contract.ts';
import { digestFile } from '../layers/file-digest.ts';
import { StepError } from '../step-error.ts';
import { type DownloadOptions, downloadFile, goneFiles, readAddress } from './archive-download.ts';
import type { PackageCache } from './package-cache.ts';

/** Files that are copied or downloaded at one time: enough to fill a task's link from a far archive. */
const parallel = 8;

export interface PackageStoreOptions extends DownloadOptions {
  readonly cache: PackageCache;
  /** False: the stage reads the cache by digest and never writes it. */
  readonly keeps: boolean;
  readonly now: () => Date;
}

/** Does something with each, some at one time; the first failure ends it. */
async function forEach<Item>(items: readonly Item[], action: (item: Item) => Promise<void>): Promise<void> {
  const left = [...items];
  const work = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await action(item);
  };
  try {
    await Promise.all(Array.from({ length: parallel }, work));
  } finally {
    left.length = 0;
  }
}

/**
 * The archive's files for a stage: the cache first, then the archive itself. Nothing is handed out whose digest is
 * not the one that was asked for, wherever it came from, and nothing else is kept.
 */
export function openPackageStore(options: PackageStoreOptions): ArchiveFiles {
  const { cache, keeps } = options;

  const take = async (sha256: Sha256, place: string): Promise<boolean> => {
    if (!(await cache.copy(sha256, place))) return false;
    if ((await digestFile(place)).sha256 === sha256) return true;
    await rm(place, { force: true });
    return false;
  };
  const keep = async (sha256: Sha256, place: string): Promise<void> => {
    if (keeps) await cache.keep(sha256, place);
  };

  return {
    take,
    keep,
    async fetch(files, { keep: mayKeep = true, onProgress } = {}) {
      const all = files.reduce((sum, { size }) => sum + size, 0);
      let done = 0;
      const progress = (count: number) => {
        done += count;
        onProgress?.(all === 0 ? 1 : Math.min(1, done / all));
      };
      let cached = 0;
      const gone: string[] = [];
      await cache.expect(files.map(({ sha256 }) => sha256));
      const get = async (file: ArchiveFile) => {
        if (await take(file.sha256, file.place)) {
          cached += 1;
          progress(file.size);
          return;
        }
        try {
          await downloadFile(file, { ...options, onBytes: progress });
        } catch (error) {
          // All that is gone is told at once: whoever mends it needs the whole list.
          if (!(error instanceof StepError) || error.code !== 'archive.gone') throw error;
          gone.push(file.address);
          return;
        }
        if (mayKeep) await keep(file.sha256, file.place);
      };
      await forEach(files, get);
      if (gone.length > 0) throw goneFiles(gone);
      return { cached };
    },
    read: (address, mostBytes) => readAddress(address, mostBytes, options),
    now: options.now,
  };
}
