import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject, JsonValue } from '../../../core/digest.ts';
import { jsonOf, originOf, partOf } from '../../../core/templates/document.ts';
import { mergeDocuments } from '../../../core/templates/merge.ts';

function merged(base: JsonValue, over: JsonValue): JsonValue | undefined {
  const { part, errors } = mergeDocuments(partOf(base, 'base'), over);
  expect(errors).toEqual([]);
  return part === undefined ? undefined : jsonOf(part);
}

const word = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const named = (key: string) =>
  fc.uniqueArray(fc.record({ [key]: word, mode: word, tags: fc.uniqueArray(word) }, { requiredKeys: [key] }), {
    selector: (entry) => entry[key],
    maxLength: 4,
  });

/** Documents in which a member of one name has one kind: as specs are. */
const document: fc.Arbitrary<JsonObject> = fc
  .record(
    {
      name: word,
      packages: fc.record({ install: fc.uniqueArray(word), pins: named('package') }, { requiredKeys: [] }),
      files: named('path'),
      users: named('name'),
      tests: fc.array(fc.record({ port: fc.nat(3) }), { maxLength: 3 }),
      system: fc.record({ hostname: word, ntp: fc.boolean() }, { requiredKeys: [] }),
    },
    { requiredKeys: [] },
  )
  .map((value) => JSON.parse(JSON.stringify(value)) as JsonObject);

describe('merging', () => {
  it('merges objects, appends to lists, and lets the later value win', () => {
    const base = { name: 'a', system: { hostname: 'x', timezone: 'UTC' }, packages: { install: ['curl', 'vim'] } };
    const over = { name: 'b', system: { hostname: 'y' }, packages: { install: ['vim', 'git'] } };
    expect(merged(base, over)).toEqual({
      ...{ name: 'b', system: { hostname: 'y', timezone: 'UTC' } },
      packages: { install: ['curl', 'vim', 'git'] },
    });
  });

  it('lays entries that have a name over those of the same name, in their place', () => {
    const base = {
      files: [
        { path: '/a', content: '1', mode: '0600' },
        { path: '/b', content: '2' },
      ],
    };
    const over = {
      files: [
        { path: '/c', content: '3' },
        { path: '/a', content: 'new' },
      ],
    };
    expect(merged(base, over)).toEqual({
      files: [
        { path: '/a', content: 'new', mode: '0600' },
        { path: '/b', content: '2' },
        { path: '/c', content: '3' },
      ],
    });
  });

  it('keeps a name that is given twice, so that the check of the spec names it', () => {
    const over = { users: [{ name: 'a' }, { name: 'a' }] };
    expect(merged({ users: [{ name: 'a', uid: 1 }] }, over)).toEqual({ users: [{ name: 'a', uid: 1 }, { name: 'a' }] });
  });

  it('takes out by null and puts in place by $replace', () => {
    const base = { packages: { install: ['a'] }, system: { hostname: 'x' }, files: [{ path: '/a' }] };
    expect(merged(base, { system: null, packages: { install: { $replace: ['b'] } } })).toEqual({
      ...{ packages: { install: ['b'] }, files: [{ path: '/a' }] },
    });
    expect(merged(base, { system: { $replace: { locale: 'C' } }, files: { $replace: [] } })).toMatchObject({
      ...{ system: { locale: 'C' }, files: [] },
    });
    expect(merged(base, { system: { $replace: { locale: 'C' } } })).not.toHaveProperty('system.hostname');
    expect(merged(base, { system: { hostname: { $replace: null } } })).toMatchObject({ system: {} });
  });

  it('refuses $replace beside other members', () => {
    const { errors } = mergeDocuments(undefined, { system: { $replace: {}, hostname: 'x' } });
    expect(errors).toMatchObject([{ path: 'system', code: 'template.merge_invalid' }]);
  });

  it('changes nothing by nothing, on either side', () => {
    fc.assert(
      fc.property(document, (one) => {
        expect(merged(one, {})).toEqual(one);
        expect(merged({}, one)).toEqual(one);
      }),
      { numRuns: 1_000 },
    );
  });

  it('comes to the same in any grouping', () => {
    fc.assert(
      fc.property(document, document, document, (a, b, c) => {
        expect(merged(merged(a, b) ?? null, c)).toEqual(merged(a, merged(b, c) ?? null));
      }),
      { numRuns: 2_000 },
    );
  });

  it('puts exactly what is given by $replace, whatever is beneath', () => {
    fc.assert(
      fc.property(document, document, (one, other) => {
        expect(merged({ x: one }, { x: { $replace: other } })).toEqual({ x: other });
      }),
      { numRuns: 1_000 },
    );
  });

  it('keeps every entry of a list that is there, in its order', () => {
    fc.assert(
      fc.property(fc.array(word), fc.array(word), (base, over) => {
        const list = (merged({ l: base }, { l: over }) as { l: string[] }).l;
        expect(list.slice(0, base.length)).toEqual(base);
        expect(list.slice(base.length)).toEqual(over.filter((entry) => !base.includes(entry)));
      }),
      { numRuns: 1_000 },
    );
  });

  it('makes no member of an object out of a name that every object has', () => {
    const over = JSON.parse('{"__proto__":{"x":1},"constructor":{"y":2}}') as JsonObject;
    const outcome = merged({ a: 1 }, over) as object;
    expect(Object.getPrototypeOf(outcome)).toBe(Object.prototype);
    expect(Object.keys(outcome).sort()).toEqual(['__proto__', 'a', 'constructor']);
  });

  it('knows where every value comes from', () => {
    const base = { packages: { install: ['a', 'b'] }, files: [{ path: '/a', mode: '1' }] };
    const over = { packages: { install: ['b', 'c'] }, files: [{ path: '/a', content: 'x' }] };
    const { part } = mergeDocuments(partOf(base, 'base'), over);
    if (part === undefined) throw new Error('nothing is left');
    expect(originOf(part, ['packages', 'install', 1])).toEqual({ layer: 'base', path: ['packages', 'install', 1] });
    expect(originOf(part, ['packages', 'install', 2])).toEqual({ layer: 'over', path: ['packages', 'install', 1] });
    expect(originOf(part, ['files', 0, 'mode'])).toEqual({ layer: 'base', path: ['files', 0, 'mode'] });
    expect(originOf(part, ['files', 0, 'content'])).toEqual({ layer: 'over', path: ['files', 0, 'content'] });
    expect(originOf(part, ['system', 'hostname'])).toEqual({ layer: 'over', path: ['system', 'hostname'] });
  });
});
