import { z } from 'zod';
import { check } from '../check.ts';
import { readSshd } from '../readers/sshd.ts';
import { shown, withoutSshd } from '../sshd-values.ts';
import { judged } from '../verdicts.ts';

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 };

/** Seconds of a time of sshd’s: `300`, `5m`, `1h30m` (sshd_config(5), TIME FORMATS). */
function secondsOf(text: string): number {
  if (!/^(?:[0-9]+[smhdw]?)+$/i.test(text)) return Number.NaN;
  let seconds = 0;
  for (const [, number = '0', unit = ''] of text.matchAll(/([0-9]+)([smhdw]?)/gi))
    seconds += Number(number) * (units[unit.toLowerCase() || 's'] ?? 1);
  return seconds;
}

/** A client that is gone leaves no session behind. */
export const sshIdle = check({
  id: 'ssh-idle',
  title: 'sshd ends sessions of clients that no longer answer',
  severity: 'low',
  tag: 'image',
  clauses: { base: ['SSH server'], hipaa: ['164.312(a)(2)(iii)'], 'pci-dss': ['8.2.8'] },
  how: 'ClientAliveInterval times ClientAliveCountMax, as sshd reads them, is a time within the bound.',
  remedy: 'Set ClientAliveInterval 300 and ClientAliveCountMax 3 in a drop-in of /etc/ssh/sshd_config.d.',
  parameters: z.strictObject({ seconds: z.int().min(60).max(900).default(900).describe('At most so many seconds.') }),
  judge(context) {
    const sshd = readSshd(context.tree);
    const [interval, count] = ['clientaliveinterval', 'clientalivecountmax'].map(
      (name) => sshd.global.get(name)?.value,
    );
    const seconds = secondsOf(interval ?? '0') * Number(count ?? 3);
    const told = [
      shown(sshd, 'ClientAliveInterval', '0, which never asks'),
      shown(sshd, 'ClientAliveCountMax', '3'),
    ] as const;
    const good = seconds >= 1 && seconds <= context.values.seconds;
    return withoutSshd(context) ?? judged(good ? [] : told, told);
  },
});
