import { check } from '../check.ts';
import { readSshd } from '../readers/sshd.ts';
import { shown, withoutSshd, wrongValues } from '../sshd-values.ts';
import { judged } from '../verdicts.ts';

/** No password is no way in. */
export const sshEmptyPasswords = check({
  id: 'ssh-empty-passwords',
  title: 'sshd takes no empty passwords',
  severity: 'high',
  tag: 'image',
  clauses: { base: ['SSH server'], hipaa: ['164.312(a)(1)'], 'pci-dss': ['2.2.2'] },
  how: 'PermitEmptyPasswords as sshd reads it, and no Match block says otherwise.',
  remedy: 'Remove PermitEmptyPasswords yes.',
  judge(context) {
    const sshd = readSshd(context.tree);
    return (
      withoutSshd(context) ??
      judged(
        wrongValues(sshd, 'PermitEmptyPasswords', 'no', (value) => value.toLowerCase() === 'no'),
        [shown(sshd, 'PermitEmptyPasswords', 'no')],
      )
    );
  },
});
