import { listTreeFolder, readTreeFile, type TreeAccess } from '../tree/tree-file.ts';

/** Where the commands and settings of initramfs-tools(7) stand that decide what is copied. */
const hookFolders = ['/usr/share/initramfs-tools/hooks', '/etc/initramfs-tools/hooks', '/etc/initramfs-tools/conf.d'];
const hookFiles = [
  '/usr/sbin/mkinitramfs',
  '/usr/share/initramfs-tools/hook-functions',
  '/etc/initramfs-tools/initramfs.conf',
  '/etc/initramfs-tools/modules',
];

/**
 * Patterns of the shell that begin at the root. What stands behind a variable, quoted or not (`"${DESTDIR}/bin/"*`), is a
 * place in the making.
 */
const patterns = /(?<![\w}.*\])])(?<![\w}]["'])\/(?:[A-Za-z0-9._+@-]+\/)+[^\s;()]*\*[^\s;()]*/g;

/** Words of shell that are no file's name, however often they stand in a hook. */
const shortest = 2;

/**
 * What the hooks may look for: each word of their texts, since a hook copies a program or library that it names where
 * that is there; each folder that a pattern names (`/usr/lib/x/*`); each path below /etc. Relative to the root.
 */
export async function hookInputs(access: TreeAccess): Promise<{ names: string[]; folders: string[] }> {
  const names = new Set<string>();
  const folders = new Set<string>();
  const paths = [...hookFiles];
  for (const folder of hookFolders) {
    for (const name of await listTreeFolder(access, folder)) paths.push(`${folder}/${name}`);
  }
  for (const path of paths.sort()) {
    const file = await readTreeFile(access, path);
    if (file === undefined) continue;
    const text = file.text.replace(/^\s*#.*$/gm, '');
    for (const [word] of text.matchAll(/[A-Za-z0-9._+@-]+/g))
      if (word.length >= shortest) names.add(word.slice(0, 255));
    for (const match of text.matchAll(/\/(etc\/[A-Za-z0-9._+@/-]+)/g)) {
      folders.add((match[1] ?? '').replace(/\/+$/, '').slice(0, 4_096));
    }
    for (const [pattern] of text.matchAll(patterns)) {
      for (const place of placesOf(pattern.slice(1))) folders.add(place.slice(0, 4_096));
    }
  }
  return { names: [...names].sort(), folders: [...folders].sort() };
}

/**
 * Where the files of a pattern can be: the pattern, or where it holds more than wildcards (a variable) the folder up to
 * there. On a merged system /lib is a link to /usr/lib.
 */
function placesOf(pattern: string): string[] {
  const plain = /^[A-Za-z0-9._+@*?/-]+$/.test(pattern);
  const folder = /^(?:[A-Za-z0-9._+@-]+\/)+/.exec(pattern)?.[0].replace(/\/$/, '') ?? '';
  const place = plain ? pattern : folder;
  // Whole folders of the root stand in `case` only: they ask what a path is, and read nothing.
  if (!place.includes('/') || /^[^/]+\/\*$/.test(place)) return [];
  return /^(?:bin|sbin|lib\w*)\//.test(place) ? [place, `usr/${place}`] : [place];
}
