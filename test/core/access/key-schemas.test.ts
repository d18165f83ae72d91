import { describe, expect, it } from 'vitest';
import {
  addressRangesSchema,
  apiKeyRecordSchema,
  bearerToken,
  formatApiKey,
  keyIdSchema,
  keyNameSchema,
  parseApiKey,
  scopesSchema,
  stateOf,
} from '../../../core/access/api-key.ts';
import { accessLimits } from '../../../core/access/limits.ts';
import { grants } from '../../../core/access/permissions.ts';

const id = 'A1'.repeat(13);
const secret = 'x_-'.repeat(14).concat('y');

describe('the text of a key', () => {
  it.each([`lbk_${id}_${secret}z`, `lbk_${id}_${secret} `, `xlbk_${id}_${secret}`, `lbk_${id}${secret}`])(
    'is not %j',
    (text) => expect(parseApiKey(text)).toBeUndefined(),
  );

  it('names the key without what every id begins with', () => {
    expect(formatApiKey({ keyId: `key_${id}`, secret })).toBe(`lbk_${id}_${secret}`);
    expect(formatApiKey({ keyId: `x_key_${id}`, secret })).toBe(`lbk_x_key_${id}_${secret}`);
  });

  it.each([
    ['Bearer abc', 'abc'],
    ['bearer abc', 'abc'],
    [' Bearer abc', undefined],
    ['xBearer abc', undefined],
    ['Bearer abc ', undefined],
    ['Bearer a b', undefined],
    ['Bearer ', undefined],
    [`Bearer ${'a'.repeat(8_192)}`, 'a'.repeat(8_192)],
    [`Bearer ${'a'.repeat(8_193)}`, undefined],
    ['', undefined],
    [undefined, undefined],
  ])('in the header %j is %j', (header, token) => expect(bearerToken(header)).toBe(token));
});

describe('what a key is made with', () => {
  it.each([
    [`key_${id}`, true],
    [`xkey_${id}`, false],
    [`key_${id}0`, false],
    [`key_${id.toLowerCase()}`, false],
  ])('an id %j: %j', (text, is) => expect(keyIdSchema.safeParse(text).success).toBe(is));

  it.each([
    ['a', true],
    ['7 wonders', true],
    ["Ada's key.v1_x-y", true],
    ['Jose\u0301', true],
    ['élan 2', true],
    ['a'.repeat(100), true],
    ['a'.repeat(101), false],
    ['', false],
    [' a', false],
    ['-a', false],
    ['!a', false],
    ['a!', false],
    ['a\n', false],
    ['\u0301a', false],
  ])('a name %j: %j', (text, is) => expect(keyNameSchema.safeParse(text).success).toBe(is));

  it('scopes, each once and in order, at least one', () => {
    expect(scopesSchema.parse(['cache:read', 'builds:read', 'cache:read'])).toEqual(['builds:read', 'cache:read']);
    expect(scopesSchema.safeParse([]).success).toBe(false);
    expect(scopesSchema.safeParse([...grants]).success).toBe(true);
    expect(scopesSchema.safeParse([...grants, grants[0]]).success).toBe(false);
    expect(scopesSchema.safeParse(['builds:everything']).success).toBe(false);
  });

  it('ranges of addresses, at least one, and no more than are bearable', () => {
    const ranges = (count: number) => Array.from({ length: count }, (_, index) => `203.0.113.${index}`);
    expect(addressRangesSchema.safeParse([]).success).toBe(false);
    expect(addressRangesSchema.safeParse(ranges(accessLimits.addressRanges)).success).toBe(true);
    expect(addressRangesSchema.safeParse(ranges(accessLimits.addressRanges + 1)).success).toBe(false);
  });

  it('the hash of a secret, and nothing longer or shorter', () => {
    const record = {
      keyId: `key_${id}`,
      tenantId: 'ten_1',
      memberId: 'mem_1',
      name: 'a',
      createdAt: '2026-01-01T00:00:00Z',
    };
    const takes = (secretSha256: string) => apiKeyRecordSchema.safeParse({ ...record, secretSha256 }).success;
    const hash = 'a1'.repeat(32);
    expect([takes(hash), takes(`${hash}0`), takes(`x${hash}`), takes(hash.slice(1))]).toEqual([
      true,
      false,
      false,
      false,
    ]);
    expect(apiKeyRecordSchema.safeParse({ ...record, secretSha256: hash, secret: 'x' }).success).toBe(false);
  });
});

it.each([
  [{}, 'live'],
  [{ expiresAt: '2026-01-01T00:00:00.001Z' }, 'live'],
  [{ expiresAt: '2026-01-01T00:00:00.000Z' }, 'expired'],
  [{ expiresAt: '2025-12-31T00:00:00.000Z' }, 'expired'],
  [{ revokedAt: '2025-12-31T00:00:00.000Z' }, 'revoked'],
  [{ revokedAt: '2025-12-31T00:00:00.000Z', expiresAt: '2027-01-01T00:00:00.000Z' }, 'revoked'],
] as const)('a key with %j is %s', (record, state) => {
  expect(stateOf(record, new Date('2026-01-01T00:00:00.000Z'))).toBe(state);
});
