import { constants } from 'node:fs';
import { copyFile, link, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { packageQuestionLimit } from '../../../core/builds/package-cache.ts';
import type { Sha256 } from '../../../core/digest.ts';
import { digestFile } from '../layers/file-digest.ts';
import { type Exchange, ExchangeError } from './exchange-client.ts';
import { download, TransferError, upload } from './transfer.ts';

/** Where files of the archive are kept between builds. What it gives is verified by whoever takes it. */
export interface PackageCache {
  /** Makes ready to give these. */
  expect(digests: readonly Sha256[]): Promise<void>;
  /** Copies a file to its place; false where the cache has none. */
  copy(sha256: Sha256, place: string): Promise<boolean>;
  /** Keeps a file. That it cannot is no failure: the next build fetches it again. */
  keep(sha256: Sha256, place: string): Promise<void>;
  /** Resolves when all that was to be kept is, or after so long. */
  settle(milliseconds: number): Promise<void>;
}

/** No cache at all. */
export const noCache: PackageCache = {
  expect: async () => {},
  copy: async () => false,
  keep: async () => {},
  settle: async () => {},
};

/**
 * A folder that all service stages of one machine share, each file named by its digest. Files are copied, not linked:
 * what runs in a tree may write to them. A copy that shares its blocks is used where the file system has that.
 */
export function folderCache(folder: string): PackageCache {
  let made: Promise<unknown> | undefined;
  // Two suites may have one index, such as an empty one, and both are kept at once.
  let kept = 0;
  return {
    ...noCache,
    async copy(sha256, place) {
      return copyFile(join(folder, sha256), place, constants.COPYFILE_FICLONE).then(
        () => true,
        () => false,
      );
    },
    async keep(sha256, place) {
      made ??= mkdir(folder, { recursive: true });
      await made;
      // Whole or not at all, and in the place of one that was found altered.
      const fresh = join(folder, `${sha256}.${process.pid}.${kept++}.part`);
      try {
        await copyFile(place, fresh, constants.COPYFILE_FICLONE);
        await rename(fresh, join(folder, sha256));
      } finally {
        await rm(fresh, { force: true });
      }
    },
  };
}

export interface ExchangeCacheOptions {
  readonly exchange: Exchange;
  /** A folder of the stage's own: what waits to go up. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** Uploads at one time. */
const parallelUploads = 4;

/**
 * The packages of the work bucket, through the exchange: what is there is downloaded by its digest; what is new goes up
 * beside the steps.
 */
export function exchangeCache(options: ExchangeCacheOptions): PackageCache {
  const { exchange, folder, signal } = options;
  const known = new Map<Sha256, Parameters<typeof download>[0]>();
  const waiting: { sha256: Sha256; file: string }[] = [];
  const workers = new Set<Promise<void>>();
  /** What waits or is being sent: two suites may have one index, and both are kept at once. */
  const going = new Set<Sha256>();
  let full = false;

  const ask = async (digests: readonly Sha256[]) => {
    const unknown = digests.filter((digest) => !known.has(digest));
    for (let start = 0; start < unknown.length; start += packageQuestionLimit) {
      const question = { kind: 'packages' as const, digests: unknown.slice(start, start + packageQuestionLimit) };
      const { requests } = await exchange.ask(question, 'packages');
      for (const [digest, request] of Object.entries(requests)) known.set(digest, request);
    }
  };

  const send = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { sha256, file } = next;
      try {
        const { size } = await digestFile(file);
        const { request } = await exchange.ask({ kind: 'declare-package', sha256, size }, 'upload');
        await upload(request, { file, size }, signal);
      } catch (error) {
        // The attempt has kept as much as one may, or the store is away: the rest is fetched anew another time.
        if (error instanceof ExchangeError) full = true;
        else if (!(error instanceof TransferError)) throw error;
      } finally {
        await rm(file, { force: true });
        going.delete(sha256);
      }
    }
  };

  return {
    expect: ask,
    async copy(sha256, place) {
      await ask([sha256]);
      const request = known.get(sha256);
      if (request === undefined) return false;
      try {
        await download(request, place, signal);
        return true;
      } catch (error) {
        // S3 says 403 of what is not there to those who may not list; either way the archive has it.
        if (error instanceof TransferError) return false;
        throw error;
      }
    },
    async keep(sha256, place) {
      if (full || going.has(sha256)) return;
      going.add(sha256);
      await mkdir(folder, { recursive: true });
      const file = join(folder, sha256);
      // The file at its place goes when its step ends. What runs in the tree may write to a link: the store would
      // refuse it then, by its checksum.
      await link(place, file).catch(() => copyFile(place, file, constants.COPYFILE_FICLONE));
      waiting.push({ sha256, file });
      if (workers.size >= parallelUploads) return;
      const worker = send()
        .catch(() => undefined)
        .finally(() => workers.delete(worker));
      workers.add(worker);
    },
    async settle(milliseconds) {
      const timeout = Promise.withResolvers<void>();
      const timer = setTimeout(timeout.resolve, milliseconds);
      await Promise.race([Promise.all(workers), timeout.promise]);
      clearTimeout(timer);
      waiting.length = 0;
    },
  };
}
