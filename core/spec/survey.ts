import { quoted, utf8Length } from '../text.ts';
import type { FieldPath } from './field-path.ts';
import { specLimits } from './limits.ts';
import { type SpecError, specError } from './spec-errors.ts';

/** What a look over a whole input found. Where `readable` is false, nothing else may walk the input. */
export interface Survey {
  readonly readable: boolean;
  readonly errors: readonly SpecError[];
}

const unreadable = (error: SpecError): Survey => ({ readable: false, errors: [error] });

function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * Looks over an input before anything trusts it: its size as JSON, its depth, and what no JSON text holds well. It
 * walks without recursion and stops at the limits, so aliases that repeat a part, circles and deep nesting cost no
 * more than a spec of the largest size.
 */
export function surveyInput(input: unknown): Survey {
  const { specBytes, depth: deepest } = specLimits;
  const errors: SpecError[] = [];
  const open: { readonly value: unknown; readonly path: FieldPath }[] = [{ value: input, path: [] }];
  let bytes = 0;

  const countText = (text: string, path: FieldPath) => {
    bytes += text.length > specBytes.value ? text.length : utf8Length(JSON.stringify(text));
    if (!text.isWellFormed()) {
      const reason = 'the text holds half of a surrogate pair, which UTF-8 cannot hold';
      errors.push(specError(path, { code: 'spec.invalid_value', reason, remedy: 'Send the text in UTF-8.' }));
    }
  };

  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, path } = next;
    if (typeof value === 'string') countText(value, path);
    else if (typeof value !== 'object' || value === null) bytes += String(value).length;
    else if (path.length >= deepest.value) {
      const reason = `the spec is nested deeper than ${deepest.value} levels; ${deepest.reason}`;
      return unreadable(specError(path.slice(0, 4), { code: 'spec.too_large', reason, remedy: 'Flatten it.' }));
    } else if (Array.isArray(value)) {
      bytes += 2 + Math.max(0, value.length - 1);
      if (bytes <= specBytes.value) {
        for (let index = value.length - 1; index >= 0; index--)
          open.push({ value: value[index], path: [...path, index] });
      }
    } else if (isPlainObject(value)) {
      const members = Object.entries(value);
      bytes += 2 + members.length + Math.max(0, members.length - 1);
      for (const [key, member] of members.reverse()) {
        if (bytes > specBytes.value) break;
        countText(key, [...path, key]);
        if (key === '__proto__') {
          const reason = `there is no field ${quoted(key)}`;
          errors.push(specError([...path, key], { code: 'spec.unknown_key', reason, remedy: 'Remove it.' }));
        }
        open.push({ value: member, path: [...path, key] });
      }
    } else {
      const reason = 'the value is no list, object, text, number or boolean';
      errors.push(specError(path, { code: 'spec.invalid_value', reason, remedy: 'Write it as text.' }));
    }
    if (bytes > specBytes.value) {
      const reason = `the spec is larger than ${specBytes.value} bytes as JSON; ${specBytes.reason}`;
      const remedy = 'Upload large contents and name them by `files[].upload`, or let a step fetch them.';
      return unreadable(specError([], { code: 'spec.too_large', reason, remedy }));
    }
  }
  return { readable: true, errors };
}
