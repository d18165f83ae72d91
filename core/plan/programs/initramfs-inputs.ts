/**
 * Folders whose files an initial RAM file system is made of or configured by, relative to the root: what
 * mkinitramfs(8), its hooks in Debian 12 and 13 and the packages that add hooks read by pattern rather than by name.
 */
const inputFolders = [
  'boot',
  'etc/cryptsetup-initramfs',
  'etc/initramfs-tools',
  'etc/iscsi',
  'etc/ld.so.conf.d',
  'etc/live',
  'etc/lvm',
  'etc/mdadm',
  'etc/modprobe.d',
  'etc/modules-load.d',
  'etc/multipath',
  'etc/systemd/network',
  'etc/udev',
  'lib/firmware',
  'lib/live',
  'lib/modprobe.d',
  'lib/modules',
  'lib/systemd/network',
  'lib/udev',
  'usr/lib/firmware',
  'usr/lib/live',
  'usr/lib/modprobe.d',
  'usr/lib/modules',
  'usr/lib/systemd/network',
  'usr/lib/udev',
  'usr/local/lib',
  'usr/share/initramfs-tools',
] as const;

/** Single files that are read by name whatever the hooks say. */
const inputFiles = new Set([
  'etc/crypttab',
  'etc/fstab',
  'etc/ld.so.conf',
  'etc/modules',
  'etc/nsswitch.conf',
  'init',
  'sbin/init',
]);

/** Folders in which no file stands that a hook would look for by its name alone: no programs, no libraries. */
const dataFolders = ['etc', 'home', 'media', 'mnt', 'opt', 'root', 'srv', 'tmp', 'usr/share', 'var'] as const;

/** What an initial RAM file system was made of beside the fixed folders; paths are relative to the root. */
export interface InitramfsInputs {
  /** Files that it holds a copy of. */
  readonly paths: readonly string[];
  /** Words of the hooks, each of which may look for a file of that name. */
  readonly names: readonly string[];
  /** Patterns and folders that the hooks read, and what they name below /etc. `*` and `?` match within one name. */
  readonly folders: readonly string[];
}

function isBelow(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => path === folder || path.startsWith(`${folder}/`));
}

/** What a pattern of the shell matches, and all that is below: a hook may copy a folder. */
function patternForm(pattern: string): RegExp {
  const parts = pattern.split(/([*?])/).map((part) => {
    if (part === '*') return '[^/]*';
    return part === '?' ? '[^/]' : part.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${parts.join('')}(?:/.*)?$`);
}

/**
 * Tells whether an initial RAM file system may come out otherwise when the path is made, changed or deleted.
 * @returns a function of a path relative to the root, of anything but a folder
 */
export function changesInitramfs(inputs: InitramfsInputs): (path: string) => boolean {
  const names = new Set(inputs.names);
  const paths = new Set(inputs.paths);
  const isPattern = (folder: string) => /[*?]/.test(folder);
  const folders = [...inputFolders, ...inputs.folders.filter((folder) => !isPattern(folder))];
  const patterns = inputs.folders.filter(isPattern).map(patternForm);
  return (path) => {
    if (paths.has(path) || inputFiles.has(path) || isBelow(path, folders)) return true;
    if (patterns.some((form) => form.test(path))) return true;
    return names.has(path.slice(path.lastIndexOf('/') + 1)) && !isBelow(path, dataFolders);
  };
}

/**
 * Whether a file that a spec writes may change it, as far as can be told before a tree is there.
 * @param path absolute, as in the spec
 */
export function mayChangeInitramfs(path: string): boolean {
  const relative = path.slice(1);
  if (inputFiles.has(relative) || isBelow(relative, inputFolders)) return true;
  return !isBelow(relative, dataFolders);
}

/**
 * Tells whether the deletion of a folder takes something away that an initial RAM file system was made of.
 * @returns a function of a path relative to the root
 */
export function deletesInputs(inputs: InitramfsInputs): (path: string) => boolean {
  const read = [...inputFolders, ...inputFiles, ...inputs.paths, ...inputs.folders];
  return (path) => read.some((one) => one.startsWith(`${path}/`));
}

/**
 * Whether a path that a spec removes may change it, as far as can be told before a tree is there.
 * @param path absolute, as in the spec
 */
export function removalMayChangeInitramfs(path: string): boolean {
  return mayChangeInitramfs(path) || [...inputFolders, ...inputFiles].some((one) => `/${one}`.startsWith(`${path}/`));
}

/**
 * Packages that bring hooks of their own or what Debian's hooks look for. Where a spec installs one, an initial RAM file
 * system made before would be made again for certain.
 */
const hookPackages = new Set([
  'btrfs-progs',
  'busybox',
  'busybox-static',
  'clevis-initramfs',
  'cloud-initramfs-growroot',
  'cloud-initramfs-rescuevol',
  'console-setup',
  'cryptsetup-initramfs',
  'dropbear-initramfs',
  'intel-microcode',
  'amd64-microcode',
  'keyboard-configuration',
  'live-boot',
  'live-config',
  'lvm2',
  'mdadm',
  'multipath-tools-boot',
  'nfs-common',
  'open-iscsi',
  'overlayroot',
  'plymouth',
  'thin-provisioning-tools',
  'zfs-initramfs',
]);

/** Whether the package changes what an initial RAM file system is made of. */
export function bringsHooks(packageName: string): boolean {
  return hookPackages.has(packageName) || packageName.startsWith('firmware-') || /-initramfs(?:-|$)/.test(packageName);
}
