import { StepError } from '../../step-error.ts';

/** Quotes one word for GRUB's script language, where single quotes take everything but themselves literally. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/**
 * Kernel arguments as the end of a `linux` line: the image's own, then the user's. Refuses those that would end the
 * line; all else stands inside quotes.
 */
export function kernelArguments(own: readonly string[], cmdline: readonly string[]): string {
  for (const [position, argument] of cmdline.entries()) {
    if (!/^[\x20-\x7e]+$/.test(argument)) {
      throw new StepError(
        'step.failed',
        `kernel.cmdline[${position}]: only printable ASCII can be given to the kernel`,
      );
    }
  }
  return [...own, ...cmdline].map(quoted).join(' ');
}

/** Lines that put GRUB on a serial line too, where `console=ttyS<n>` is among the kernel's arguments. */
export function serialTerminal(cmdline: readonly string[]): string[] {
  const serial = cmdline
    .map((argument) => /^console=ttyS(\d)(?:,(\d+))?/.exec(argument))
    .find((found) => found !== null);
  if (serial === undefined || serial === null) return [];
  return [
    `serial --unit=${serial[1]} --speed=${serial[2] ?? '115200'}`,
    'terminal_input console serial',
    'terminal_output console serial',
  ];
}

/**
 * grub.cfg of a live ISO: one entry, booted at once. `console=ttyS<n>` among the arguments also puts GRUB on that
 * serial line. live-boot (boot=live) finds the system by its own search.
 */
export function grubConfiguration(title: string, cmdline: readonly string[]): string {
  return [
    'set default=0',
    'set timeout=1',
    ...serialTerminal(cmdline),
    `menuentry ${quoted(title)} {`,
    `  linux /live/vmlinuz ${kernelArguments(['boot=live'], cmdline)}`,
    '  initrd /live/initrd.img',
    '}',
    '',
  ].join('\n');
}

/** Where GRUB looks for its menu in an ISO and in a disk's root file system, and update-grub writes one. */
export const bootMenuPath = '/boot/grub/grub.cfg';

/**
 * The script inside GRUB's own image: finds where its menu is, and goes on with that.
 * @param by the ISO by a file that only it holds, or a root file system by its UUID
 */
export function earlyConfiguration(by: { readonly file: string } | { readonly uuid: string }): string {
  const search = 'file' in by ? `--set=root --file ${by.file}` : `--fs-uuid --set=root ${by.uuid}`;
  return [`search --no-floppy ${search}`, 'set prefix=($root)/boot/grub', `configfile ($root)${bootMenuPath}`, ''].join(
    '\n',
  );
}

/** Modules built into each image, so that the ISO holds no module files. */
const commonModules = [
  'iso9660',
  'part_gpt',
  'part_msdos',
  'fat',
  'search',
  'search_fs_file',
  'configfile',
  'normal',
  'linux',
  'serial',
  'terminal',
  'echo',
  'test',
  'all_video',
  'gzio',
] as const;
export const biosModules = ['biosdisk', ...commonModules] as const;
export const efiModules = ['efi_gop', ...commonModules] as const;
