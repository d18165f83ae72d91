import { check } from '../check.ts';
import { fail, pass } from '../verdicts.ts';

/** Nobody logs in as root with a password. */
export const rootLocked = check({
  id: 'root-locked',
  title: 'No password opens the account root',
  severity: 'high',
  tag: 'image',
  clauses: { base: ['Accounts'], hipaa: ['164.312(d)'], 'pci-dss': ['8.2.2'], soc2: ['CC6.1'] },
  how: 'The hash of root in /etc/shadow is one that no password gives, or a `!` stands before it.',
  remedy: 'Leave out `rootAccount.passwordHash`, or set `rootAccount.locked`.',
  judge({ found: { accounts } }) {
    const root = accounts.find(({ name }) => name === 'root');
    if (root === undefined) return fail('/etc/passwd: there is no account root');
    const open = root.password === 'set' ? root.lockedBefore !== true : root.password !== 'locked';
    return open ? fail('/etc/shadow: a password opens root') : pass('/etc/shadow: root is locked');
  },
});
