import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { benchPackages } from '../../scripts/setup/system-packages.mjs';
import { type ArchiveAddresses, archiveSuites } from './reference.ts';

/** The release of the peers' tools: the one of the reference image, so that their versions are the same everywhere. */
const release = 'bookworm';

/**
 * The folder with the peers' tools, a Debian system, made unless it is there. It is named after its packages, so that a
 * changed list makes a new one. Nothing is installed on the machine itself.
 * @param cache folder that outlives runs
 * @throws Error where mmdebstrap fails; its own words are on standard error
 */
export function ensurePeersRoot(cache: string, archives: ArchiveAddresses, log: (line: string) => void): string {
  const names = benchPackages.map(({ name }) => name).sort();
  const id = createHash('sha256')
    .update(`${release} ${names.join(' ')}`)
    .digest('hex')
    .slice(0, 16);
  const directory = join(cache, 'peers-root', id);
  if (existsSync(directory)) return directory;
  log(`making the root with the peers' tools (${names.length} packages and what they need; once)`);
  const part = `${directory}.part`;
  rmSync(part, { recursive: true, force: true });
  mkdirSync(dirname(directory), { recursive: true });
  const { status } = spawnSync(
    'mmdebstrap',
    [
      ...['--mode=root', '--variant=minbase', '--format=directory', '--quiet', `--include=${names.join(',')}`],
      ...['--aptopt=Acquire::Languages "none"', '--dpkgopt=force-unsafe-io'],
      ...['--dpkgopt=path-exclude=/usr/share/doc/*', '--dpkgopt=path-exclude=/usr/share/man/*'],
      ...[release, part, ...archiveSuites(archives)],
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  if (status !== 0) throw new Error(`mmdebstrap failed with exit code ${status}: there is no root for the peers`);
  renameSync(part, directory);
  return directory;
}
