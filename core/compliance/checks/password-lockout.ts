import { z } from 'zod';
import { check } from '../check.ts';
import { readFile } from '../readers/drop-ins.ts';
import { pamArgument, readPam } from '../readers/pam.ts';
import { equalSettings } from '../readers/settings.ts';
import { fail, judged } from '../verdicts.ts';

/** Guessing ends after some tries. */
export const passwordLockout = check({
  id: 'password-lockout',
  title: 'An account is locked for a while after failed attempts',
  severity: 'medium',
  tag: 'image',
  clauses: { base: ['Passwords'], 'pci-dss': ['8.3.4'] },
  how: 'pam_faillock stands in common-auth before and after pam_unix and in common-account; deny and unlock_time of its arguments, else of faillock.conf.',
  remedy: 'Add pam_faillock (deny=10, unlock_time=1800) to the stack of PAM.',
  parameters: z.strictObject({
    attempts: z.int().min(1).max(10).default(10).describe('At most so many attempts.'),
    seconds: z.int().min(1_800).max(86_400).default(1_800).describe('Locked for at least so many seconds.'),
  }),
  judge({ tree, values: { attempts, seconds } }) {
    const auth = readPam(tree, 'common-auth');
    const named = (word: string) =>
      auth.find(
        ({ type, module, arguments: words }) => type === 'auth' && module === 'pam_faillock.so' && words.includes(word),
      );
    const [before, after] = [named('preauth'), named('authfail')];
    const account = readPam(tree, 'common-account').find(
      ({ type, module }) => type === 'account' && module === 'pam_faillock.so',
    );
    if (before === undefined || after === undefined || account === undefined) {
      const missing = [
        ...(before === undefined ? ['common-auth has no pam_faillock.so preauth'] : []),
        ...(after === undefined ? ['common-auth has no pam_faillock.so authfail'] : []),
        ...(account === undefined ? ['common-account has no pam_faillock.so'] : []),
      ];
      return fail(`/etc/pam.d: ${missing.join('; ')}`);
    }
    const unix = auth.findIndex(({ type, module }) => type === 'auth' && module === 'pam_unix.so');
    const order = auth.indexOf(before) < unix && unix < auth.indexOf(after);
    const settings = equalSettings([readFile(tree, 'etc/security/faillock.conf')]);
    const value = (name: string) => pamArgument(after, name) ?? settings.get(name);
    // faillock.conf(5): three attempts, ten minutes.
    const [deny, unlock] = [Number(value('deny')?.value ?? 3), Number(value('unlock_time')?.value ?? 600)];
    const said = `${after.place}: locked after ${deny} attempts, for ${unlock === 0 ? 'ever' : `${unlock} s`}`;
    const wrong = [
      ...(order ? [] : [`${after.place}: pam_faillock.so stands not before and after pam_unix.so`]),
      ...(deny >= 1 && deny <= attempts ? [] : [`${said}; at most ${attempts} attempts are wanted`]),
      // 0 locks until somebody opens it again.
      ...(unlock === 0 || unlock >= seconds ? [] : [`${said}; at least ${seconds} s are wanted`]),
    ];
    return judged(wrong, [said]);
  },
});
