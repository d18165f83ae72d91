import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, type JsonValue } from '../../../core/digest.ts';
import { jsonOf } from '../../../core/templates/document.ts';
import { expandBody } from '../../../core/templates/expand.ts';
import type { ParameterValue } from '../../../core/templates/parameters.ts';
import { escapedText, referenceTo, textParts } from '../../../core/templates/references.ts';

const expanded = (body: JsonValue, values: Readonly<Record<string, ParameterValue | undefined>> = {}): JsonValue =>
  jsonOf(expandBody(body, new Map(Object.entries(values))));

/** Texts that look like what they must not become. */
const hostile = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.constantFrom(
    '${{',
    '}}',
    '$',
    '"',
    '","x":"',
    '{"a":1}',
    '[1]',
    'null',
    referenceTo('other'),
    '$${{',
    '\\u0000',
    '# a: b',
  ),
  fc
    .array(fc.constantFrom('$', '{', '}', '"', ' ', 'parameters.', 'other', '\\', '\n', ':'), { maxLength: 20 })
    .map((all) => all.join('')),
);

describe('references', () => {
  it('become the value with its type where they are the whole text', () => {
    const body = { a: referenceTo('n'), b: `x${referenceTo('n')}y`, c: [referenceTo('flag')] };
    expect(expanded(body, { n: 8080, flag: true })).toEqual({ a: 8080, b: 'x8080y', c: [true] });
  });

  it('put the entries of a list where they are an entry, and a list where they are a member', () => {
    const body = { install: ['curl', referenceTo('more'), 'vim'], all: referenceTo('more') };
    expect(expanded(body, { more: ['a', 'b'] })).toEqual({ install: ['curl', 'a', 'b', 'vim'], all: ['a', 'b'] });
    expect(expanded(body, { more: [] })).toEqual({ install: ['curl', 'vim'], all: [] });
  });

  it('leave out what was not given', () => {
    expect(expanded({ a: referenceTo('x'), b: ['c', referenceTo('x')] }, { x: undefined })).toEqual({ b: ['c'] });
  });

  it.each([
    `\${{ parameters.x }`,
    `\${{x}}`,
    `\${{ parameters.1 }}`,
    `\${{ parameters.x | y }}`,
    `\${{`,
    `a \${{ b }} c`,
  ])('are not %s', (text) => expect(textParts(text)).toHaveProperty('wrong'));

  it('let shell be shell', () => {
    const script = `echo "\${HOME}" $((1+2)) \${x:-y} $x {{ y }}`;
    expect(expanded({ run: script })).toEqual({ run: script });
  });

  it('give any text back that is escaped', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(expanded({ a: escapedText(text) })).toEqual({ a: text });
      }),
      { numRuns: 2_000 },
    );
  });

  it('stop at the size of a spec', () => {
    const body = { a: Array.from({ length: 100 }, () => referenceTo('x').repeat(50)) };
    expect(() => expanded(body, { x: 'y'.repeat(4_096) })).toThrow(expect.objectContaining({ code: 'spec.invalid' }));
  });
});

describe('a value', () => {
  const places = {
    whole: referenceTo('x'),
    within: `a ${referenceTo('x')} b ${referenceTo('x')}`,
    list: [referenceTo('x')],
  };

  it('stays one text, whatever it holds', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(expanded(places, { x: text, other: 'secret' })).toEqual({
          ...{ whole: text, list: [text] },
          within: `a ${text} b ${text}`,
        });
      }),
      { numRuns: 2_000 },
    );
  });

  it('changes nothing but its own places', () => {
    const shape = (value: JsonValue): JsonValue => {
      if (Array.isArray(value)) return value.map(shape);
      if (typeof value !== 'object' || value === null) return typeof value;
      return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shape(member)]));
    };
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), hostile, hostile, (other, one, two) => {
        const plain = JSON.parse(JSON.stringify(other).replaceAll('${{', '')) as JsonValue;
        const body = { ...places, other: plain };
        const [a, b] = [expanded(body, { x: one }), expanded(body, { x: two })];
        expect(shape(a)).toEqual(shape(b));
        expect(a).toMatchObject({ other: plain });
      }),
      { numRuns: 1_000 },
    );
  });

  it('makes the same of the same, byte for byte', () => {
    fc.assert(
      fc.property(hostile, fc.array(hostile, { maxLength: 5 }), fc.integer(), (text, list, number) => {
        const body = { ...places, list: [referenceTo('list')], n: referenceTo('n') };
        const once = canonicalJson(expanded(body, { x: text, list, n: number }));
        expect(canonicalJson(expanded(body, { n: number, list, x: text }))).toBe(once);
      }),
      { numRuns: 1_000 },
    );
  });
});
