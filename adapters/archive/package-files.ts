import { packagePlace } from '../../core/builds/package-cache.ts';
import type { Sha256 } from '../../core/digest.ts';
import type { Blobs } from '../../core/ports/blobs.ts';
import type { PackageFile, PackageFiles } from '../../core/ports/package-files.ts';
import type { WebProxy } from '../../core/wiring/proxy.ts';
import { snapshotBase } from '../../core/wiring/snapshot-template.ts';
import { createTrustedFetch } from '../network/trusted-fetch.ts';
import type { WebFetch } from '../network/web-fetch.ts';
import type { HttpArchiveOptions } from './http-archive.ts';

/** Questions at one time, of store and archive: a lock of 400 packages is asked for in a second or two. */
const parallel = 16;
/** An archive that needs longer is down: the builder will say so. */
const timeoutMilliseconds = 10_000;

export interface PackageFilesOptions {
  readonly blobs: Pick<Blobs, 'head'>;
  /** Of each distribution's archives, which the operator has set: nothing else is asked. */
  readonly addresses: HttpArchiveOptions['addresses'];
  /** Address of the archive of snapshots, with its places. */
  readonly snapshot?: string | undefined;
  /** Whether a folder that stages without tenant code share has a file; none unless given. */
  readonly inFolder?: (sha256: Sha256) => Promise<boolean>;
  readonly fetch?: WebFetch;
  /** Through which archives are asked; none unless given. */
  readonly proxy?: WebProxy | undefined;
}

/** Asks the package cache for each file, and for what it has not the archive, by HEAD. */
export function createPackageFiles(options: PackageFilesOptions): PackageFiles {
  const { blobs, inFolder, fetch = createTrustedFetch(options.proxy) } = options;
  const snapshots = options.snapshot === undefined ? [] : [snapshotBase(options.snapshot)];
  const archives = Object.values(options.addresses)
    .flatMap(({ archive, security }) => [archive, security])
    .filter((address) => address !== undefined);
  const bases = [...archives, ...snapshots].map((address) => new URL(`${address.replace(/\/+$/, '')}/`).href);

  async function isGone({ sha256, address }: PackageFile, reader: 'service' | 'tenant'): Promise<boolean> {
    if (reader === 'service' && (await inFolder?.(sha256)) === true) return false;
    if ((await blobs.head(packagePlace(sha256))) !== undefined) return false;
    const { href } = new URL(address);
    if (!bases.some((base) => href.startsWith(base))) return false;
    try {
      const response = await fetch(href, { method: 'HEAD', signal: AbortSignal.timeout(timeoutMilliseconds) });
      await response.body?.cancel();
      return response.status === 404 || response.status === 410;
    } catch {
      return false;
    }
  }

  return {
    async gone(files, reader) {
      const gone: Sha256[] = [];
      const left = [...files];
      const work = async () => {
        for (let file = left.shift(); file !== undefined; file = left.shift()) {
          if (await isGone(file, reader)) gone.push(file.sha256);
        }
      };
      await Promise.all(Array.from({ length: parallel }, work));
      return gone;
    },
  };
}
