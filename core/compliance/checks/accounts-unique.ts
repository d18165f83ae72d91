import { check } from '../check.ts';
import { judged } from '../verdicts.ts';

/** Every account is one person’s or one program’s, and only root has root’s number. */
export const accountsUnique = check({
  id: 'accounts-unique',
  title: 'No two accounts share a name or a number, and only root is 0',
  severity: 'high',
  tag: 'image',
  clauses: { base: ['Accounts'], hipaa: ['164.312(a)(2)(i)'], 'pci-dss': ['8.2.1'], soc2: ['CC6.1'] },
  how: 'Names and numbers in /etc/passwd and /etc/group are compared.',
  remedy: 'Give each account and each group a name and a number of its own.',
  judge({ found: { accounts, groups } }) {
    const repeated = (kind: string, values: readonly (string | number)[]) =>
      [...new Set(values.filter((value, index) => values.indexOf(value) !== index))].map(
        (value) => `/etc/${kind === 'group' ? 'group' : 'passwd'}: more than one ${kind} ${value}`,
      );
    const wrong = [
      ...repeated(
        'account',
        accounts.map(({ name }) => name),
      ),
      ...repeated(
        'uid',
        accounts.map(({ uid }) => uid),
      ),
      ...repeated(
        'group',
        groups.map(({ name }) => name),
      ),
      ...repeated(
        'group',
        groups.map(({ gid }) => gid),
      ),
      ...accounts.flatMap(({ name, uid }) => (uid === 0 && name !== 'root' ? `/etc/passwd: ${name} has uid 0` : [])),
    ];
    return judged(wrong, [`/etc/passwd: ${accounts.length} accounts, ${groups.length} groups, uid 0 is root alone`]);
  },
});
