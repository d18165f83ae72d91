import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { longestWaiverDays, waiverFields, waiverProblem } from '../../../core/compliance/waiver.ts';

const day = 86_400_000;
const terms = (expires: string) => ({ reason: 'it is borne', owner: 'ada@example.com', expires });

describe('a waiver', () => {
  const now = new Date('2026-11-28T12:00:00.000Z');
  const onDay = (days: number) => new Date(now.getTime() + days * day).toISOString().slice(0, 10);
  it.each([
    [onDay(0), undefined],
    [onDay(1), undefined],
    [onDay(-1), 'expired'],
    [onDay(longestWaiverDays), undefined],
    [onDay(longestWaiverDays + 1), 'too_long'],
    ['2027-02-29', 'expired'],
    ['nonsense', 'expired'],
  ] as const)('until %j: %j', (expires, problem) => {
    expect(waiverProblem(terms(expires), now, undefined)).toBe(problem);
  });

  it('holds to the last millisecond of its day, and from the first one of the longest', () => {
    const last = terms('2026-11-28');
    expect(waiverProblem(last, new Date('2026-11-28T23:59:59.999Z'), undefined)).toBeUndefined();
    expect(waiverProblem(last, new Date('2026-11-29T00:00:00.000Z'), undefined)).toBe('expired');
    const long = terms('2027-11-29');
    expect(waiverProblem(long, new Date('2026-11-28T00:00:00.000Z'), undefined)).toBeUndefined();
    expect(waiverProblem(long, new Date('2026-11-27T23:59:59.999Z'), undefined)).toBe('too_long');
  });

  it('holds by nobody who may not answer for it, and its days are looked at first', () => {
    expect(waiverProblem(terms(onDay(1)), now, 'suspended')).toBe('suspended');
    expect(waiverProblem(terms(onDay(-1)), now, 'suspended')).toBe('expired');
  });
});

describe('what it says', () => {
  const expires = (text: string) => waiverFields.expires.safeParse(text);
  it.each([
    ['2027-03-31', true],
    ['2027-12-01', true],
    ['2027-10-19', true],
    ['2028-02-29', true],
    ['2027-02-29', false],
    ['2027-04-31', false],
    ['2027-13-01', false],
    ['2027-00-10', false],
    ['2027-01-00', false],
    ['2027-01-32', false],
    ['1999-01-01', false],
    ['x2027-03-31', false],
    ['2027-03-311', false],
    ['2027-3-31', false],
    ['', false],
  ])('a day %j: %j', (text, is) => expect(expires(text).success).toBe(is));

  it('tells what is wrong with a day, and what to write', () => {
    const said = (text: string) => JSON.stringify(z.flattenError(expires(text).error ?? new z.ZodError([])));
    expect(said('2027-02-29')).toContain('2027-02-29');
    expect(said('2027-02-29')).toContain('a day that no month has');
    expect(said('nonsense')).toContain('a day');
  });

  it.each([
    ['reason', 'ten letters', true],
    ['reason', 'too short', false],
    ['reason', ' '.repeat(20), false],
    ['reason', 'a'.repeat(501), false],
    ['reason', 'two lines\nof it', false],
    ['reason', 'turned \u202e round it', false],
    ['owner', 'ada@example.com', true],
    ['owner', 'ab', false],
    ['owner', 'ada @example.com', false],
    ['owner', 'a'.repeat(255), false],
  ] as const)('%s %j: %j', (field, text, is) => expect(waiverFields[field].safeParse(text).success).toBe(is));
});
