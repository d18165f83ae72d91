import type { FieldError } from '../../core/errors.ts';
import { placeOf } from './schema-errors.ts';

/** Places that are told: a body can hold thousands. */
const mostTold = 20;

/** Characters of a place that are told. */
const longestPath = 300;

/** A value of a body, and how it is reached: as a chain, since a path for each would grow with the square of the depth. */
interface Reached {
  readonly value: object;
  readonly name: string | number;
  readonly within: Reached | undefined;
}

/**
 * Members called `__proto__`, anywhere in a body. Schemas of records leave such a member out without a word, so that a
 * caller would be told that all of it was taken. Works without recursion: a body may be nested as deep as it is long.
 */
export function refusedNames(body: unknown): FieldError[] {
  const found: FieldError[] = [];
  const waiting: Reached[] = [];
  const add = (value: unknown, name: string | number, within: Reached | undefined): void => {
    if (typeof value === 'object' && value !== null) waiting.push({ value, name, within });
  };
  add(body, '', undefined);
  for (let next = waiting.pop(); next !== undefined && found.length < mostTold; next = waiting.pop()) {
    const isList = Array.isArray(next.value);
    for (const [name, member] of Object.entries(next.value)) {
      if (isList) add(member, Number(name), next);
      else if (name !== '__proto__') add(member, name, next);
      else {
        found.push({
          path: placeOf([...pathOf(next), name]).slice(0, longestPath),
          ...{ code: 'field.unknown', reason: 'no field has this name', remedy: 'remove it' },
        });
      }
    }
  }
  return found;
}

function pathOf(reached: Reached): (string | number)[] {
  const path: (string | number)[] = [];
  for (let at = reached; at.within !== undefined; at = at.within) path.push(at.name);
  return path.reverse();
}
