import { StepError } from '../../step-error.ts';

/** What the shell of iPXE passes on as it is: the characters that a spec allows in a kernel argument. */
const plainWord = /^[A-Za-z0-9_.,:=/@%+~^!*()[\]-]+$/;
const plainUrl = /^https?:\/\/[A-Za-z0-9._~%+:/-]+\/$/;

/** Name of the file that live-boot fetches; by its ending it knows what to do with it. */
export const treeName = 'filesystem.squashfs';

/**
 * boot.ipxe: starts the kernel with live-boot's arguments. iPXE finds kernel and initial RAM file system beside the
 * script; the system that has been started knows nothing of iPXE, so the tree's address is given whole.
 * @param baseUrl where the files are served, with a slash at its end; absent: iPXE is asked where it has the script from
 * @throws StepError where a word would not come through as it is
 */
export function ipxeScript({
  baseUrl,
  cmdline,
}: {
  readonly baseUrl?: string | undefined;
  readonly cmdline: readonly string[];
}): string {
  const bad = cmdline.find((word) => !plainWord.test(word));
  if (bad !== undefined) {
    throw new StepError('step.failed', `kernel.cmdline: ${JSON.stringify(bad)} holds a character that iPXE interprets`);
  }
  if (baseUrl !== undefined && !plainUrl.test(baseUrl)) {
    throw new StepError('step.failed', `${JSON.stringify(baseUrl)} is no address that iPXE and live-boot take alike`);
  }
  const kernel = ['kernel vmlinuz initrd=initrd.img boot=live', `fetch=\${base-url}${treeName}`, ...cmdline].join(' ');
  return [
    '#!ipxe',
    '#',
    `# base-url: where the starting system fetches ${treeName} from. A whole http(s) address, with a slash at its`,
    '# end. This is the one line to change when the files are served from elsewhere.',
    `set base-url ${baseUrl ?? `\${cwduri}`}`,
    '',
    // An iPXE of before 2024 does not know where its script is from; one that has it from a disk gives no http address.
    ...(baseUrl === undefined ? [`isset \${base-url} || goto unset`, ''] : []),
    kernel,
    'initrd initrd.img',
    'boot',
    ...(baseUrl === undefined
      ? ['', ':unset', 'echo boot.ipxe: set base-url to the address of its folder', 'exit 1']
      : []),
    '',
  ].join('\n');
}
