import { z } from 'zod';
import { check } from '../check.ts';
import { readFile } from '../readers/drop-ins.ts';
import { seen } from '../readers/place.ts';
import { spacedSettings } from '../readers/settings.ts';
import { judged } from '../verdicts.ts';

/** Passwords run out. */
export const passwordAge = check({
  id: 'password-age',
  title: 'Passwords must be changed after some time',
  severity: 'low',
  tag: 'image',
  clauses: { 'pci-dss': ['8.3.9'] },
  how: 'PASS_MAX_DAYS of login.defs for accounts to come, and the days in /etc/shadow of each account that has a password.',
  remedy: 'Set PASS_MAX_DAYS 90 in /etc/login.defs and the days of the accounts that have a password.',
  parameters: z.strictObject({ days: z.int().min(1).max(90).default(90).describe('At most so many days.') }),
  judge({ tree, found: { accounts }, values: { days } }) {
    const setting = spacedSettings(readFile(tree, 'etc/login.defs')).get('PASS_MAX_DAYS');
    const told = seen('PASS_MAX_DAYS', setting, 'passwords hold for ever');
    const most = Number(setting?.value ?? Number.NaN);
    const within = (value: number | undefined) => value !== undefined && value >= 1 && value <= days;
    const wrong = [
      ...(within(most) ? [] : [`${told}; at most ${days} days are wanted`]),
      ...accounts.flatMap(({ name, password, lockedBefore, maximumDays }) =>
        password === 'set' && lockedBefore !== true && !within(maximumDays)
          ? [
              `/etc/shadow: the password of ${name} holds ${maximumDays === undefined ? 'for ever' : `for ${maximumDays} days`}`,
            ]
          : [],
      ),
    ];
    return judged(wrong, [told]);
  },
});
