import { quoted } from '../text.ts';
import { valueAt } from './field-path.ts';
import type { Outline } from './outline.ts';
import { type SpecError, specError } from './spec-errors.ts';

/**
 * Paths that are gone or emptied when a step has ended, so that no layer holds what differs by run or machine
 * (containers/builder/layers/normalise.ts): a file of the spec would be written there in vain.
 */
const emptied: readonly { readonly pattern: RegExp; readonly what: string; readonly remedy: string }[] = [
  {
    pattern: /^\/(?:tmp|var\/tmp|var\/lib\/apt\/lists|var\/log\/journal|var\/cache\/(?:apt|man))\/./,
    what: 'this folder is emptied after each step',
    remedy: 'Choose a path that lasts; make files of /tmp at boot by a line in /etc/tmpfiles.d.',
  },
  {
    pattern: /^\/etc\/[^/]*-$/,
    what: 'files of /etc whose names end in `-` are backups, which no image keeps',
    remedy: 'Choose a name that does not end in `-`.',
  },
];

const logs = {
  pattern: /^\/var\/log\/./,
  what: 'logs are emptied after each step',
  remedy: 'Leave the content empty, or choose a path outside /var/log.',
};

/** Files of a spec that no image would hold, or hold empty. */
export function emptiedPathErrors(input: unknown, { files }: Outline): SpecError[] {
  return files.flatMap((file, index) => {
    const path = file?.path;
    if (path === undefined) return [];
    const isEmpty = valueAt(input, ['files', index, 'content']) === '';
    const rule = [...emptied, ...(isEmpty ? [] : [logs])].find(({ pattern }) => pattern.test(path));
    if (rule === undefined) return [];
    const reason = `${quoted(path)} would be written in vain: ${rule.what}`;
    return specError(['files', index, 'path'], { code: 'spec.path_forbidden', reason, remedy: rule.remedy });
  });
}
