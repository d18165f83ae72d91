import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProgramContext } from '../../contract.ts';
import type { TreeAccess } from '../tree/tree-file.ts';
import { type AptSettings, archivesPath } from './apt-settings.ts';

/** A package file as the signed index describes it. */
export interface WantedPackage {
  /** The name that apt gives it in its archives folder. */
  readonly file: string;
  readonly address: string;
  readonly size: number;
  readonly sha256: string;
}

/** Reads what `apt-get --print-uris` says: `'URI' FILE SIZE SHA256:HEX`, one line a package to download. */
export function parsePrintedUris(text: string): WantedPackage[] {
  const wanted: WantedPackage[] = [];
  for (const line of text.split('\n')) {
    const found = /^'([^']+)' ([A-Za-z0-9.+~%_:-]+\.deb) (\d{1,15}) SHA256:([0-9a-f]{64})$/.exec(line.trim());
    const [, address, file, size, sha256] = found ?? [];
    if (address === undefined || file === undefined || size === undefined || sha256 === undefined) continue;
    wanted.push({ file, address, size: Number(size), sha256 });
  }
  return wanted;
}

/**
 * Puts the wanted packages into apt's archives folder, where apt looks only at the size of what it finds: each has been
 * verified against the digest that the signed index names.
 * @param onProgress told of the part that is there
 */
export async function fillArchives(
  context: Pick<ProgramContext<unknown>, 'archiveFiles' | 'log'>,
  settings: AptSettings,
  wanted: readonly WantedPackage[],
  onProgress: (fraction: number) => void,
): Promise<void> {
  await mkdir(join(settings.archives, 'partial'), { recursive: true });
  const files = wanted.map(({ file, ...known }) => ({ ...known, place: join(settings.archives, file) }));
  const { cached } = await context.archiveFiles.fetch(files, { onProgress });
  context.log(`${wanted.length} packages, ${cached} of them cached`);
}

/** Empties apt's archives folder again, wherever in the tree a maintainer script has put it meanwhile. */
export async function clearArchives(access: TreeAccess): Promise<void> {
  const folder = await access.resolveInTree(archivesPath);
  for (const name of await readdir(folder)) {
    if (name.endsWith('.deb')) await rm(join(folder, name), { force: true });
  }
}
