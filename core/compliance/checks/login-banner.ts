import { check } from '../check.ts';
import type { InspectedTree } from '../inspected-tree.ts';
import { readSshd } from '../readers/sshd.ts';
import { withoutSshd, wrongValues } from '../sshd-values.ts';
import { judged } from '../verdicts.ts';

/** What agetty puts in for these tells of the system (agetty(8)). */
const telling = /\\[mrsv]|debian|ubuntu|gnu\/linux/i;

/** Who comes is told whose system it is, and not which. */
export const loginBanner = check({
  id: 'login-banner',
  title: 'A banner warns before the login, and tells nothing of the system',
  severity: 'low',
  tag: 'image',
  clauses: { base: ['Sessions'] },
  how: '/etc/issue and /etc/issue.net hold a text without the system’s name or version, and sshd shows a Banner where there is one.',
  remedy: 'Write /etc/issue and /etc/issue.net, and Banner /etc/issue.net for sshd.',
  judge(context) {
    const texts = ['etc/issue', 'etc/issue.net'].flatMap((path) => {
      const text = context.tree.text(path)?.trim() ?? '';
      if (text === '') return [`/${path}: there is no text`];
      return telling.test(text) ? [`/${path}: tells of the system: ${telling.exec(text)?.[0]}`] : [];
    });
    const shows = (value: string) => value.toLowerCase() !== 'none' && !isLost(context.tree, value);
    const silent =
      withoutSshd(context) === undefined ? wrongValues(readSshd(context.tree), 'Banner', 'none', shows) : [];
    return judged([...texts, ...silent], ['/etc/issue, /etc/issue.net: a text that tells nothing of the system']);
  },
});

/** sshd says nothing where the file of its Banner is not there or empty. Of files outside of /etc nothing is known here. */
function isLost(tree: InspectedTree, banner: string): boolean {
  const path = banner.replace(/^\/+/, '');
  if (!path.startsWith('etc/')) return false;
  const found = tree.find(path);
  return found === undefined || found.entry.type !== 'file' || found.entry.size === 0;
}
