import { check } from '../check.ts';
import { judged } from '../verdicts.ts';

/** Nothing is opened by no password at all. */
export const passwordsNotEmpty = check({
  id: 'passwords-not-empty',
  title: 'No account has an empty password',
  severity: 'high',
  tag: 'image',
  clauses: { base: ['Accounts'], hipaa: ['164.312(d)'], 'pci-dss': ['2.2.2', '8.3.1'], soc2: ['CC6.1'] },
  how: 'Each account has an entry in /etc/shadow whose hash is not empty.',
  remedy: 'Lock the account or give it a password hash.',
  judge({ found: { accounts } }) {
    const wrong = accounts.flatMap(({ name, password }) => {
      if (password === 'empty') return [`/etc/shadow: ${name} has an empty password`];
      return password === 'none' ? [`/etc/passwd: ${name} has no entry in /etc/shadow`] : [];
    });
    return judged(wrong, [`/etc/shadow: none of ${accounts.length} accounts has an empty password`]);
  },
});
