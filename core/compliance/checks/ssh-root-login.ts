import { check } from '../check.ts';
import { readSshd } from '../readers/sshd.ts';
import { shown, withoutSshd, wrongValues } from '../sshd-values.ts';
import { judged } from '../verdicts.ts';

/** Root comes in by nobody’s name. */
export const sshRootLogin = check({
  id: 'ssh-root-login',
  title: 'sshd lets root in in no way',
  severity: 'high',
  tag: 'image',
  clauses: { base: ['SSH server'], hipaa: ['164.312(a)(1)'], 'pci-dss': ['8.2.2'], soc2: ['CC6.1'] },
  how: 'PermitRootLogin as sshd reads it: the first value counts, drop-ins included, and no Match block says otherwise.',
  remedy: 'Set `ssh.permitRootLogin` to "no".',
  judge(context) {
    const sshd = readSshd(context.tree);
    return (
      withoutSshd(context) ??
      judged(
        wrongValues(sshd, 'PermitRootLogin', 'prohibit-password', (value) => value.toLowerCase() === 'no'),
        [shown(sshd, 'PermitRootLogin', 'prohibit-password')],
      )
    );
  },
});
