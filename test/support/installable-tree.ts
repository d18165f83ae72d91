import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What dpkg looks for in its PATH before it does anything, and what it runs. */
const commands = ['dpkg', 'dpkg-deb', 'dpkg-split', 'tar', 'sh', 'env', 'rm', 'ldconfig', 'start-stop-daemon', 'diff'];

/**
 * Makes a tree in which dpkg installs packages: a dozen of the machine's own commands and their libraries.
 * @param more other commands that shall be there
 */
export function makeInstallableTree(tree: string, more: readonly string[] = []): void {
  for (const folder of ['usr/bin', 'usr/sbin', 'usr/lib', 'usr/lib64', 'etc', 'dev', 'tmp']) {
    mkdirSync(join(tree, folder), { recursive: true });
  }
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, join(tree, name));
  const copy = (path: string) => {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    execFileSync('cp', ['-L', '--preserve=mode', path, join(tree, path)]);
  };
  for (const name of [...commands, ...more]) {
    const path = spawnSync('sh', ['-c', `command -v ${name}`])
      .stdout.toString('utf8')
      .trim();
    if (path === '') throw new Error(`this machine has no ${name}`);
    copy(path);
    const libraries = spawnSync('ldd', [path]).stdout.toString('utf8');
    for (const match of libraries.matchAll(/(\/\S+\.so[.0-9]*)/g)) copy(match[1] ?? '');
  }
  for (const folder of ['var/lib/dpkg/info', 'var/lib/dpkg/updates', 'var/lib/dpkg/triggers', 'var/log']) {
    mkdirSync(join(tree, folder), { recursive: true });
  }
  for (const file of ['status', 'available']) writeFileSync(join(tree, 'var/lib/dpkg', file), '');
}
