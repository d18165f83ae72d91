import type { CheckContext, Verdict } from './check.ts';
import { type Placed, seen } from './readers/place.ts';
import type { SshdSettings } from './readers/sshd.ts';
import { notApplicable } from './verdicts.ts';

/** The verdict on an image that has no SSH server; undefined where it has one. */
export function withoutSshd({ found, tree }: Pick<CheckContext, 'found' | 'tree'>): Verdict | undefined {
  const installed = found.packages.some(({ name }) => name === 'openssh-server');
  if (installed || tree.text('etc/ssh/sshd_config') !== undefined) return undefined;
  return notApplicable('the image has no SSH server');
}

/** What is wrong with a keyword of sshd’s: of the value for all, and of those in Match blocks. */
export function wrongValues(
  sshd: SshdSettings,
  keyword: string,
  usual: string,
  isGood: (value: string) => boolean,
): string[] {
  const name = keyword.toLowerCase();
  const found = sshd.global.get(name);
  const matched = sshd.matched.filter((one) => one.keyword === name && !isGood(one.value));
  return [
    ...(isGood(found?.value ?? usual) ? [] : [seen(keyword, found, `sshd takes ${usual}`)]),
    ...matched.map((one) => toldOf(keyword, one)),
  ];
}

/** A value in a Match block, for evidence. */
export const toldOf = (keyword: string, { value, place, match }: SshdSettings['matched'][number]): string =>
  `${place}: ${keyword} ${value}, where Match ${match}`;

/** What a keyword of sshd’s is, for evidence. */
export const shown = (sshd: SshdSettings, keyword: string, usual: string): string =>
  seen(keyword, sshd.global.get(keyword.toLowerCase()) satisfies Placed | undefined, `sshd takes ${usual}`);
