import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, nearestName, quoted, utf8Length } from '../../../core/text.ts';

describe('editDistance', () => {
  it.each([
    ['', '', 0],
    ['', 'abc', 3],
    ['kitten', 'sitting', 3],
    ['flaw', 'lawn', 2],
    ['same', 'same', 0],
  ])('of %j and %j is %i', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
  });

  it('is a metric', () => {
    const short = fc.string({ maxLength: 8, unit: fc.constantFrom('a', 'b', 'c') });
    fc.assert(
      fc.property(short, short, short, (a, b, c) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b) === 0).toBe(a === b);
        expect(editDistance(a, c)).toBeLessThanOrEqual(editDistance(a, b) + editDistance(b, c));
      }),
    );
  });
});

describe('nearestName', () => {
  const known = ['packages', 'passwordHash', 'sshKeys', 'uid', 'label'];
  it.each([
    ['package', 'packages'],
    ['PACKAGES', 'packages'],
    ['password', 'passwordHash'],
    ['ssh_keys', 'sshKeys'],
    ['gid', 'uid'],
    ['lable', 'label'],
    ['xyz', undefined],
    ['label', undefined],
    ['p'.repeat(100_000), undefined],
  ])('of %j is %j', (mistyped, near) => {
    expect(nearestName(mistyped, known)).toBe(near);
  });
});

describe('text for messages', () => {
  it.each([
    ['a"b', '"a\\"b"'],
    ['a\nb', '"a\\nb"'],
    ['a\u007f\u202eb', '"a\\u007f\\u202eb"'],
    ['x'.repeat(100), `"${'x'.repeat(57)}..."`],
  ])('quotes %j', (text, shown) => {
    expect(quoted(text)).toBe(shown);
  });

  it('counts bytes of UTF-8', () => {
    expect(utf8Length('aé€😀')).toBe(10);
  });
});
