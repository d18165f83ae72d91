import type { Random } from '../../bench/simulation/random.ts';
import { chance, type Json, pick } from './values.ts';

/** Texts that have broken other systems: controls, Unicode at its edges, other languages' syntax, paths, formats. */
export const hostileTexts: readonly [string, ...string[]] = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\n',
  'a\r\nX-Injected: 1',
  '\u202Etxt',
  '\uFEFF',
  '\uFFFF',
  '\uD800',
  'e\u0301'.repeat(50),
  '👩‍👩‍👧‍👦',
  'İ',
  '../../../../etc/passwd',
  '..',
  '.',
  '/',
  '%2e%2e%2f',
  '%00',
  '%',
  '{{7*7}}',
  "' OR 1=1 --",
  '<script>alert(1)</script>',
  '$(id)',
  '`id`',
  '__proto__',
  'constructor',
  'toString',
  'null',
  'undefined',
  'NaN',
  '1e400',
  '-0',
  '0x10',
  ' 5',
  '５',
  '2026-02-30',
  '2026-13-01T00:00:00Z',
  '9999-12-31T23:59:59.999999999Z',
  '+275760-09-13T00:00:00.001Z',
  'a'.repeat(300),
  'a'.repeat(5_000),
  '#',
  'bld_00000000000000000000000000',
  'ten_ZZZZZZZZZZZZZZZZZZZZZZZZZZ',
  '1.0.0-'.repeat(30),
  '*',
  '()',
  '(((((((((((((((((((((((((((((',
  '[a-',
  'http://[::1',
  'http://169.254.169.254/latest/meta-data/',
  'file:///etc/passwd',
];

const hostileNumbers: readonly [number, ...number[]] = [
  0,
  -1,
  1.5,
  0.1,
  2 ** 31,
  2 ** 53,
  2 ** 53 - 1,
  -(2 ** 63),
  1e21,
  1e308,
  Number.MIN_VALUE,
];

/** A value of any kind but, mostly, the one that is wanted. */
export function hostileValue(random: Random): Json {
  switch (random.integer(0, 7)) {
    case 0:
    case 1:
    case 2:
      return pick(random, hostileTexts);
    case 3:
      return pick(random, hostileNumbers);
    case 4:
      return pick<Json>(random, [null, true, false]);
    case 5:
      return pick<Json>(random, [[], {}, [[]], [null], { '': null }, [{}]]);
    case 6:
      return deep(random.integer(10, 400));
    default:
      return Array.from({ length: random.integer(50, 600) }, (_, index) => index);
  }
}

/** Lists in lists. */
function deep(levels: number): Json {
  let made: Json = 'deep';
  for (let level = 0; level < levels; level += 1) made = level % 2 === 0 ? [made] : { a: made };
  return made;
}

/** A value that differs in one place, by one of the ways in which a request is nearly right. */
export function mutated(value: Json, random: Random): Json {
  if (typeof value !== 'object' || value === null || chance(random, 0.15)) return changed(value, random);
  if (Array.isArray(value)) {
    if (value.length === 0) return chance(random, 0.5) ? [hostileValue(random)] : hostileValue(random);
    const at = random.integer(0, value.length - 1);
    switch (random.integer(0, 3)) {
      case 0:
        return value.filter((_, index) => index !== at);
      case 1:
        return [...value, ...Array.from({ length: random.integer(1, 200) }, () => value[at] ?? null)];
      default:
        return value.map((item, index) => (index === at ? mutated(item, random) : item));
    }
  }
  return mutatedObject(Object.entries(value), random);
}

function mutatedObject(entries: readonly (readonly [string, Json])[], random: Random): Json {
  const at = random.integer(0, Math.max(0, entries.length - 1));
  const [name = 'none', content = null] = entries[at] ?? [];
  switch (random.integer(0, 6)) {
    case 0:
      return object(entries.filter((_, index) => index !== at));
    case 1:
      return object([...entries, [pick(random, ['unknown', '', '__proto__', 'constructor', name.toUpperCase()]), 1]]);
    case 2:
      return object(entries.map(([key, item], index) => [index === at ? `${name} ` : key, item]));
    case 3:
      return object(entries.map(([key, item], index) => [key, index === at ? changed(content, random) : item]));
    default:
      return object(entries.map(([key, item], index) => [key, index === at ? mutated(content, random) : item]));
  }
}

/** Keeps `__proto__` as a member like all others. */
const object = (entries: readonly (readonly [string, Json])[]): Json => {
  const made: Record<string, Json> = Object.create(null);
  for (const [name, content] of entries) {
    Object.defineProperty(made, name, { value: content, enumerable: true, configurable: true, writable: true });
  }
  return made;
};

/** Another value in a value's place: near to it, or hostile. */
function changed(value: Json, random: Random): Json {
  if (chance(random, 0.4)) return hostileValue(random);
  if (typeof value === 'string') {
    return pick(random, [
      `${value}\0`,
      value.toUpperCase(),
      value.slice(0, -1),
      value + value,
      ` ${value}`,
      value.padEnd(500, 'x'),
      [value],
      value.length,
    ]);
  }
  if (typeof value === 'number') return pick<Json>(random, [value + 1, -value, value + 0.5, value * 1e6, `${value}`]);
  if (typeof value === 'boolean') return pick<Json>(random, [`${value}`, 1, 0]);
  return pick<Json>(random, [null, 'text', 7, [value]]);
}
