/** Names longer than this are compared with nothing: nobody mistypes them, and the comparison is quadratic. */
const LONGEST_COMPARED = 64;

/** The least number of insertions, deletions and replacements of one UTF-16 unit that makes `b` of `a` (Levenshtein). */
export function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}

/**
 * The known name that a mistyped one most likely meant, or undefined where none is near. Case, `_` and `-` do not
 * count, one name that begins with the other is near, and otherwise a third of the letters may differ,
 * or two of a short word, since two letters that changed places differ in two.
 */
export function nearestName(mistyped: string, known: readonly string[]): string | undefined {
  if (mistyped.length > LONGEST_COMPARED) return undefined;
  const plain = (name: string) => name.toLowerCase().replaceAll(/[_-]/g, '');
  const wanted = plain(mistyped);
  let best: { name: string; distance: number } | undefined;
  for (const name of known) {
    if (name === mistyped || name.length > LONGEST_COMPARED) continue;
    const candidate = plain(name);
    const begins = wanted.length >= 3 && (candidate.startsWith(wanted) || wanted.startsWith(candidate));
    const distance = begins ? Math.min(1, editDistance(wanted, candidate)) : editDistance(wanted, candidate);
    if (
      distance <= Math.max(wanted.length < 4 ? 1 : 2, Math.floor(wanted.length / 3)) &&
      (best === undefined || distance < best.distance)
    ) {
      best = { name, distance };
    }
  }
  return best?.name;
}

const encoder = new TextEncoder();

/** Bytes of a string's UTF-8. */
export function utf8Length(text: string): number {
  return encoder.encode(text).length;
}

/** Text for a message: in quotes, at most 60 characters, control and formatting characters written as escapes. */
export function quoted(text: string): string {
  const shown = text.length > 60 ? `${text.slice(0, 57)}...` : text;
  return JSON.stringify(shown).replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}

/** Compares by UTF-16 code units: the one order that is the same everywhere. */
export function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
