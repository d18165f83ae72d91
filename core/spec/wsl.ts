import { quoted } from '../text.ts';
import { groupReference } from './accounts.ts';
import type { Outline } from './outline.ts';
import { patternText } from './refusal.ts';
import { type SpecError, specError } from './spec-errors.ts';

/** Options of an image for WSL. */
export const wslFields = {
  defaultUser: patternText({
    ...groupReference,
    what: 'the name of a user',
    remedy: 'Name a user of `users`, or root.',
  })
    .optional()
    .describe('User that a shell runs as: one of `users`, or root. Omitted: the first of `users`, else root.'),
};

/** Default users that no one has made. Only users of the spec count: whom a step adds is not known before it has run. */
export function defaultUserErrors({ outputs, users }: Outline): SpecError[] {
  const known = new Set(['root', ...users.map((user) => user?.name)]);
  return outputs.flatMap((output, index) => {
    const name = output?.defaultUser;
    if (name === undefined || known.has(name)) return [];
    return specError(['outputs', index, 'defaultUser'], {
      code: 'spec.unknown_user',
      reason: `there is no user ${quoted(name)} in \`users\``,
      remedy: 'Name one of `users`, or root.',
    });
  });
}
