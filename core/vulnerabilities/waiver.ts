import { dayAt, daySchema } from '../billing/days.ts';
import { printable } from '../builds/printable.ts';
import { type Refusal, ruledText, type TextRule } from '../spec/refusal.ts';
import { quoted } from '../text.ts';
import { vulnerabilityLimits as limits } from './limits.ts';

/** One line of text that people write for people. */
function lineRule(what: string, most: number): TextRule {
  return (text): Refusal | undefined => {
    if (text.length > most) {
      const reason = `the text is ${text.length} characters long; at most ${most} are allowed`;
      return { code: 'spec.too_large', reason, remedy: `Shorten ${what}.` };
    }
    if (text.trim() === '') {
      return { code: 'spec.invalid_value', reason: 'the text is empty', remedy: `Write down ${what}.` };
    }
    if (printable(text) === text && !text.includes('\t')) return undefined;
    const reason = `${quoted(text)} holds characters that are not shown`;
    return { code: 'spec.invalid_value', reason, remedy: `Write ${what} in one line.` };
  };
}

function dateRefusal(text: string): Refusal | undefined {
  if (daySchema.safeParse(text).success) return undefined;
  const remedy = 'Write year, month and day, such as 2026-12-31.';
  return { code: 'spec.invalid_value', reason: `${quoted(text)} is no date`, remedy };
}

/** What every waiver says, of whatever it waives. */
export const waiverFields = {
  reason: ruledText(lineRule('the reason', limits.reason), { minLength: 1, maxLength: limits.reason }).describe(
    'Why it is acceptable for now.',
  ),
  owner: ruledText(lineRule('who answers for it', limits.owner), { minLength: 1, maxLength: limits.owner }).describe(
    'Who answers for it; the waiver is void where nobody has that name any more.',
  ),
  expires: ruledText(dateRefusal, { pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' }).describe(
    'Last day on which it holds, in UTC: `2026-12-31`.',
  ),
};

/** The same, as it was read. */
export interface WaiverTerms {
  readonly reason: string;
  readonly owner: string;
  /** Last day on which it holds, `YYYY-MM-DD`. */
  readonly expires: string;
}

/** Why a waiver does not hold by itself. */
export type WaiverFault = 'expired' | 'owner unknown';

/** What waivers are judged by. */
export interface WaiverJudge {
  readonly now: Date;
  isOwner(name: string): boolean;
}

/** Why a waiver does not hold; undefined where it does. It holds to the end of its last day, in UTC. */
export function waiverFault(
  { expires, owner }: Pick<WaiverTerms, 'expires' | 'owner'>,
  { now, isOwner }: WaiverJudge,
): WaiverFault | undefined {
  if (dayAt(now) > expires) return 'expired';
  return isOwner(owner) ? undefined : 'owner unknown';
}
