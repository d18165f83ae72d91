import { patternText } from '../spec/refusal.ts';

/** A waiver of more days than this is a rule, and belongs into the profile. */
export const longestWaiverDays = 366;

/** Somebody answers for what is not as it should be, for a while. */
export const waiverFields = {
  reason: patternText({
    pattern: /^(?=.*\S)[^\p{Cc}]{10,500}$/u,
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
  expires: patternText({
    pattern: /^20[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])$/,
    maxLength: 10,
    what: 'a day',
    remedy: 'Give the last day on which it holds in quotes, such as "2027-03-31".',
  }).describe('The last day on which it holds, in UTC.'),
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
