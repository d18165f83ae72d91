import { check } from '../check.ts';
import { readSshd } from '../readers/sshd.ts';
import { shown, withoutSshd, wrongValues } from '../sshd-values.ts';
import { judged } from '../verdicts.ts';

/** Keys alone come in. */
export const sshKeyOnly = check({
  id: 'ssh-key-only',
  title: 'sshd takes keys and no passwords',
  severity: 'medium',
  tag: 'image',
  clauses: { soc2: ['CC6.1'] },
  how: 'PasswordAuthentication and KbdInteractiveAuthentication are no, and PubkeyAuthentication is yes, in every Match block too.',
  remedy: 'Set `ssh.passwordAuthentication` to false.',
  judge(context) {
    const sshd = readSshd(context.tree);
    const no = (value: string) => value.toLowerCase() === 'no';
    const wrong = [
      ...wrongValues(sshd, 'PasswordAuthentication', 'yes', no),
      ...wrongValues(sshd, 'KbdInteractiveAuthentication', 'yes', no),
      ...wrongValues(sshd, 'PubkeyAuthentication', 'yes', (value) => value.toLowerCase() === 'yes'),
    ];
    return (
      withoutSshd(context) ??
      judged(wrong, [shown(sshd, 'PasswordAuthentication', 'yes'), shown(sshd, 'KbdInteractiveAuthentication', 'yes')])
    );
  },
});
