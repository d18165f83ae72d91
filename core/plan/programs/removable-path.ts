/** Folders that an image is made of: they stay, and so does what is above them; what is in them may go. */
const kept = [
  ...['/etc', '/etc/apt', '/etc/pam.d', '/etc/systemd', '/etc/systemd/system', '/home', '/root', '/tmp'],
  ...['/usr', '/usr/bin', '/usr/lib', '/usr/lib32', '/usr/lib64', '/usr/libexec', '/usr/sbin', '/usr/share'],
  ...['/var', '/var/cache', '/var/lib', '/var/lib/apt', '/var/log', '/var/tmp'],
];

/** Paths that stay with all that is in them, each with the reason. */
const needed: readonly (readonly [reason: string, paths: readonly string[]])[] = [
  [
    'a system boots from it',
    [
      ...[
        '/boot',
        '/initrd.img',
        '/vmlinuz',
        '/usr/lib/modules',
        '/usr/lib/systemd',
        '/usr/lib/udev',
        '/usr/sbin/init',
      ],
      ...['/etc/initramfs-tools', '/usr/lib/initramfs-tools', '/usr/lib/live', '/usr/share/initramfs-tools'],
      ...['/usr/bin/kmod', '/usr/bin/mount', '/usr/bin/systemctl', '/usr/bin/udevadm', '/usr/sbin/modprobe'],
    ],
  ],
  ['it says what is installed', ['/var/lib/dpkg', '/usr/bin/dpkg', '/usr/bin/dpkg-deb', '/usr/share/dpkg']],
  ['all programs and scripts need it', ['/usr/bin/sh', '/usr/bin/dash', '/usr/bin/env']],
  [
    'the engine makes it',
    [
      ...['/etc/passwd', '/etc/shadow', '/etc/group', '/etc/gshadow', '/etc/fstab', '/etc/machine-id'],
      ...['/usr/lib/lbuild', '/var/lib/lbuild'],
    ],
  ],
  ['the running system makes it', ['/dev', '/proc', '/run', '/sys']],
];

/** The dynamic loader and the C library, and the folder of libraries of an architecture. */
const loader =
  /^\/usr\/lib(?:32|64|x32)?\/(?:[a-z0-9_]+-linux-gnu[a-z0-9]*\/)?(?:ld-[^/]*|ld64[^/]*|libc\.so\.6|libc-[^/]*)$/;
const libraries = /^\/usr\/lib\/[a-z0-9_]+-linux-gnu[a-z0-9]*$/;

const isWithin = (path: string, folder: string) => path === folder || path.startsWith(`${folder}/`);

/**
 * Why a path of an image cannot be removed, as the end of a sentence; undefined where it can.
 * @param path absolute, in its normal form. `/bin`, `/lib` and `/sbin` are taken for the folders of the same names below /usr, as they are.
 */
export function removalRefusal(path: string): string | undefined {
  const merged = path.replace(/^\/(bin|sbin|lib(?:32|64|x32)?)(?=\/|$)/, '/usr/$1');
  for (const [reason, paths] of needed) {
    if (paths.some((one) => isWithin(merged, one) || isWithin(one, merged))) return reason;
  }
  if (loader.test(merged)) return 'all programs and scripts need it';
  if (libraries.test(merged) || kept.some((one) => isWithin(one, merged))) return 'an image is made of it';
  return undefined;
}
