import { z } from 'zod';
import { check } from '../check.ts';
import { shellTimeout } from '../readers/shell.ts';
import { fail, judged } from '../verdicts.ts';

/** A shell that nobody uses ends. */
export const sessionTimeout = check({
  id: 'session-timeout',
  title: 'Idle shells end by themselves',
  severity: 'medium',
  tag: 'image',
  clauses: { base: ['Sessions'], hipaa: ['164.312(a)(2)(iii)'], 'pci-dss': ['8.2.8'] },
  how: 'TMOUT is set and made readonly in /etc/profile, its folder, or bash.bashrc.',
  remedy: 'Write `readonly TMOUT=900` to a file of /etc/profile.d.',
  parameters: z.strictObject({ seconds: z.int().min(60).max(900).default(900).describe('At most so many seconds.') }),
  judge({ tree, values: { seconds } }) {
    const found = shellTimeout(tree);
    if (found === undefined) return fail('/etc/profile and /etc/profile.d: nothing sets TMOUT');
    const { value, place } = found.seconds;
    const wrong = [
      ...(Number(value) >= 1 && Number(value) <= seconds
        ? []
        : [`${place}: TMOUT=${value}; at most ${seconds} s are wanted`]),
      ...(found.readonly ? [] : [`${place}: TMOUT is not readonly, so everybody can change it`]),
    ];
    return judged(wrong, [`${place}: TMOUT=${value}, readonly`]);
  },
});
