import { check } from '../check.ts';
import { manual, pass } from '../verdicts.ts';

/** People log in as themselves. */
export const accountsNamed = check({
  id: 'accounts-named',
  title: 'People log in by accounts of their own',
  severity: 'medium',
  tag: 'site',
  clauses: { hipaa: ['164.312(a)(2)(i)'] },
  how: 'The spec makes at least one account with a key or a password. Whether each is one person’s only its owner knows.',
  remedy: 'Add `users`, one for each person who logs in, or say where accounts come from and waive this.',
  judge({ spec }) {
    const people = spec.users.filter(
      ({ sshKeys, passwordHash, locked }) => locked !== true && (sshKeys.length > 0 || passwordHash !== undefined),
    );
    const [first, ...others] = people.map(({ name }, index) => `spec: users[${index}] ${name} logs in`);
    return first === undefined
      ? manual('spec: no account can log in; where people’s accounts come from is not in the image')
      : pass(first, ...others);
  },
});
