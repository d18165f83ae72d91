import type { z } from 'zod';
import type { FieldError } from '../../core/errors.ts';

/** A place in a document as users write it: `packages.install[2]`; a key that is no plain word is quoted. */
export function placeOf(path: readonly PropertyKey[], root = ''): string {
  let place = root;
  for (const part of path) {
    if (typeof part === 'number') place += `[${part}]`;
    else if (/^[A-Za-z_][A-Za-z0-9_-]*$/.test(String(part))) place += place === '' ? String(part) : `.${String(part)}`;
    else place += `[${JSON.stringify(String(part))}]`;
  }
  return place;
}

/** All that a schema found wrong, one entry each. `root` names the part of the request: `query`, `path`, `` for the body. */
export function fieldErrors(error: z.ZodError, root: string): readonly FieldError[] {
  return error.issues.flatMap((issue) => fieldErrorsOf(issue, root));
}

function fieldErrorsOf(issue: z.core.$ZodIssue, root: string): readonly FieldError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: placeOf([...issue.path, key], root),
      code: 'field.unknown',
      reason: 'there is no such field here',
      remedy: 'remove it; /v1/openapi.json lists the fields',
    }));
  }
  return [
    {
      path: placeOf(issue.path, root),
      code: codeOf(issue),
      reason: reasonOf(issue),
      remedy: 'see /v1/openapi.json for what this field may hold',
    },
  ];
}

function codeOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') return issue.input === undefined ? 'field.missing' : 'field.type';
  if (issue.code === 'too_big') return 'field.too_large';
  if (issue.code === 'too_small') return 'field.too_small';
  return 'field.invalid';
}

function reasonOf(issue: z.core.$ZodIssue): string {
  return issue.message.charAt(0).toLowerCase() + issue.message.slice(1);
}
