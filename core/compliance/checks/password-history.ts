import { z } from 'zod';
import { check } from '../check.ts';
import { readFile } from '../readers/drop-ins.ts';
import { pamArgument, readPam } from '../readers/pam.ts';
import { seen } from '../readers/place.ts';
import { equalSettings } from '../readers/settings.ts';
import { fail, judged } from '../verdicts.ts';

/** A new password is new. */
export const passwordHistory = check({
  id: 'password-history',
  title: 'A new password is none of the last ones',
  severity: 'low',
  tag: 'image',
  clauses: { base: ['Passwords'], 'pci-dss': ['8.3.7'] },
  how: 'pam_pwhistory stands in common-password; remember of its arguments, else of pwhistory.conf.',
  remedy: 'Add pam_pwhistory with remember=4 to common-password.',
  parameters: z.strictObject({ passwords: z.int().min(4).max(400).default(4).describe('How many are remembered.') }),
  judge({ tree, values: { passwords } }) {
    const module = readPam(tree, 'common-password').find(
      (one) => one.type === 'password' && one.module === 'pam_pwhistory.so',
    );
    if (module === undefined) return fail('/etc/pam.d/common-password: there is no pam_pwhistory.so');
    const remember =
      pamArgument(module, 'remember') ?? equalSettings([readFile(tree, 'etc/security/pwhistory.conf')]).get('remember');
    // pam_pwhistory(8): ten where nothing is said.
    const kept = Number(remember?.value ?? 10);
    const told = seen('remember', remember, 'ten are remembered');
    return judged(kept >= passwords ? [] : [`${told}; at least ${passwords} are wanted`], [told]);
  },
});
