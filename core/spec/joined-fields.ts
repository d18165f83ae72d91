import { firstBootUnit } from '../plan/programs/first-boot.ts';
import { quoted } from '../text.ts';
import type { FieldPath } from './field-path.ts';
import type { Outline } from './outline.ts';
import { unitName } from './services.ts';
import { type SpecError, specError } from './spec-errors.ts';

/** Errors of fields of which exactly one must be given. */
function oneOf(
  path: FieldPath,
  [first, ...others]: readonly [string, ...string[]],
  given: { readonly [name: string]: unknown },
): SpecError[] {
  const [one, ...more] = [first, ...others].filter((name) => given[name] !== undefined);
  const quotedNames = (names: readonly string[]) => names.map((name) => `\`${name}\``);
  const remedy = `Give either ${quotedNames([first, ...others]).join(' or ')}.`;
  if (one === undefined) {
    const reason = `neither this nor ${quotedNames(others).join(' nor ')} is given`;
    return [specError([...path, first], { code: 'spec.missing', reason, remedy })];
  }
  const reason = `\`${one}\` is given too`;
  return more.map((name) => specError([...path, name], { code: 'spec.invalid_value', reason, remedy }));
}

/** A demand for a new password of which the old one opens nothing: nobody could log in any more, by a key neither. */
function passwordErrors(
  path: FieldPath,
  account: { readonly passwordHash?: unknown; readonly mustChangePassword?: unknown; readonly locked?: unknown },
): SpecError[] {
  if (account.mustChangePassword !== true) return [];
  const at = [...path, 'mustChangePassword'];
  if (account.passwordHash === undefined) {
    const reason = 'the account has no password that could be changed, so nobody could log in, by a key neither';
    return [specError(at, { code: 'spec.invalid_value', reason, remedy: 'Give `passwordHash`, or leave this out.' })];
  }
  if (account.locked !== true) return [];
  const reason =
    '`locked` is true, and whoever changes a password gives the old one: nobody could log in, by a key neither';
  return [specError(at, { code: 'spec.contradiction', reason, remedy: 'Leave out one of the two.' })];
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
  return [specError(['packages', 'remove', place], { code: 'spec.contradiction', reason, remedy })];
}

/** The unit of the first boot, to be kept from starting. */
function unitErrors({ firstBoot, services }: Outline): SpecError[] {
  if (firstBoot.length === 0) return [];
  return (['disable', 'mask'] as const).flatMap((list) =>
    services[list].flatMap((name, index) => {
      if (name === undefined || unitName(name) !== firstBootUnit) return [];
      const reason = `${quoted(name)} runs the scripts of \`firstBoot\`, which contradicts this`;
      const remedy = 'Remove it here, or remove `firstBoot`.';
      return specError(['services', list, index], { code: 'spec.contradiction', reason, remedy });
    }),
  );
}

/** Errors of fields that mean something only together with others of the same object, or with another list. */
export function joinedFieldErrors(outline: Outline): SpecError[] {
  return [
    ...outline.files.flatMap((file, index) =>
      oneOf(['files', index], ['content', 'base64', 'upload'], file ?? { content: null }),
    ),
    ...outline.packages.pins.flatMap((pin, index) =>
      oneOf(['packages', 'pins', index], ['version', 'release'], pin ?? { version: null }),
    ),
    ...outline.users.flatMap((user, index) => passwordErrors(['users', index], user ?? {})),
    ...rootErrors(outline),
    ...removedErrors(outline),
    ...unitErrors(outline),
  ];
}
