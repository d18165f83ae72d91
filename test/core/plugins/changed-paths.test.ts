import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonValue } from '../../../core/digest.ts';
import { changedPaths } from '../../../core/plugins/changed-paths.ts';

const json = (): fc.Arbitrary<JsonValue> =>
  fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.parse(JSON.stringify(value)));

describe('the places in which two values differ', () => {
  it.each<[string, JsonValue, JsonValue, string[]]>([
    ['a member that came', {}, { a: 1 }, ['a']],
    ['a member that went', { a: { b: 1 } }, { a: {} }, ['a.b']],
    ['a member that is another', { a: 1, b: 2 }, { a: 1, b: '2' }, ['b']],
    [
      'an entry of a list',
      { users: [{ name: 'a' }, { name: 'b' }] },
      { users: [{ name: 'a' }, { name: 'c' }] },
      ['users[1].name'],
    ],
    [
      'a list of another length',
      { packages: { install: ['a'] } },
      { packages: { install: ['a', 'b'] } },
      ['packages.install'],
    ],
    ['another kind', { a: [] }, { a: {} }, ['a']],
    ['all of it', 1, 2, ['']],
    ['null and nothing', { a: null }, {}, ['a']],
    ['members of the prototype', {}, { toString: 1, constructor: 2 }, ['toString', 'constructor']],
  ])('are told of %s', (_, before, after, paths) => {
    expect(changedPaths(before, after, 10)).toEqual({ paths, more: 0 });
  });

  it('are none exactly where the values are equal, and the same from both sides', () => {
    fc.assert(
      fc.property(json(), json(), (one, other) => {
        expect(changedPaths(one, structuredClone(one), 10)).toEqual({ paths: [], more: 0 });
        const equal = JSON.stringify(one) === JSON.stringify(other);
        const there = changedPaths(one, other, 1_000).paths;
        if (there.length === 0) expect(other).toEqual(one);
        if (equal) expect(there).toEqual([]);
        expect([...changedPaths(other, one, 1_000).paths].sort()).toEqual([...there].sort());
      }),
    );
  });

  it('are as many as are wanted, short, and safe to show', () => {
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`m${n}`, n]));
    expect(changedPaths({}, many, 100)).toEqual({ paths: Array.from({ length: 100 }, (_, n) => `m${n}`), more: 200 });
    const deep = (leaf: JsonValue): JsonValue =>
      Array.from({ length: 16 }).reduce<JsonValue>((inner) => ({ ['\u202e\u001b[2J'.repeat(1_000)]: inner }), leaf);
    const [path = ''] = changedPaths(deep(1), deep(2), 1).paths;
    expect(path.length).toBeLessThanOrEqual(300);
    expect(path).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });
});
