import { describe, expect, it } from 'vitest';
import { isInRanges, isRangeWithin, networkSchema } from '../../../core/access/address-ranges.ts';

describe('a range', () => {
  it.each([
    ['203.0.113.7', true],
    ['203.0.113.0/24', true],
    ['2001:db8::/32', true],
    ['2001:db8::1', true],
    ['203.0.113.0/33', false],
    ['203.0.113', false],
    ['example.org', false],
    ['', false],
    [`${'0'.repeat(64)}1`, false],
  ])('%j is one: %j', (text, is) => {
    const read = networkSchema.safeParse(text);
    expect(read.success).toBe(is);
    if (!is) expect(read.error?.issues.at(-1)?.message).not.toBe('');
  });

  it('says what it is not', () => {
    expect(networkSchema.safeParse('example.org').error?.issues[0]?.message).toContain(
      'not an IP address or a network',
    );
  });
});

describe('an address', () => {
  it.each([
    ['203.0.113.7', ['203.0.113.7'], true],
    ['203.0.113.8', ['203.0.113.7'], false],
    ['203.0.113.255', ['203.0.113.0/24'], true],
    ['203.0.114.0', ['203.0.113.0/24'], false],
    ['203.0.114.0', ['203.0.113.0/24', '203.0.114.0/24'], true],
    ['::ffff:203.0.113.7', ['203.0.113.0/24'], true],
    ['::FFFF:203.0.113.7', ['203.0.113.0/24'], true],
    ['1::ffff:203.0.113.7', ['203.0.113.0/24'], false],
    ['2001:db8::5', ['2001:db8::/32'], true],
    ['2001:db9::5', ['2001:db8::/32'], false],
    ['2001:db8::5', ['0.0.0.0/0'], false],
    ['203.0.113.7', ['::/0'], false],
    ['203.0.113.7', ['nonsense', '0.0.0.0/0'], true],
    ['203.0.113.7', ['nonsense'], false],
    ['203.0.113.7', [], false],
    ['nonsense', ['0.0.0.0/0', '::/0'], false],
    ['', ['0.0.0.0/0', '::/0'], false],
    [undefined, ['0.0.0.0/0', '::/0'], false],
  ] as const)('%j is in %j: %j', (address, ranges, is) => {
    expect(isInRanges(address, ranges)).toBe(is);
  });
});

describe('a range of ranges', () => {
  it.each([
    ['203.0.113.7', ['203.0.113.7'], true],
    ['203.0.113.0/25', ['203.0.113.0/24'], true],
    ['203.0.113.0/24', ['203.0.113.0/24'], true],
    ['203.0.113.0/23', ['203.0.113.0/24'], false],
    ['203.0.113.0/24', ['203.0.113.0/25', '203.0.113.128/25'], false],
    ['203.0.114.0/25', ['203.0.113.0/24'], false],
    ['203.0.114.0/25', ['203.0.113.0/24', '203.0.114.0/24'], true],
    ['2001:db8:1::/48', ['2001:db8::/32'], true],
    ['2001:db8::/31', ['2001:db8::/32'], false],
    ['203.0.113.7', ['nonsense'], false],
    ['nonsense', ['0.0.0.0/0', '::/0'], false],
    ['203.0.113.7', [], false],
  ] as const)('%j lies in %j: %j', (range, others, is) => {
    expect(isRangeWithin(range, others)).toBe(is);
  });
});
