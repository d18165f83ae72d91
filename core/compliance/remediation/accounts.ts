import type { z } from 'zod';
import type { Check } from '../check.ts';
import type { passwordAge } from '../checks/password-age.ts';
import type { passwordHistory } from '../checks/password-history.ts';
import type { passwordLength } from '../checks/password-length.ts';
import type { passwordLockout } from '../checks/password-lockout.ts';
import type { sessionTimeout } from '../checks/session-timeout.ts';
import { contradiction, type Remedy, sshDropIn, withPackages } from './remedy.ts';

type ValuesOf<One extends Pick<Check, 'parameters'>> = z.output<NonNullable<One['parameters']>>;

const loginDefs = { kind: 'setting', path: '/etc/login.defs', form: 'spaced' } as const;

/** Remedies of accounts, passwords and sessions, by check. */
export const accountRemedies = {
  'root-locked': {
    // Debian and Ubuntu lock root; only the spec opens it.
    contradictions: ({ spec: { rootAccount } }) =>
      rootAccount?.passwordHash === undefined || rootAccount.locked === true
        ? []
        : [
            contradiction(
              ['rootAccount', 'passwordHash'],
              'no password is to open root',
              'Remove it, or set `locked`.',
            ),
          ],
  } satisfies Remedy,

  'system-accounts-without-shell': {
    changes: ({ spec: { users } }) => [{ kind: 'no-shells', except: users.map(({ name }) => name) }],
  } satisfies Remedy,

  'password-hashing': {
    changes: () => [
      { ...loginDefs, name: 'ENCRYPT_METHOD', value: 'YESCRYPT', accepts: ['YESCRYPT', 'SHA512', 'BCRYPT'] },
    ],
  } satisfies Remedy,

  'password-lockout': {
    changes: ({ values: { attempts, seconds } }) => {
      const bounds = `deny=${attempts} unlock_time=${seconds}`;
      // One before all others of the stack, and one that comes where pam_unix has failed.
      const before = [
        'Name: Count failed attempts to log in',
        ...['Default: yes', 'Priority: 2048', 'Auth-Type: Primary', 'Auth:'],
        `\trequisite\tpam_faillock.so preauth ${bounds}`,
        ...['Account-Type: Primary', 'Account:', '\trequired\tpam_faillock.so', ''],
      ];
      const after = [
        'Name: Lock accounts after failed attempts',
        ...['Default: yes', 'Priority: 0', 'Auth-Type: Primary', 'Auth:'],
        ...[`\t[default=die]\tpam_faillock.so authfail ${bounds}`, ''],
      ];
      const profiles = [
        { name: 'lbuild-faillock-before', text: before.join('\n') },
        { name: 'lbuild-faillock', text: after.join('\n') },
      ];
      return [{ kind: 'pam-profiles', profiles }];
    },
  } satisfies Remedy<ValuesOf<typeof passwordLockout>>,

  'password-length': {
    // Its package puts it into the stack.
    amend: ({ spec }) => withPackages(spec, 'libpam-pwquality'),
    changes: ({ values: { least } }) => [
      {
        ...({ kind: 'write', path: '/etc/security/pwquality.conf.d/00-lbuild.conf', mode: 0o644 } as const),
        text: `minlen = ${least}\nminclass = 2\n`,
      },
    ],
  } satisfies Remedy<ValuesOf<typeof passwordLength>>,

  'password-history': {
    changes: ({ values: { passwords } }) => {
      // Between pam_pwquality (1024), where that is there, and pam_unix (256): whoever is first asks for the password.
      const module = `requisite\tpam_pwhistory.so remember=${passwords} enforce_for_root`;
      const lines = [
        'Name: Refuse the last passwords',
        ...['Default: yes', 'Priority: 512', 'Password-Type: Primary'],
        ...['Password:', `\t${module} use_authtok`, 'Password-Initial:', `\t${module}`, ''],
      ];
      return [{ kind: 'pam-profiles', profiles: [{ name: 'lbuild-pwhistory', text: lines.join('\n') }] }];
    },
  } satisfies Remedy<ValuesOf<typeof passwordHistory>>,

  'password-age': {
    changes: ({ values: { days } }) => [
      { ...loginDefs, name: 'PASS_MAX_DAYS', value: String(days), atMost: days },
      { kind: 'password-days', days },
    ],
  } satisfies Remedy<ValuesOf<typeof passwordAge>>,

  umask: {
    changes: () => [
      { ...loginDefs, name: 'UMASK', value: '027', accepts: ['027', '0027', '077', '0077', '037', '067'] },
    ],
  } satisfies Remedy,

  'su-restricted': {
    // The group is of the minimal system; root comes before by pam_rootok.
    changes: () => [{ kind: 'su-group', line: 'auth       required   pam_wheel.so use_uid group=sudo' }],
  } satisfies Remedy,

  'session-timeout': {
    changes: ({ values: { seconds } }) => [
      {
        ...({ kind: 'write', path: '/etc/profile.d/00-lbuild-timeout.sh', mode: 0o644 } as const),
        // Where something else has fixed it, a shell would end with an error here.
        text: `if (unset TMOUT) 2>/dev/null; then readonly TMOUT=${seconds}; export TMOUT; fi\n`,
      },
    ],
  } satisfies Remedy<ValuesOf<typeof sessionTimeout>>,

  'login-banner': {
    changes: () => [
      ...['/etc/issue', '/etc/issue.net'].map((path) => ({
        ...({ kind: 'write', path, mode: 0o644 } as const),
        text: 'Authorised use only. What is done here may be recorded.\n',
      })),
      sshDropIn('login-banner', 'Banner /etc/issue.net'),
    ],
  } satisfies Remedy,
} as const;
