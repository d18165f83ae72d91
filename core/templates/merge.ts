import type { JsonValue } from '../digest.ts';
import type { FieldError } from '../errors.ts';
import { type FieldPath, fieldPathText } from '../spec/field-path.ts';
import { isJsonList, isJsonObject, isListPart, isObjectPart, type Part } from './document.ts';

/**
 * Laying one document over another: what a spec says over the template that it names, what a template says over the one
 * that it extends.
 * - Objects merge, member by member.
 * - Lists append: what is laid over comes after, less the plain values that are there already. Where entries have a name
 *   (`keyedLists`), one of the same name is laid over that entry, in its place.
 * - Any other value replaces the one beneath.
 * - `null` takes out what is beneath.
 * - `{ $replace: value }` puts a value in the place of what is beneath, whatever that is.
 */

/** Lists whose entries have a name, by the member that holds it. */
export const keyedLists: ReadonlyMap<string, string> = new Map([
  ['archives', 'name'],
  ['directories', 'path'],
  ['disk.partitions', 'mountPoint'],
  ['files', 'path'],
  ['firstBoot', 'name'],
  ['groups', 'name'],
  ['outputs', 'type'],
  ['packages.pins', 'package'],
  ['remove', 'path'],
  ['steps', 'id'],
  ['users', 'name'],
]);

/** The member whose value is put in place of what is beneath. */
export const replaceMember = '$replace';

export interface Merged {
  /** Absent: nothing is left. */
  readonly part: Part | undefined;
  readonly errors: readonly FieldError[];
}

/**
 * Lays a document over another.
 * @param path where `over` stands in what its author wrote: errors and origins name places there
 */
export function mergeDocuments(base: Part | undefined, over: JsonValue, path: FieldPath = []): Merged {
  const errors: FieldError[] = [];
  const part = lay(base, over, { path, place: '' }, errors);
  return { part, errors };
}

interface At {
  readonly path: FieldPath;
  /** The same from the root of the spec, without the indices of lists: what `keyedLists` are known by. */
  readonly place: string;
}

const within = ({ path, place }: At, name: string): At => ({
  path: [...path, name],
  place: place === '' ? name : `${place}.${name}`,
});

function lay(base: Part | undefined, over: JsonValue, at: At, errors: FieldError[]): Part | undefined {
  if (over === null) return undefined;
  const origin = { layer: 'over', path: at.path } as const;
  if (isJsonList(over)) {
    return { origin, content: isListPart(base) ? append(base.content, over, at, errors) : entriesOf(over, at, errors) };
  }
  if (!isJsonObject(over)) return { origin, content: over };
  if (Object.hasOwn(over, replaceMember)) {
    if (Object.keys(over).length > 1) {
      errors.push({
        path: fieldPathText(at.path),
        code: 'template.merge_invalid',
        reason: `${replaceMember} stands beside other members`,
        remedy: `Write all that is to be there below ${replaceMember}, or merge without it.`,
      });
    }
    return lay(undefined, over[replaceMember] ?? null, { ...at, path: [...at.path, replaceMember] }, errors);
  }
  const members = new Map(isObjectPart(base) ? base.content : []);
  for (const [name, value] of Object.entries(over)) {
    const merged = lay(members.get(name), value, within(at, name), errors);
    if (merged === undefined) members.delete(name);
    else members.set(name, merged);
  }
  return { origin, content: members };
}

/** The entries of a list over which there is none beneath. */
function entriesOf(over: readonly JsonValue[], at: At, errors: FieldError[]): Part[] {
  return over.map((entry, index) => entryOf(undefined, entry, at, index, errors));
}

/** An entry. `null` in a list takes nothing out: it stays, and the check of the spec names it. */
function entryOf(base: Part | undefined, entry: JsonValue, at: At, index: number, errors: FieldError[]): Part {
  const path = [...at.path, index];
  return lay(base, entry, { path, place: at.place }, errors) ?? { origin: { layer: 'over', path }, content: null };
}

function append(base: readonly Part[], over: readonly JsonValue[], at: At, errors: FieldError[]): Part[] {
  const key = keyedLists.get(at.place);
  const entries = [...base];
  const positions = key === undefined ? new Map<string, number>() : positionsBy(base, key);
  const plain = new Set(base.map(({ content }) => content));
  for (const [index, entry] of over.entries()) {
    if (!isJsonObject(entry) && !isJsonList(entry)) {
      if (!plain.has(entry)) entries.push(entryOf(undefined, entry, at, index, errors));
      continue;
    }
    const name = key !== undefined && isJsonObject(entry) && Object.hasOwn(entry, key) ? entry[key] : undefined;
    const position = typeof name === 'string' ? positions.get(name) : undefined;
    if (typeof name !== 'string' || position === undefined) {
      entries.push(entryOf(undefined, entry, at, index, errors));
      continue;
    }
    // A second entry of the name is the author's mistake, and stays for the check of the spec to name.
    positions.delete(name);
    entries[position] = entryOf(base[position], entry, at, index, errors);
  }
  return entries;
}

function positionsBy(list: readonly Part[], key: string): Map<string, number> {
  const positions = new Map<string, number>();
  for (const [position, part] of list.entries()) {
    const name = isObjectPart(part) ? part.content.get(key)?.content : undefined;
    if (typeof name === 'string' && !positions.has(name)) positions.set(name, position);
  }
  return positions;
}
