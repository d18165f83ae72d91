import fc from 'fast-check';
import { z } from 'zod';
import type { Random } from '../../bench/simulation/random.ts';
import { deref, type Schema } from './described-operations.ts';
import type { Pool } from './pool.ts';

/** What values are made from. */
export interface Source {
  readonly random: Random;
  readonly pool: Pool;
}

/** Values of a JSON document, also of one that is none of ours. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

const objectSchema = z.record(z.string(), z.unknown());
const schemasSchema = z.array(objectSchema);

export function pick<T>(random: Random, from: readonly [T, ...T[]]): T {
  return from[random.integer(0, from.length - 1)] ?? from[0];
}

export const chance = (random: Random, share: number): boolean => random.next() < share;

/** Texts for patterns that name classes of Unicode, which a generator would take seconds to expand. */
const unicodeTexts = ['alpha', 'Zürich 2', 'файл', '中文', 'a b', 'x'.repeat(40), '𝒳1', "o'neill", 'e\u0301a'];

const matching = new Map<string, readonly string[]>();

/** Strings that a pattern takes; the same ones for the same pattern in each run. */
function textsOf(pattern: string): readonly string[] {
  const known = matching.get(pattern);
  if (known !== undefined) return known;
  const expression = new RegExp(pattern, 'u');
  const made = /\\[pP]\{/.test(pattern)
    ? unicodeTexts.filter((text) => expression.test(text))
    : fc.sample(fc.stringMatching(expression, { size: 'small' }), { seed: 1, numRuns: 60 });
  matching.set(pattern, made);
  return made;
}

/**
 * A value that a schema takes, mostly: what keywords say together is left to the check of the whole.
 * @param name of the member or parameter that it is for: what the engine answered under that name may be given back
 */
export function valueFor(given: Schema, source: Source, name = '', depth = 0): Json {
  const { random, pool } = source;
  const schema = deref(given);
  // Schemas that hold themselves end here, whether they are kept or not.
  if (depth > 12) return null;
  if (schema.const !== undefined) return json(schema.const);
  if (Array.isArray(schema.enum)) return json(schema.enum[random.integer(0, schema.enum.length - 1)]);
  const choices = schemasSchema.safeParse(schema.oneOf ?? schema.anyOf).data;
  if (choices !== undefined && choices.length > 0) {
    const chosen = choices[random.integer(0, choices.length - 1)] ?? {};
    return valueFor(chosen, source, name, depth);
  }
  const types = [schema.type].flat().filter((type) => typeof type === 'string');
  switch (types[random.integer(0, Math.max(0, types.length - 1))]) {
    case 'object':
      return objectOf(schema, source, depth);
    case 'array':
      return arrayOf(schema, source, name, depth);
    case 'string':
      return stringOf(schema, source, name);
    case 'integer':
    case 'number':
      return numberOf(schema, random, pool.numberNamed(name, random));
    case 'boolean':
      return chance(random, 0.5);
    case 'null':
      return null;
    default:
      return pick<Json>(random, ['any', 1, null, [], {}]);
  }
}

function objectOf(schema: Schema, source: Source, depth: number): Json {
  const { random } = source;
  const made: Record<string, Json> = {};
  const required = new Set(z.array(z.string()).parse(schema.required ?? []));
  const share = depth > 4 ? 0.05 : 0.35;
  for (const [name, member] of Object.entries(objectSchema.parse(schema.properties ?? {}))) {
    if (required.has(name) || chance(random, share))
      made[name] = valueFor(objectSchema.parse(member), source, name, depth + 1);
  }
  const others = objectSchema.safeParse(schema.additionalProperties).data;
  if (others !== undefined && schema.additionalProperties !== false) {
    const names = objectSchema.safeParse(schema.propertyNames).data ?? { type: 'string', minLength: 1, maxLength: 12 };
    for (let left = random.integer(0, 2); left > 0; left -= 1) {
      made[String(valueFor(names, source, '', depth + 1))] = valueFor(others, source, '', depth + 1);
    }
  }
  return made;
}

function arrayOf(schema: Schema, source: Source, name: string, depth: number): Json {
  const least = z.number().parse(schema.minItems ?? 0);
  const most = Math.min(z.number().parse(schema.maxItems ?? 3), least + (depth > 3 ? 1 : 3));
  const items = objectSchema.parse(schema.items ?? {});
  return Array.from({ length: source.random.integer(least, Math.max(least, most)) }, () =>
    valueFor(items, source, name, depth + 1),
  );
}

function stringOf(schema: Schema, { random, pool }: Source, name: string): string {
  const least = z.number().parse(schema.minLength ?? 0);
  const most = z.number().parse(schema.maxLength ?? 60);
  const fits = (text: string): boolean =>
    text.length >= least &&
    text.length <= most &&
    (typeof schema.pattern !== 'string' || new RegExp(schema.pattern, 'u').test(text));
  const known = pool.textNamed(name, fits, random);
  if (known !== undefined && chance(random, 0.7)) return known;
  if (typeof schema.format === 'string') {
    const made = formatted(schema.format, random);
    if (made !== undefined && fits(made)) return made;
  }
  if (typeof schema.pattern === 'string') {
    const made = textsOf(schema.pattern).filter(fits);
    return made[random.integer(0, Math.max(0, made.length - 1))] ?? '';
  }
  return pick(random, ['x', 'some text', 'Zürich', 'a/b', '0', ' ', '中']).padEnd(least, 'x').slice(0, most);
}

/** A text of a format; undefined where the pattern beside it says more. */
function formatted(format: string, random: Random): string | undefined {
  const day = new Date(Date.UTC(2026, random.integer(0, 11), random.integer(1, 28), random.integer(0, 23)));
  switch (format) {
    case 'date-time':
      return day.toISOString();
    case 'date':
      return day.toISOString().slice(0, 10);
    case 'email':
      return `user${random.integer(1, 99)}@example.com`;
    case 'uri':
      return `https://hooks.example/${random.integer(1, 99)}`;
    default:
      return undefined;
  }
}

function numberOf(schema: Schema, random: Random, known: number | undefined): number {
  const low = z.number().parse(schema.minimum ?? schema.exclusiveMinimum ?? 0);
  const high = z.number().parse(schema.maximum ?? 1_000_000);
  if (known !== undefined && known >= low && known <= high && chance(random, 0.5)) return known;
  const made = pick(random, [low, high, random.integer(low, high), random.integer(low, Math.min(high, low + 10))]);
  return schema.type === 'integer' ? Math.trunc(made) : made;
}

/** What a document holds, as JSON. */
export function json(value: unknown): Json {
  const copy: Json = JSON.parse(JSON.stringify(value) ?? 'null');
  return copy;
}
