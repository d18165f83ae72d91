import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { copyFile, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ProgramContext } from '../../contract.ts';
import type { AptSettings } from './apt-settings.ts';

/** A package file as the signed index describes it. */
export interface WantedPackage {
  /** The name that apt gives it in its archives folder. */
  readonly file: string;
  readonly sha256: string;
}

/** Reads what `apt-get --print-uris` says: `'URI' FILE SIZE SHA256:HEX`, one line a package to download. */
export function parsePrintedUris(text: string): WantedPackage[] {
  const wanted: WantedPackage[] = [];
  for (const line of text.split('\n')) {
    const found = /^'[^']+' ([A-Za-z0-9.+~%_:-]+\.deb) \d+ SHA256:([0-9a-f]{64})$/.exec(line.trim());
    if (found?.[1] !== undefined && found[2] !== undefined) wanted.push({ file: found[1], sha256: found[2] });
  }
  return wanted;
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/**
 * Puts the wanted packages that the cache holds into apt's archives folder. Each copy is hashed after it was made:
 * apt itself looks only at the size of a file it finds there. Copies, not links: what runs in the tree may write.
 */
export async function seedArchives(
  context: Pick<ProgramContext<unknown>, 'packageCache' | 'log'>,
  settings: AptSettings,
  wanted: readonly WantedPackage[],
): Promise<void> {
  await mkdir(join(settings.archives, 'partial'), { recursive: true });
  const { packageCache } = context;
  if (packageCache === undefined) return;
  let seeded = 0;
  for (const { file, sha256 } of wanted) {
    const copy = join(settings.archives, file);
    try {
      await copyFile(join(packageCache, `${sha256}.deb`), copy, constants.COPYFILE_FICLONE);
    } catch {
      continue;
    }
    if ((await sha256Of(copy)) === sha256) seeded += 1;
    else await rm(copy, { force: true });
  }
  context.log(`${wanted.length} packages to fetch, ${seeded} of them cached`);
}

/**
 * Saves the wanted packages from apt's archives folder into the cache, each only where its bytes are those that the
 * signed index names, then empties the folder. The rename makes a file appear whole or not at all.
 */
export async function saveArchives(
  context: Pick<ProgramContext<unknown>, 'packageCache'>,
  settings: AptSettings,
  wanted: readonly WantedPackage[],
): Promise<void> {
  const { packageCache } = context;
  if (packageCache !== undefined) {
    await mkdir(packageCache, { recursive: true });
    for (const { file, sha256 } of wanted) {
      const target = join(packageCache, `${sha256}.deb`);
      if (await isThere(target)) continue;
      const fresh = `${target}.${process.pid}`;
      try {
        await copyFile(join(settings.archives, file), fresh, constants.COPYFILE_FICLONE);
        if ((await sha256Of(fresh)) === sha256) await rename(fresh, target);
      } catch (error) {
        // A package that apt did not fetch after all is no fault; anything else is.
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
      } finally {
        await rm(fresh, { force: true });
      }
    }
  }
  for (const name of await readdir(settings.archives)) {
    if (name.endsWith('.deb')) await rm(join(settings.archives, name), { force: true });
  }
}

async function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
