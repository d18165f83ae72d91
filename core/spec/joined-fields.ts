import type { FieldPath } from './field-path.ts';
import type { Outline } from './outline.ts';
import { type SpecError, specError } from './spec-errors.ts';

/** Errors of two fields of which exactly one must be given. */
function oneOf(
  path: FieldPath,
  [first, second]: readonly [string, string],
  given: { readonly [name: string]: unknown },
): SpecError[] {
  const [one, other] = [given[first] !== undefined, given[second] !== undefined];
  if (one !== other) return [];
  const remedy = `Give either \`${first}\` or \`${second}\`.`;
  return [
    one
      ? specError([...path, second], { code: 'spec.invalid_value', reason: `\`${first}\` is given too`, remedy })
      : specError([...path, first], {
          code: 'spec.missing',
          reason: `neither this nor \`${second}\` is given`,
          remedy,
        }),
  ];
}

/** A demand for a new password where there is none to change: nobody could log in any more, by a key neither. */
function passwordErrors(
  path: FieldPath,
  { passwordHash, mustChangePassword }: { passwordHash?: unknown; mustChangePassword?: unknown },
): SpecError[] {
  if (mustChangePassword !== true || passwordHash !== undefined) return [];
  const reason = 'the account has no password that could be changed, so nobody could log in, by a key neither';
  const remedy = 'Give `passwordHash`, or leave this out.';
  return [specError([...path, 'mustChangePassword'], { code: 'spec.invalid_value', reason, remedy })];
}

function rootErrors({ rootAccount }: Outline): SpecError[] {
  if (rootAccount === undefined) return [];
  const errors = passwordErrors(['rootAccount'], rootAccount);
  if (rootAccount.locked === false && rootAccount.passwordHash === undefined) {
    const reason = 'an account without a password cannot be unlocked';
    const remedy = 'Give `passwordHash`, or leave this out: `sshKeys` open the account also where it is locked.';
    errors.push(specError(['rootAccount', 'locked'], { code: 'spec.invalid_value', reason, remedy }));
  }
  return errors;
}

/** A package that another field brings in, to be removed. */
function removedErrors({ packages, users }: Outline): SpecError[] {
  const user = users.findIndex((one) => one?.sudo !== undefined);
  const place = packages.remove.indexOf('sudo');
  if (user < 0 || place < 0) return [];
  const reason = `"sudo" is needed for users[${user}].sudo, which contradicts this`;
  const remedy = 'Remove one of the two.';
  return [specError(['packages', 'remove', place], { code: 'spec.duplicate_name', reason, remedy })];
}

/** Errors of fields that mean something only together with others of the same object, or with another list. */
export function joinedFieldErrors(outline: Outline): SpecError[] {
  return [
    ...outline.files.flatMap((file, index) =>
      oneOf(['files', index], ['content', 'base64'], file ?? { content: null }),
    ),
    ...outline.packages.pins.flatMap((pin, index) =>
      oneOf(['packages', 'pins', index], ['version', 'release'], pin ?? { version: null }),
    ),
    ...outline.users.flatMap((user, index) => passwordErrors(['users', index], user ?? {})),
    ...rootErrors(outline),
    ...removedErrors(outline),
  ];
}
