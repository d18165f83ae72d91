import { kernelArguments, quoted, serialTerminal } from '../boot/grub-configuration.ts';

/**
 * Modules built into GRUB, so that the disk holds no module files: file systems, the menu's commands, `regexp` for the
 * `*` in it.
 */
const commonModules = [
  'part_gpt',
  'ext2',
  'fat',
  'search',
  'search_fs_uuid',
  'configfile',
  'normal',
  'linux',
  'serial',
  'terminal',
  'echo',
  'test',
  'regexp',
  'all_video',
  'gzio',
] as const;
export const biosDiskModules = ['biosdisk', ...commonModules] as const;
export const efiDiskModules = ['efi_gop', ...commonModules] as const;

/**
 * grub.cfg of a disk. It names no kernel: at each boot it takes the newest of /boot that has an initial RAM file
 * system, numbers compared as numbers (`-pgt` and `-plt` of GRUB's test), so that a kernel that the running system installs or
 * removes is seen without a change here, and one whose installation was cut short is passed over. The others stand in
 * a submenu. Where /boot has none, the links that kernel packages make in / are tried.
 */
export function bootMenu(title: string, rootUuid: string, cmdline: readonly string[]): string {
  const args = kernelArguments([`root=UUID=${rootUuid}`, 'ro'], cmdline);
  const eachKernel = (body: readonly string[]) => [
    'for kernel in /boot/vmlinuz-*; do',
    `  regexp --set=1:version '^/boot/vmlinuz-(.*)$' "$kernel"`,
    '  if [ -f "/boot/initrd.img-$version" ]; then',
    ...body.map((line) => `    ${line}`),
    '  fi',
    'done',
  ];
  return [
    '# Made with the image. It names no kernel: each boot takes the newest of /boot that has an initrd.img,',
    '# so that kernels can come and go. Where a package brings update-grub, that replaces this file.',
    'set default=0',
    'set timeout=1',
    ...serialTerminal(cmdline),
    'set newest=',
    ...eachKernel([
      'if [ -z "$newest" ]; then set newest="$version"',
      'elif [ "$version" -pgt "$newest" ]; then set newest="$version"',
      'elif [ ! "$version" -plt "$newest" ]; then',
      `  if [ "$version" '>' "$newest" ]; then set newest="$version"; fi`,
      'fi',
    ]),
    'if [ -n "$newest" ]; then',
    '  export newest',
    `  menuentry ${quoted(title)} {`,
    `    linux "/boot/vmlinuz-$newest" ${args}`,
    '    initrd "/boot/initrd.img-$newest"',
    '  }',
    'else',
    `  menuentry ${quoted(title)} {`,
    `    linux /vmlinuz ${args}`,
    '    initrd /initrd.img',
    '  }',
    'fi',
    "submenu 'All kernels' {",
    ...eachKernel([
      'menuentry "$version" {',
      `  linux "/boot/vmlinuz-$1" ${args}`,
      '  initrd "/boot/initrd.img-$1"',
      '}',
    ]).map((line) => `  ${line}`),
    '}',
    '',
  ].join('\n');
}
