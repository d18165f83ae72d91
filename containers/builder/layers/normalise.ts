import { chmodSync, chownSync, lstatSync, readdirSync, truncateSync, unlinkSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { runTool } from './tool.ts';

/** Folders whose content is the machine's, not the image's: everything in them goes. */
const emptied = ['tmp', 'var/tmp', 'run', 'dev/shm', 'dev/mqueue', 'var/lib/apt/lists', 'var/log/journal'];
/** Caches that are made anew when needed: their files go, their folders (which have owners and modes) stay. */
const cacheFolders = ['var/cache/apt', 'var/cache/man'];
/** Logs: emptied, since packages give them owners and modes that their daemons rely on. */
const logFolder = 'var/log';
/** Single files that differ by run: identities, seeds, caches, keys made by maintainer scripts, the tools' backups. */
const removed: readonly { readonly folder: string; readonly name: RegExp }[] = [
  { folder: 'etc/ssh', name: /^ssh_host_/ },
  { folder: 'etc', name: /-$/ },
  { folder: 'etc/ssl/private', name: /^ssl-cert-snakeoil\.key$/ },
  { folder: 'etc/ssl/certs', name: /^ssl-cert-snakeoil\.pem$/ },
  { folder: 'var/cache/ldconfig', name: /^aux-cache$/ },
  { folder: 'var/cache/debconf', name: /-old$/ },
  { folder: 'var/lib/dpkg', name: /-old$/ },
  { folder: 'var/lib/dbus', name: /^machine-id$/ },
  { folder: 'var/lib/systemd', name: /^(random-seed|credential\.secret)$/ },
  { folder: 'var/lib/urandom', name: /^random-seed$/ },
];

/** The absolute path where every part below `tree` is a real folder; undefined where one is missing or a symlink. */
function realFolder(tree: string, path: string): string | undefined {
  let folder = tree;
  for (const part of path.split('/')) {
    folder = join(folder, part);
    if (!lstatSync(folder, { throwIfNoEntry: false })?.isDirectory()) return undefined;
  }
  return folder;
}

function removeMatching(tree: string): void {
  for (const { folder, name } of removed) {
    const place = realFolder(tree, folder);
    if (place === undefined) continue;
    for (const entry of readdirSync(place, { withFileTypes: true })) {
      if (entry.isFile() && name.test(entry.name)) unlinkSync(join(place, entry.name));
    }
  }
}

/** An empty machine-id is "uninitialized" to systemd: the first boot makes one. */
function emptyMachineId(tree: string): void {
  const etc = realFolder(tree, 'etc');
  if (etc === undefined) return;
  const file = join(etc, 'machine-id');
  const stat = lstatSync(file, { throwIfNoEntry: false });
  if (stat?.isFile() && stat.size > 0) truncateSync(file, 0);
}

/**
 * Takes out of a tree what differs by run or machine, so that no layer ever holds it: host keys, machine id, seeds,
 * logs, caches, backups, temporary files. Everything is done as data on fixed paths whose parts are real
 * folders: a symlink in the tree is never followed. The tree must be still: no process of the step lives any more.
 *
 * @param tree absolute path of the tree's root
 * @param sourceDateEpoch time of the root folder itself, in seconds
 */
export async function normaliseTree(tree: string, sourceDateEpoch: number): Promise<void> {
  removeMatching(tree);
  emptyMachineId(tree);
  const find = async (paths: readonly string[], ...action: readonly string[]) => {
    const folders = paths.map((path) => realFolder(tree, path)).filter((place) => place !== undefined);
    if (folders.length > 0) await runTool(['find', '-P', ...folders, '-mindepth', '1', ...action]);
  };
  const emptyLogs = ['-type', 'f', '-size', '+0', '-exec', 'truncate', '-s', '0', '--', '{}', '+'];
  await Promise.all([
    // One after the other: the journal lies among the logs.
    find(emptied, '-delete').then(() => find([logFolder], ...emptyLogs)),
    find(cacheFolders, '!', '-type', 'd', '-delete'),
  ]);
  chownSync(tree, 0, 0);
  chmodSync(tree, 0o755);
  utimesSync(tree, sourceDateEpoch, sourceDateEpoch);
}
