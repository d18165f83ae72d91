import { canonicalJson } from '../digest.ts';

/** One place in which two values differ. `path` begins with a dot or a bracket, or is empty for the whole. */
export interface Change {
  readonly path: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** Members by which people tell the entries of a list apart. */
const names = ['path', 'name', 'id', 'type'] as const;

/** Members whose values are told to nobody, not even that they are alike. */
const hidden = ['passwordHash'] as const;
const mask = '(hidden)';

/** Characters that are shown of a text. */
const shown = 160;
/** Characters before the first difference that are shown of a long text. */
const context = 40;

/**
 * The first place in which two canonical JSON texts differ, as people look for it: a member of an object, the entry of
 * a list by its name, what was added to and taken from a list of words. Texts that are no JSON are compared as texts.
 */
export function firstChange(before: string | undefined, after: string | undefined): Change {
  if (before === undefined || after === undefined) {
    return { path: '', before: excerpt(before, 0), after: excerpt(after, 0) };
  }
  const [older, newer] = [parsed(before), parsed(after)];
  for (const change of changesOf(older, newer, '')) return change;
  return changeAt(older, newer, '');
}

/** Every place in which two values that JSON can carry differ, in the order in which `firstChange` looks for the first. */
export function allChanges(before: unknown, after: unknown): Change[] {
  return equal(before, after) ? [] : [...changesOf(before, after, '')];
}

/** Values come from plans, whose inputs are canonical JSON or plain texts such as digests. */
function parsed(text: string): unknown {
  if (!/^[[{"]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The places in which two values that are not equal differ. */
function* changesOf(before: unknown, after: unknown, path: string): Generator<Change> {
  if (Array.isArray(before) && Array.isArray(after)) {
    yield* changesOfLists(before, after, path);
    return;
  }
  if (!isObject(before) || !isObject(after)) {
    yield changeAt(before, after, path);
    return;
  }
  const members = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  for (const member of members) {
    const [one, other] = [before[member], after[member]];
    if (!equal(one, other)) yield* changesOf(one, other, `${path}.${member}`);
  }
}

/** Two values as a whole. */
function changeAt(before: unknown, after: unknown, path: string): Change {
  if (hidden.some((member) => path.endsWith(`.${member}`))) {
    return { path, before: before === undefined ? before : mask, after: after === undefined ? after : mask };
  }
  const [one, other] = [text(before), text(after)];
  const from = firstDifference(one ?? '', other ?? '');
  return { path, before: excerpt(one, from), after: excerpt(other, from) };
}

function* changesOfLists(before: readonly unknown[], after: readonly unknown[], path: string): Generator<Change> {
  let found = false;
  if ([...before, ...after].every(isObject)) {
    const older = entriesOf(before);
    const newer = entriesOf(after);
    for (const name of new Set([...older.keys(), ...newer.keys()])) {
      const [one, other] = [older.get(name), newer.get(name)];
      if (equal(one, other)) continue;
      found = true;
      yield* changesOf(one, other, `${path}[${name}]`);
    }
  } else {
    const taken = before.filter((entry) => !after.some((other) => equal(entry, other)));
    const added = after.filter((entry) => !before.some((other) => equal(entry, other)));
    if (taken.length + added.length > 0) {
      const list = (entries: readonly unknown[]) => excerpt(entries.map((entry) => text(entry)).join(', '), 0);
      found = true;
      yield { path, before: list(taken), after: list(added) };
    }
  }
  // The same entries in another order.
  if (!found) yield { path, before: excerpt(text(before), 0), after: excerpt(text(after), 0) };
}

/** Entries by the member that names them, else by place. */
function entriesOf(list: readonly unknown[]): Map<string, unknown> {
  const entries = new Map<string, unknown>();
  for (const [place, entry] of list.entries()) {
    const name = isObject(entry)
      ? names.map((member) => entry[member]).find((value) => typeof value === 'string')
      : undefined;
    const known = typeof name === 'string' && !entries.has(name) ? name : String(place);
    entries.set(known, entry);
  }
  return entries;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function equal(one: unknown, other: unknown): boolean {
  if (one === undefined || other === undefined) return one === other;
  return canonicalJson(one) === canonicalJson(other);
}

function text(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  return typeof value === 'string' ? value : canonicalJson(masked(value));
}

function masked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(masked);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, hidden.some((one) => one === name) ? mask : masked(member)]),
  );
}

function firstDifference(one: string, other: string): number {
  let place = 0;
  while (place < one.length && one[place] === other[place]) place += 1;
  return place;
}

/** At most `shown` characters of a text, around the place that matters. */
function excerpt(value: string | undefined, from: number): string | undefined {
  if (value === undefined || value.length <= shown) return value;
  const start = Math.max(0, Math.min(from - context, value.length - shown));
  const end = start + shown;
  // Half of a surrogate pair at either end is no text.
  return `${start > 0 ? '…' : ''}${value.slice(start, end)}${end < value.length ? '…' : ''}`.toWellFormed();
}
