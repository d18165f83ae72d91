import { check } from '../check.ts';
import { readFile } from '../readers/drop-ins.ts';
import { seen } from '../readers/place.ts';
import { spacedSettings } from '../readers/settings.ts';
import { shellUmask } from '../readers/shell.ts';
import { judged } from '../verdicts.ts';

/** What people make is not everybody’s to read. */
export const umask = check({
  id: 'umask',
  title: 'New files are closed to others (umask 027)',
  severity: 'low',
  tag: 'image',
  clauses: { base: ['Sessions'] },
  how: 'UMASK of login.defs, and the umask that the shells’ files set, if any, take away writing by the group and all from others.',
  remedy: 'Set UMASK 027 in /etc/login.defs.',
  judge({ tree }) {
    const setting = spacedSettings(readFile(tree, 'etc/login.defs')).get('UMASK');
    const told = seen('UMASK', setting, 'others may read');
    const shell = shellUmask(tree);
    const closed = (mask: string | undefined) =>
      /^[0-7]{3,4}$/.test(mask ?? '') && (Number.parseInt(mask ?? '', 8) & 0o027) === 0o027;
    const wrong = [
      ...(closed(setting?.value) ? [] : [told]),
      ...(shell === undefined || closed(shell.value.split(/\s+/)[1]) ? [] : [`${shell.place}: ${shell.value}`]),
    ];
    return judged(wrong, [told]);
  },
});
