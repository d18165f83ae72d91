import { quoted } from '../text.ts';
import { embeddedSpecPath } from './embedded-spec.ts';
import { type FieldPath, fieldPathText } from './field-path.ts';
import type { Outline } from './outline.ts';
import { type SpecError, specError } from './spec-errors.ts';

/** A path that the engine makes for a field. */
interface MadePath {
  readonly path: string;
  readonly field: FieldPath;
}

/** What accounts and pins become in the image, and its spec. A pin as a whole: one file holds all. */
function madePaths({ users, rootAccount, packages, embedSpec }: Outline): MadePath[] {
  const keysOf = (home: string, field: FieldPath, keys: readonly unknown[] | undefined) =>
    keys === undefined || keys.length === 0 ? [] : [{ path: `${home}/.ssh/authorized_keys`, field }];
  const ofUsers = users.flatMap((user, index): MadePath[] => {
    const name = user?.name;
    if (name === undefined) return [];
    const home = user?.home ?? `/home/${name}`;
    const sudo = { path: `/etc/sudoers.d/lbuild-${name}`, field: ['users', index, 'sudo'] };
    return [
      { path: home, field: ['users', index, 'home'] },
      ...keysOf(home, ['users', index, 'sshKeys'], user?.sshKeys),
      ...(user?.sudo === undefined ? [] : [sudo]),
    ];
  });
  const pins = { path: '/etc/apt/preferences.d/lbuild.pref', field: ['packages', 'pins'] };
  return [
    ...ofUsers,
    ...keysOf('/root', ['rootAccount', 'sshKeys'], rootAccount?.sshKeys),
    ...(packages.pins.length === 0 ? [] : [pins]),
    ...(embedSpec === true ? [{ path: embeddedSpecPath, field: ['embedSpec'] }] : []),
  ];
}

/** Removals of what accounts, pins and `embedSpec` of the same spec make. */
export function removedResultErrors(outline: Outline): SpecError[] {
  const made = madePaths(outline);
  return outline.remove.flatMap((removal, index) => {
    const path = removal?.path;
    const lost = path === undefined ? undefined : made.find((one) => `${one.path}/`.startsWith(`${path}/`));
    if (path === undefined || lost === undefined) return [];
    const field = fieldPathText(lost.field);
    const reason = `${quoted(lost.path)} is made for \`${field}\`, and this takes it away again`;
    const remedy = `Remove it here, or change \`${field}\`.`;
    return specError(['remove', index, 'path'], { code: 'spec.contradiction', reason, remedy });
  });
}
