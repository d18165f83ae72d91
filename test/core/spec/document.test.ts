import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { programs } from '../../../core/plan/programs/catalogue.ts';
import { specDocument } from '../../../core/spec/document.ts';
import { specJsonSchema } from '../../../core/spec/json-schema.ts';
import { builtInStepIds } from '../../../core/spec/reserved-names.ts';

/** Every schema of a field in a JSON Schema, with its place. */
function fieldsOf(schema: unknown, place = ''): [place: string, schema: object][] {
  if (typeof schema !== 'object' || schema === null) return [];
  const members = 'properties' in schema ? Object.entries(schema.properties ?? {}) : [];
  const alternatives = 'oneOf' in schema && Array.isArray(schema.oneOf) ? schema.oneOf : [];
  const items = 'items' in schema ? [schema.items] : [];
  return [
    [place, schema],
    ...members.flatMap(([name, member]) => fieldsOf(member, `${place}.${name}`)),
    ...[...alternatives, ...items].flatMap((inner) => fieldsOf(inner, `${place}[]`)),
  ];
}

describe('the JSON Schema of a spec', () => {
  it('is of draft 2020-12, strict, and describes every field', () => {
    const schema = specJsonSchema();
    expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema');
    const fields = fieldsOf(schema);
    expect(fields.length).toBeGreaterThan(50);
    expect(fields.filter(([, field]) => !('description' in field)).map(([place]) => place)).toEqual([]);
    const open = fields.filter(([, field]) => 'properties' in field && !('additionalProperties' in field));
    expect(open).toEqual([]);
  });

  it('requires only what has no default', () => {
    expect(specJsonSchema().required).toEqual(['schemaVersion', 'name', 'base']);
  });
});

describe('the reference of the spec', () => {
  it('has a row for every field of the schema', () => {
    const names = fieldsOf(specJsonSchema()).flatMap(([place]) => place.match(/\.(\w+)$/)?.[1] ?? []);
    const text = specDocument();
    expect(names.filter((name) => !text.includes(`| \`${name}\` |`))).toEqual([]);
  });

  it('stands in docs as it is generated', () => {
    const script = new URL('../../../scripts/generate-spec.ts', import.meta.url).pathname;
    const run = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
    expect(run.stderr).toBe('');
    expect(run.status).toBe(0);
  });
});

describe('the reserved step ids', () => {
  it('are those of every program but the one that runs user steps, and of the second runs of three programs', () => {
    const others = Object.keys(programs).filter((name) => name !== 'script');
    expect([...builtInStepIds].sort()).toEqual([...others, 'kernel', 'kernel-modules', 'refresh'].sort());
  });
});
