import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compareVersionTexts,
  isDebianVersion,
  parseDebianVersion,
} from '../../../core/vulnerabilities/debian-version.ts';
import { noVersions, versionPairs } from './version-pairs.ts';

const signs = { '<': -1, '=': 0, '>': 1 } as const;
const order = (a: string, b: string) => Math.sign(compareVersionTexts(a, b));

/** Few characters, so that versions are often near one another, and equal. */
const text = (characters: string, maxLength: number, minLength = 0) =>
  fc.string({ unit: fc.constantFrom(...characters), minLength, maxLength });
const version = fc
  .record({
    epoch: fc.constantFrom('', '', '', '0:', '1:', '02:'),
    first: fc.constantFrom('0', '1', '09', '10'),
    upstream: text('0019aZ.+~-', 6),
    revision: fc.option(text('0019aZ.+~', 4, 1), { nil: undefined }),
  })
  .map(({ epoch, first, upstream, revision }) => {
    // Without a revision what follows a hyphen would be one, and would be empty where the hyphen is last.
    const own = revision === undefined ? upstream.replaceAll('-', '.') : upstream;
    return `${epoch}${first}${own}${revision === undefined ? '' : `-${revision}`}`;
  });

describe('a version of a Debian package', () => {
  it.each(versionPairs)('%s %s %s', (a, sign, b) => {
    expect(order(a, b)).toBe(signs[sign]);
    expect(order(b, a)).toBe(0 - signs[sign]);
  });

  it('is read in its parts', () => {
    expect(parseDebianVersion('2:9.0-rc1-2+deb12u1')).toEqual({ epoch: 2, upstream: '9.0-rc1', revision: '2+deb12u1' });
    expect(parseDebianVersion('1:1:2')).toEqual({ epoch: 1, upstream: '1:2', revision: '' });
    expect(parseDebianVersion('2147483647:1')).toEqual({ epoch: 2_147_483_647, upstream: '1', revision: '' });
    expect(parseDebianVersion('r5')).toEqual({ epoch: 0, upstream: 'r5', revision: '' });
  });

  it.each(noVersions.map((one) => [one]))('is not %j', (one) => {
    expect(isDebianVersion(one)).toBe(false);
    expect(() => compareVersionTexts(one, '1')).toThrow(RangeError);
  });

  it('has a total order', () => {
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        expect(order(a, a)).toBe(0);
        expect(order(b, a)).toBe(0 - order(a, b));
        const [first, second, third] = [a, b, c].sort(compareVersionTexts);
        if (first === undefined || second === undefined || third === undefined) throw new Error('three were sorted');
        expect(order(first, second)).toBeLessThanOrEqual(0);
        expect(order(second, third)).toBeLessThanOrEqual(0);
        expect(order(first, third)).toBe(Math.min(order(first, second), order(second, third)));
      }),
      { numRuns: 2_000 },
    );
  });

  it('is before its own continuation, unless that begins with a tilde', () => {
    fc.assert(
      fc.property(version, fc.constantFrom('a', '.', '+', '~'), (one, next) => {
        expect(order(`${one}${next}`, one)).toBe(next === '~' ? -1 : 1);
      }),
    );
  });

  it('is ordered as dpkg orders it', { timeout: 60_000 }, () => {
    const random = fc.sample(fc.tuple(version, version), { numRuns: 250, seed: 20_261_128 });
    const pairs = [...versionPairs.map(([a, , b]) => [a, b] as const), ...random];
    // One shell for all of them; versions hold no white space and no quotes.
    const script = `while read -r a b; do
      if dpkg --compare-versions "$a" lt "$b"; then echo -1
      elif dpkg --compare-versions "$a" eq "$b"; then echo 0
      else echo 1; fi
    done`;
    const input = pairs.map((pair) => `${pair.join(' ')}\n`).join('');
    const run = spawnSync('/bin/sh', ['-c', script], { input, encoding: 'utf8', timeout: 50_000 });
    expect(run.error).toBeUndefined();
    const orders = run.stdout.trim().split('\n').map(Number);
    expect(pairs.map(([a, b], place) => [a, b, orders[place]])).toEqual(pairs.map(([a, b]) => [a, b, order(a, b)]));
    expect(new Set(orders)).toEqual(new Set([-1, 0, 1]));
  });
});
