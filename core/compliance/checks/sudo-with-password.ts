import { check } from '../check.ts';
import { passwordlessRules } from '../readers/sudoers.ts';
import { judged, notApplicable } from '../verdicts.ts';

/** Whoever may do everything says so each time. */
export const sudoWithPassword = check({
  id: 'sudo-with-password',
  title: 'sudo gives nobody everything without a password',
  severity: 'medium',
  tag: 'site',
  clauses: { base: ['Accounts'], soc2: ['CC6.2', 'CC6.3'] },
  how: 'No rule in /etc/sudoers and its folder has NOPASSWD before ALL commands, and no Defaults has !authenticate.',
  remedy: 'Give the account a password hash and take `sudo.passwordless` away, or name the commands it needs.',
  judge({ tree }) {
    if (tree.text('etc/sudoers') === undefined) return notApplicable('there is no /etc/sudoers');
    return judged(
      passwordlessRules(tree).map(({ value, place }) => `${place}: ${value}`),
      ['/etc/sudoers: every rule for all commands asks for a password'],
    );
  },
});
