import { check } from '../check.ts';
import { judged } from '../verdicts.ts';

/** What belongs to a number will belong to whoever gets it. */
export const noUnowned = check({
  id: 'no-unowned',
  title: 'Every file belongs to an account and a group of the image',
  severity: 'low',
  tag: 'image',
  clauses: { base: ['File modes'] },
  how: 'All paths of the tree: owners and groups that /etc/passwd and /etc/group do not know.',
  remedy: 'Give the paths to an account and a group that there is.',
  judge({ found: { unowned } }) {
    const listed = unowned.paths.map((path) => `/${path}: its owner or group has no name`);
    const rest = unowned.count - listed.length;
    return judged([...listed, ...(rest > 0 ? [`${rest} more paths`] : [])], ['every owner and group has a name']);
  },
});
