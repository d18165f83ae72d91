import { StepError } from '../../step-error.ts';

/** Quotes one word for GRUB's script language, where single quotes take everything but themselves literally. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** Refuses kernel arguments that would end the line; all else stands inside quotes. */
function needArguments(cmdline: readonly string[]): readonly string[] {
  for (const [position, argument] of cmdline.entries()) {
    if (!/^[\x20-\x7e]+$/.test(argument)) {
      throw new StepError(
        'step.failed',
        `kernel.cmdline[${position}]: only printable ASCII can be given to the kernel`,
      );
    }
  }
  return cmdline;
}

/**
 * grub.cfg of a live ISO: one entry, booted at once. `console=ttyS<n>` among the arguments also puts GRUB on that
 * serial line. live-boot (boot=live) finds the system by its own search.
 */
export function grubConfiguration(title: string, cmdline: readonly string[]): string {
  const serial = cmdline
    .map((argument) => /^console=ttyS(\d)(?:,(\d+))?/.exec(argument))
    .find((found) => found !== null);
  const terminal =
    serial === undefined || serial === null
      ? []
      : [
          `serial --unit=${serial[1]} --speed=${serial[2] ?? '115200'}`,
          'terminal_input console serial',
          'terminal_output console serial',
        ];
  const linux = ['boot=live', ...needArguments(cmdline)].map(quoted).join(' ');
  return [
    'set default=0',
    'set timeout=1',
    ...terminal,
    `menuentry ${quoted(title)} {`,
    `  linux /live/vmlinuz ${linux}`,
    '  initrd /live/initrd.img',
    '}',
    '',
  ].join('\n');
}

/** The script inside GRUB's own image: finds the ISO among the disks by a file that only it holds, and goes on there. */
export function earlyConfiguration(marker: string): string {
  return [
    `search --no-floppy --set=root --file ${marker}`,
    'set prefix=($root)/boot/grub',
    'configfile ($root)/boot/grub/grub.cfg',
    '',
  ].join('\n');
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
