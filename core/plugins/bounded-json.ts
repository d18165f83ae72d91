import type { JsonValue } from '../digest.ts';

/** Text of JSON, read; or what is wrong with it, as a sentence's part. */
export type BoundedJson =
  | { readonly ok: true; readonly value: JsonValue }
  | { readonly ok: false; readonly reason: string };

const no = (reason: string): BoundedJson => ({ ok: false, reason });

/**
 * Reads JSON that somebody hostile wrote. How deep it is nested is seen before anything is made of it, so that nothing
 * that walks the value later can run out of stack; a member `__proto__` is refused, which a careless copy would take for
 * the prototype, and so are texts that UTF-8 cannot hold.
 * @param text no longer than the caller wants to read
 * @param depth nested lists and objects
 */
export function readBoundedJson(text: string, depth: number): BoundedJson {
  if (nestingOf(text) > depth) return no(`it is nested deeper than ${depth} levels`);
  let value: JsonValue;
  try {
    value = JSON.parse(text);
  } catch {
    return no('it is no JSON');
  }
  const fault = faultOf(value);
  return fault === undefined ? { ok: true, value } : no(fault);
}

/** How deep lists and objects are nested, of text that may be no JSON: brackets within quotes do not count. */
function nestingOf(text: string): number {
  let [depth, deepest, isQuoted] = [0, 0, false];
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (isQuoted) {
      if (character === '\\') at += 1;
      else if (character === '"') isQuoted = false;
    } else if (character === '"') isQuoted = true;
    else if (character === '[' || character === '{') {
      depth += 1;
      deepest = Math.max(deepest, depth);
    } else if (character === ']' || character === '}') depth -= 1;
  }
  return deepest;
}

const halfPair = 'a text in it holds half of a surrogate pair';

function faultOf(value: JsonValue): string | undefined {
  if (typeof value === 'string') return value.isWellFormed() ? undefined : halfPair;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [name, member] of Object.entries(value)) {
    if (name === '__proto__') return 'an object in it has the member `__proto__`';
    if (!name.isWellFormed()) return halfPair;
    const fault = faultOf(member);
    if (fault !== undefined) return fault;
  }
  return undefined;
}
