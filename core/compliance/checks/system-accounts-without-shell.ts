import { check } from '../check.ts';
import { judged } from '../verdicts.ts';

const noShells = /^(?:\/usr)?\/s?bin\/(?:nologin|false)$/;
/** Accounts of Debian that have another program than a shell: `sync` and its like end at once (base-passwd). */
const exempt = new Set(['root', 'sync', 'shutdown', 'halt']);

/** Programs’ accounts are nobody’s to log in with. */
export const systemAccountsWithoutShell = check({
  id: 'system-accounts-without-shell',
  title: 'System accounts have no shell and no password',
  severity: 'medium',
  tag: 'image',
  clauses: { base: ['Accounts'], 'pci-dss': ['8.2.2', '8.6.1'] },
  how: 'Accounts below 1000 and from 60000 but root have nologin or false as their shell, and no password opens them.',
  remedy: 'Give them the shell /usr/sbin/nologin, and lock them.',
  judge({ found: { accounts } }) {
    const system = accounts.filter(({ name, uid }) => (uid < 1_000 || uid >= 60_000) && !exempt.has(name));
    const wrong = system.flatMap(({ name, shell, password, lockedBefore }) => [
      // By passwd(5), no shell at all is /bin/sh.
      ...(noShells.test(shell)
        ? []
        : [`/etc/passwd: ${name} has the shell ${shell === '' ? '/bin/sh, since none is named' : shell}`]),
      ...(password === 'set' && lockedBefore !== true ? [`/etc/shadow: a password opens ${name}`] : []),
    ]);
    return judged(wrong, [`/etc/passwd: none of ${system.length} system accounts has a shell`]);
  },
});
