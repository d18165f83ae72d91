/** A place in a spec: member names and list indices, from the outside in. */
export type FieldPath = readonly (string | number)[];

/** Names longer than this are cut in a path: a path is for people. */
const LONGEST_SHOWN = 80;

/** Writes a place as `users[0].name`; a member whose name is no plain word as `users[0]["a b"]`. The whole spec is ``. */
export function fieldPathText(path: FieldPath): string {
  return path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`;
      if (/^[A-Za-z_][A-Za-z0-9_-]*$/.test(part) && part.length <= LONGEST_SHOWN)
        return index === 0 ? part : `.${part}`;
      return `[${JSON.stringify(part.slice(0, LONGEST_SHOWN))}]`;
    })
    .join('');
}

/** The value at a place, or undefined where there is none. Reads own members only. */
export function valueAt(value: unknown, path: FieldPath): unknown {
  let current = value;
  for (const part of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, part)) return undefined;
    current = Reflect.get(current, part);
  }
  return current;
}

/** Reads what `fieldPathText` wrote. Names that were cut are read as they are shown. */
export function readFieldPath(text: string): FieldPath {
  const part = /\.?([A-Za-z_][A-Za-z0-9_-]*)|\[([0-9]+)\]|\[("(?:[^"\\]|\\.)*")\]/g;
  return [...text.matchAll(part)].map(([, name, index, quoted]) => {
    if (index !== undefined) return Number(index);
    return quoted === undefined ? (name ?? '') : String(JSON.parse(quoted));
  });
}
