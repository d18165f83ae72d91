import fc from 'fast-check';
import { expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { SourceText } from '../../cli/places.ts';
import { findPlaces } from '../../cli/spec-places.ts';
import { tomlToJson } from '../../cli/toml-file.ts';
import { type FieldPath, fieldPathText } from '../../core/spec/field-path.ts';

const shown = async (source: SourceText, ...paths: string[]) =>
  (await findPlaces(source, paths)).map((place) => place && `${place.line}:${place.column} ${place.excerpt}`);

it('finds fields of YAML, and where what is missing would belong', async () => {
  const text =
    'name: x\nbase: { distribution: debian, release: sid }\nsteps:\n  - id: a\n    run: |\n      echo\n  - id: b\n';
  const source = { file: 'a.yaml', text, format: 'yaml' } as const;
  expect(
    await shown(source, 'name', 'base.release', 'steps[0].run', 'steps[1]', 'steps[1].run', 'packages', ''),
  ).toEqual([
    '1:1 name: x',
    '2:31 base: { distribution: debian, release: sid }',
    '5:5     run: |',
    '7:5   - id: b',
    '7:5   - id: b',
    undefined,
    undefined,
  ]);
});

it('finds fields of JSON and of TOML, of its tables, lists of tables, dotted keys and inline tables', async () => {
  const json = {
    file: 'a.json',
    text: '{\r\n\t"name": "x",\r\n\t"outputs": [{ "type": "iso" }]\r\n}',
    format: 'json',
  } as const;
  expect(await shown(json, 'name', 'outputs[0].type', 'outputs[0]')).toEqual([
    '2:2 \t"name": "x",',
    '3:16 \t"outputs": [{ "type": "iso" }]',
    '3:14 \t"outputs": [{ "type": "iso" }]',
  ]);
  const text =
    'base.release = "sid"\noutputs = [{ type = "iso" }]\n[system]\nhostname = "a"\n[[steps]]\nid = "a"\n[[steps]]\nid = "b"\n[disk.root]\nsize = 3\n';
  const toml = { file: 'a.toml', text, format: 'toml' } as const;
  const paths = [
    'base.release',
    'outputs[0].type',
    'system.hostname',
    'steps[1].id',
    'steps[1].run',
    'disk',
    'disk.root.size',
  ];
  expect(await shown(toml, ...paths)).toEqual([
    '1:6 base.release = "sid"',
    '2:14 outputs = [{ type = "iso" }]',
    '4:1 hostname = "a"',
    '8:1 id = "b"',
    '7:1 [[steps]]',
    '9:1 [disk.root]',
    '10:1 size = 3',
  ]);
});

it('says nothing of a file that cannot be read', async () => {
  expect(await shown({ file: 'a.toml', text: 'name = [', format: 'toml' }, 'name')).toEqual([undefined]);
});

const key = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
  .filter((text) => text !== '__proto__' && text.isWellFormed());
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.dictionary(key, tie('value'), { maxKeys: 4 }),
    fc.array(tie('value'), { maxLength: 4 }),
  ),
}));

it('finds each member of any document where its key is written (property)', async () => {
  await fc.assert(
    fc.asyncProperty(fc.dictionary(key, value, { minKeys: 1, maxKeys: 5 }), fc.boolean(), async (document, isYaml) => {
      const text = isYaml ? stringify(document) : JSON.stringify(document, null, 2);
      const source: SourceText = { file: 'x', text, format: isYaml ? 'yaml' : 'json' };
      const members = membersOf(document, []);
      const places = await findPlaces(source, members.map(fieldPathText));
      for (const [index, path] of members.entries()) {
        const place = places[index];
        const name = path.at(-1);
        expect(place).toBeDefined();
        if (typeof name !== 'string' || !/^[a-z]+$/i.test(name)) continue;
        expect(place?.excerpt.slice(place.column - 1)).toMatch(new RegExp(`^(\\? )?["']?${name}`));
      }
    }),
    { numRuns: 200 },
  );
});

function membersOf(document: unknown, path: FieldPath): FieldPath[] {
  if (typeof document !== 'object' || document === null) return [];
  const parts = Array.isArray(document) ? [...document.keys()] : Object.keys(document);
  return parts.flatMap((part) => [[...path, part], ...membersOf(Reflect.get(document, part), [...path, part])]);
}

it('reads TOML as the JSON that says the same, dates as they are written', () => {
  const text = "a = 1\nb = 0x10\nc = 2026-11-01\nd = 1979-05-27T07:32:00Z\ne = [true, 1.5]\n[f]\n\"g h\" = '''x'''\n";
  expect(JSON.parse(tomlToJson('a.toml', text))).toEqual({
    ...{ a: 1, b: 16, c: '2026-11-01', d: '1979-05-27T07:32:00Z', e: [true, 1.5] },
    f: { 'g h': 'x' },
  });
});
