import { check } from '../check.ts';
import { judged, manual } from '../verdicts.ts';

/** No password that everybody tries first. */
export const defaultCredentials = check({
  id: 'default-credentials',
  title: 'No account has a well-known password',
  severity: 'high',
  tag: 'image',
  clauses: { base: ['Accounts'], hipaa: ['164.312(d)'], 'pci-dss': ['2.2.2'], soc2: ['CC6.1'] },
  how: 'Each hash in /etc/shadow is tried with the account’s name and the passwords that images are shipped with.',
  remedy: 'Give the account another password hash, or none and a public key.',
  judge({ found: { accounts } }) {
    const named = (state: 'yes' | 'untried') =>
      accounts.flatMap(({ name, wellKnown }) => (wellKnown === state ? [name] : []));
    const wrong = named('yes').map((name) => `/etc/shadow: the password of ${name} is a well-known one`);
    const [untried, ...others] = named('untried').map(
      (name) => `/etc/shadow: the hash of ${name} costs too much to be tried`,
    );
    if (wrong.length === 0 && untried !== undefined) return manual(untried, ...others);
    const tried = accounts.filter(({ password }) => password === 'set').length;
    return judged(wrong, [`/etc/shadow: ${tried} passwords, none of them a well-known one`]);
  },
});
