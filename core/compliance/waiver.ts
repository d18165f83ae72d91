import { daySchema } from '../billing/days.ts';
import { patternRefusal, patternText, type Refusal, ruledText } from '../spec/refusal.ts';
import { quoted } from '../text.ts';

/** A waiver of more days than this is a rule, and belongs into the profile or the threshold. */
export const longestWaiverDays = 366;

const dayForm = {
  pattern: /^20[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])$/,
  maxLength: 10,
  what: 'a day',
  remedy: 'Give the last day on which it holds in quotes, such as "2027-03-31".',
};

function dayRefusal(text: string): Refusal | undefined {
  const refusal = patternRefusal(text, dayForm);
  if (refusal !== undefined || daySchema.safeParse(text).success) return refusal;
  return { code: 'spec.invalid_value', reason: `${quoted(text)} is a day that no month has`, remedy: dayForm.remedy };
}

/** Somebody answers for what is not as it should be, for a while: what each waiver says, of whatever it waives. */
export const waiverFields = {
  reason: patternText({
    // No control characters, and none that turn the direction of text.
    pattern: /^(?=.*\S)[^\p{Cc}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]{10,500}$/u,
    maxLength: 500,
    what: 'a reason',
    remedy: 'Say in one line of 10 to 500 characters why this is borne and what stands in its place.',
  }).describe('Why it is borne, and what stands in its place.'),
  owner: patternText({
    pattern: /^[^\s\p{Cc}]{3,254}$/u,
    maxLength: 254,
    what: 'the e-mail address or the id of a member',
    remedy: 'Name the member who answers for it, who needs the permission compliance:waive.',
  }).describe('The member who answers for it, by e-mail address or id; needs the permission compliance:waive.'),
  expires: ruledText(dayRefusal, { maxLength: dayForm.maxLength, pattern: dayForm.pattern.source }).describe(
    'The last day on which it holds, in UTC.',
  ),
} as const;

export interface WaiverTerms {
  readonly reason: string;
  readonly owner: string;
  /** `2027-03-31` */
  readonly expires: string;
}

/** What an installation knows of a waiver’s owner. */
export const ownerProblems = ['unknown', 'suspended', 'not_permitted'] as const;
export type OwnerProblem = (typeof ownerProblems)[number];

/** Why a waiver does not hold. */
export const waiverProblems = ['expired', 'too_long', ...ownerProblems] as const;
export type WaiverProblem = (typeof waiverProblems)[number];

const day = 86_400_000;

/**
 * Whether a waiver holds: undefined where it does. It holds through the whole of its last day in UTC, and for at most
 * `longestWaiverDays` from now on.
 * @param ownerProblem what is wrong with the owner, if anything is
 */
export function waiverProblem(
  { expires }: WaiverTerms,
  now: Date,
  ownerProblem: OwnerProblem | undefined,
): WaiverProblem | undefined {
  const end = Date.parse(`${expires}T00:00:00Z`) + day;
  // A day that no month has, such as February 30.
  if (Number.isNaN(end) || new Date(end - day).toISOString().slice(0, 10) !== expires) return 'expired';
  if (now.getTime() >= end) return 'expired';
  if (end - now.getTime() > (longestWaiverDays + 1) * day) return 'too_long';
  return ownerProblem;
}
