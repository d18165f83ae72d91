import { z } from 'zod';
import { check } from '../check.ts';
import { dropIns, readFile } from '../readers/drop-ins.ts';
import { pamArgument, readPam } from '../readers/pam.ts';
import { seen } from '../readers/place.ts';
import { equalSettings } from '../readers/settings.ts';
import { fail, judged } from '../verdicts.ts';

/** Passwords are long enough. */
export const passwordLength = check({
  id: 'password-length',
  title: 'New passwords have a least length, of letters and digits',
  severity: 'medium',
  tag: 'image',
  clauses: { base: ['Passwords'], 'pci-dss': ['8.3.6'] },
  how: 'pam_pwquality stands in common-password; minlen, lcredit/ucredit and dcredit of its arguments, else of pwquality.conf and its drop-ins.',
  remedy: 'Install libpam-pwquality and set minlen = 12 and minclass = 2, or credits below 0.',
  parameters: z.strictObject({ least: z.int().min(12).max(128).default(12).describe('Characters.') }),
  judge({ tree, values: { least } }) {
    const module = readPam(tree, 'common-password').find(
      (one) => one.type === 'password' && one.module === 'pam_pwquality.so',
    );
    if (module === undefined) return fail('/etc/pam.d/common-password: there is no pam_pwquality.so');
    // The drop-ins are read first, and the file itself wins over them (pwquality.conf(5)).
    const settings = equalSettings([
      ...dropIns(tree, ['etc/security/pwquality.conf.d'], '.conf'),
      readFile(tree, 'etc/security/pwquality.conf'),
    ]);
    const value = (name: string) => pamArgument(module, name) ?? settings.get(name);
    const number = (name: string, usual: number) => Number(value(name)?.value ?? usual);
    const length = number('minlen', 8);
    const letters = number('lcredit', 0) < 0 || number('ucredit', 0) < 0;
    const mixed = number('minclass', 0) >= 2 || (letters && number('dcredit', 0) < 0);
    const told = seen('minlen', value('minlen'), 'eight characters are enough');
    const wrong = [
      ...(length >= least ? [] : [`${told}; at least ${least} are wanted`]),
      ...(mixed ? [] : ['pwquality: neither minclass nor negative credits ask for letters and digits']),
    ];
    return judged(wrong, [told, `${module.place}: pam_pwquality.so`]);
  },
});
