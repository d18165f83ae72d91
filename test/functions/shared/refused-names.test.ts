import { describe, expect, it } from 'vitest';
import { refusedNames } from '../../../functions/shared/refused-names.ts';

const read = (text: string): unknown => JSON.parse(text);
const pathsOf = (text: string) => refusedNames(read(text)).map(({ path }) => path);

describe('members called __proto__', () => {
  it.each([
    ['{"__proto__": 1}', ['__proto__']],
    ['{"prices": {"__proto__": 1, "vcpu": 2}}', ['prices.__proto__']],
    ['[{"a": [{}, {"__proto__": {}}]}]', ['[0].a[1].__proto__']],
    ['{"a b": {"__proto__": 1}}', ['["a b"].__proto__']],
  ])('are found in %s', (text, paths) => {
    expect(pathsOf(text)).toEqual(paths);
  });

  it.each(['{"proto": 1, "constructor": 2, "a": {"prototype": 3}}', '["__proto__", 1, null]', '"__proto__"', '1'])(
    'are not found in %s',
    (text) => {
      expect(pathsOf(text)).toEqual([]);
    },
  );

  it('are told twenty times at most', () => {
    expect(pathsOf(`[${Array.from({ length: 100 }, () => '{"__proto__": 1}').join(',')}]`)).toHaveLength(20);
  });

  it('are looked for at any depth, in time that grows with the length', () => {
    const depth = 100_000;
    const deep = `${'{"a":'.repeat(depth)}{"__proto__":1}${'}'.repeat(depth)}`;
    const begun = performance.now();
    expect(refusedNames(read(deep))).toHaveLength(1);
    expect(performance.now() - begun).toBeLessThan(5_000);
  });
});
