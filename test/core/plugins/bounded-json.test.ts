import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readBoundedJson } from '../../../core/plugins/bounded-json.ts';

const depthOf = (value: unknown): number => {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
};
const hasKey = (value: unknown, key: string): boolean =>
  typeof value === 'object' &&
  value !== null &&
  Object.entries(value).some(([name, member]) => name === key || hasKey(member, key));

describe('JSON of somebody hostile', () => {
  it('is read as it is, if it is not too deep', () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 6, stringUnit: 'grapheme' }),
        fc.integer({ min: 0, max: 7 }),
        (value, depth) => {
          fc.pre(!hasKey(value, '__proto__'));
          const read = readBoundedJson(JSON.stringify(value), depth);
          if (depthOf(value) > depth)
            expect(read).toMatchObject({ ok: false, reason: expect.stringContaining('deeper') });
          else expect(read).toEqual({ ok: true, value: JSON.parse(JSON.stringify(value)) });
        },
      ),
    );
  });

  it.each([
    ['brackets in a text', '["[[[[[", "\\"[[[", "\\\\", {"{{{": "]]"}]', 2],
    ['a text that ends in an escape', '["\\\\\\""]', 1],
  ])('does not count %s', (_, text, depth) => {
    expect(readBoundedJson(text, depth)).toEqual({ ok: true, value: JSON.parse(text) });
    expect(readBoundedJson(text, depth - 1)).toMatchObject({ ok: false });
  });

  it.each([
    ['nothing', ''],
    ['half of it', '{"a":'],
    ['more than one value', '1 2'],
    ['code', '{a: 1}'],
    ['brackets that close', ']]]]]]'],
    ['quotes that do not', '"[[[[[['],
    ['a million brackets', '['.repeat(1_000_000)],
    ['a million brackets that close', `${'['.repeat(500_000)}${']'.repeat(500_000)}`],
    ['a prototype', '{"__proto__": {"polluted": true}}'],
    ['a prototype as an escape', '[{"a": {"\\u005f_proto__": null}}]'],
    ['half of a surrogate pair', '["\\ud800"]'],
    ['half of one as a name', '{"\\udc00": 1}'],
  ])('is refused for %s', (_, text) => {
    expect(readBoundedJson(text, 8)).toMatchObject({ ok: false, reason: expect.stringMatching(/./) });
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });
});
