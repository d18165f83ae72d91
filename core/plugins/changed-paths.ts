import { printable } from '../builds/printable.ts';
import type { JsonValue } from '../digest.ts';
import { type FieldPath, fieldPathText } from '../spec/field-path.ts';
import { isJsonList, isJsonObject } from '../templates/document.ts';
import { pluginLimits } from './limits.ts';

/**
 * The places in which two values differ, as `users[0].name`: a member that came, went or became another; an entry of a
 * list of the same length; else the list. Only places are told, never values, which may be secret.
 * @param most the places that are told; how many more there are is counted
 */
export function changedPaths(
  before: JsonValue,
  after: JsonValue,
  most: number,
): { readonly paths: readonly string[]; readonly more: number } {
  const paths: string[] = [];
  let more = 0;
  for (const path of differences(before, after, [])) {
    if (paths.length < most) paths.push(shownPath(path));
    else more += 1;
  }
  return { paths, more };
}

/** Names in it are a tenant's. */
const shownPath = (path: FieldPath): string =>
  printable(fieldPathText(path)).slice(0, pluginLimits.path.value).toWellFormed();

function* differences(before: JsonValue, after: JsonValue, path: FieldPath): Generator<FieldPath> {
  if (isJsonList(before) && isJsonList(after)) {
    if (before.length !== after.length) yield path;
    else {
      for (const [index, entry] of before.entries()) {
        yield* differences(entry, after[index] ?? null, [...path, index]);
      }
    }
  } else if (isJsonObject(before) && isJsonObject(after)) {
    for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
      const one = Object.hasOwn(before, name) ? before[name] : undefined;
      const other = Object.hasOwn(after, name) ? after[name] : undefined;
      if (one === undefined || other === undefined) yield [...path, name];
      else yield* differences(one, other, [...path, name]);
    }
  } else if (before !== after) yield path;
}
