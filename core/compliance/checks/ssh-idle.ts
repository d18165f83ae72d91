import { z } from 'zod';
import { check } from '../check.ts';
import { readSshd, type SshdSettings } from '../readers/sshd.ts';
import { shown, toldOf, withoutSshd } from '../sshd-values.ts';
import { judged } from '../verdicts.ts';

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 };

/** Seconds of a time of sshd’s: `300`, `5m`, `1h30m` (sshd_config(5), TIME FORMATS). */
function secondsOf(text: string): number {
  if (text === '' || !/^(?:[0-9]+[smhdw])*(?:[0-9]+)?$/i.test(text)) return Number.NaN;
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
  how: 'ClientAliveInterval times ClientAliveCountMax, as sshd reads them, is a time within the bound, in every Match block too.',
  remedy: 'Set ClientAliveInterval 300 and ClientAliveCountMax 3 in a drop-in of /etc/ssh/sshd_config.d.',
  parameters: z.strictObject({ seconds: z.int().min(60).max(900).default(900).describe('At most so many seconds.') }),
  judge(context) {
    const sshd = readSshd(context.tree);
    const intervals = valuesOf(sshd, 'ClientAliveInterval', '0', '0, which never asks', secondsOf);
    const counts = valuesOf(sshd, 'ClientAliveCountMax', '3', '3', Number);
    // Which blocks match one connection together is not known: each interval has to be good with each count.
    const [least, most] = [counts.reduce(smaller, Infinity), counts.reduce(larger, 0)];
    const wrong = intervals.filter(({ number }) => !(number * least >= 1 && number * most <= context.values.seconds));
    const told = [...wrong, ...counts].map(({ text }) => text);
    return (
      withoutSshd(context) ??
      judged(wrong.length === 0 ? [] : told, [
        shown(sshd, 'ClientAliveInterval', '0, which never asks'),
        shown(sshd, 'ClientAliveCountMax', '3'),
      ])
    );
  },
});

interface Value {
  readonly number: number;
  readonly text: string;
}

/** What stands for NaN, a value that is no number, is NaN again. */
const smaller = (least: number, { number }: Value): number => Math.min(least, number);
const larger = (most: number, { number }: Value): number => Math.max(most, number);

/** All that a keyword is: for everybody, and where a Match says otherwise. */
function valuesOf(
  sshd: SshdSettings,
  keyword: string,
  usual: string,
  unset: string,
  numberOf: (text: string) => number,
): Value[] {
  const name = keyword.toLowerCase();
  const matched = sshd.matched.filter((one) => one.keyword === name);
  return [
    { number: numberOf(sshd.global.get(name)?.value ?? usual), text: shown(sshd, keyword, unset) },
    ...matched.map((one) => ({ number: numberOf(one.value), text: toldOf(keyword, one) })),
  ];
}
