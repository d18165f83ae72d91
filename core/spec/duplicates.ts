import { byCodeUnits, quoted } from '../text.ts';
import { portName } from './container-images.ts';
import { type FieldPath, fieldPathText } from './field-path.ts';
import type { Outline } from './outline.ts';
import { unitName } from './services.ts';
import { type SpecError, specError } from './spec-errors.ts';

/** A name and where it stands. */
interface Place {
  readonly name: string;
  readonly path: FieldPath;
}

const placed = (names: readonly (string | undefined)[], path: FieldPath, member?: string): Place[] =>
  names.flatMap((name, index) =>
    name === undefined ? [] : { name, path: member === undefined ? [...path, index] : [...path, index, member] },
  );

const placesByName = (places: readonly Place[]): Map<string, FieldPath> =>
  new Map(places.toReversed().map(({ name, path }) => [name, path]));

/** Every place whose name stood before in the same list. */
function repeated(places: readonly Place[], remedy: string): SpecError[] {
  const first = placesByName(places);
  return places.flatMap(({ name, path }) => {
    const earlier = first.get(name);
    if (earlier === undefined || earlier === path) return [];
    const reason = `${quoted(name)} is already given in ${fieldPathText(earlier)}`;
    return specError(path, { code: 'spec.duplicate_name', reason, remedy });
  });
}

/** Every place of one list whose name stands in another that contradicts it. */
function contradicted(places: readonly Place[], others: readonly Place[], remedy: string): SpecError[] {
  const contrary = placesByName(others);
  return places.flatMap(({ name, path }) => {
    const other = contrary.get(name);
    if (other === undefined) return [];
    const reason = `${quoted(name)} is also given in ${fieldPathText(other)}, which contradicts this`;
    return specError(path, { code: 'spec.duplicate_name', reason, remedy });
  });
}

function packageErrors({ packages, kernel }: Outline): SpecError[] {
  const install = placed(packages.install, ['packages', 'install']);
  const remove = placed(packages.remove, ['packages', 'remove']);
  const hold = placed(packages.hold, ['packages', 'hold']);
  const pins = placed(
    packages.pins.map((pin) => pin?.package),
    ['packages', 'pins'],
    'package',
  );
  const kernels = kernel.package === undefined ? [] : [{ name: kernel.package, path: ['kernel', 'package'] }];
  return [
    ...repeated(install, 'Name each package once.'),
    ...repeated(remove, 'Name each package once.'),
    ...repeated(hold, 'Name each package once.'),
    ...repeated(pins, 'Pin each package once.'),
    ...contradicted(remove, [...install, ...kernels, ...hold], 'Name it in one of the two.'),
  ];
}

function numberErrors(
  list: 'users' | 'groups',
  member: 'uid' | 'gid',
  numbers: readonly (number | undefined)[],
): SpecError[] {
  const names = numbers.map((number) => (number === undefined ? undefined : String(number)));
  return repeated(placed(names, [list], member), 'Give each its own number, or leave the numbers out.').map(
    (error) => ({
      ...error,
      code: 'spec.duplicate_number',
    }),
  );
}

/** The key itself, without its comment: two lines with one key are one key. */
const keyOf = (line: string | undefined) => line?.split(' ').slice(0, 2).join(' ');

function accountErrors({ users, groups, rootAccount }: Outline): SpecError[] {
  const userNames = placed(
    users.map((user) => user?.name),
    ['users'],
    'name',
  );
  const groupNames = placed(
    groups.map((group) => group?.name),
    ['groups'],
    'name',
  );
  const rootKeys = placed((rootAccount?.sshKeys ?? []).map(keyOf), ['rootAccount', 'sshKeys']);
  const ofEachUser = users.flatMap((user, index) => {
    const memberships = placed(user?.groups ?? [], ['users', index, 'groups']);
    const own = user?.name === undefined ? [] : [{ name: user.name, path: ['users', index, 'name'] }];
    const sudo = user?.sudo === true ? [] : (user?.sudo?.commands ?? []);
    const commands = placed(sudo, ['users', index, 'sudo', 'commands']);
    const keys = placed((user?.sshKeys ?? []).map(keyOf), ['users', index, 'sshKeys']);
    return [
      ...repeated([...own, ...memberships], 'Name each group once; the own group of the user needs no naming.'),
      ...repeated(keys, 'Give each key once.'),
      ...repeated(commands, 'Give each command once.'),
    ];
  });
  return [
    ...repeated(userNames, 'Give each user a name of its own.'),
    ...repeated(groupNames, 'Name each group once.'),
    ...contradicted(groupNames, userNames, 'Remove the group: each user gets a group of its own name.'),
    ...numberErrors(
      'users',
      'uid',
      users.map((user) => user?.uid),
    ),
    ...numberErrors(
      'groups',
      'gid',
      groups.map((group) => group?.gid),
    ),
    ...ofEachUser,
    ...repeated(rootKeys, 'Give each key once.'),
  ];
}

/** Places that lie below one of some others; `what` says why nothing can be there. */
function belowErrors(places: readonly Place[], others: readonly Place[], what: string): SpecError[] {
  const above = new Set(others);
  // With `/` as the lowest character, what lies below a path follows it at once.
  const byFolder = [...new Set([...others, ...places])]
    .map((place) => ({ place, key: place.name.replaceAll('/', '\0') }))
    .sort((a, b) => byCodeUnits(a.key, b.key));
  const errors: SpecError[] = [];
  let last: (typeof byFolder)[number] | undefined;
  for (const entry of byFolder) {
    if (last !== undefined && entry.key.startsWith(`${last.key}\0`)) {
      const { name, path } = entry.place;
      const reason = `${quoted(name)} lies below ${fieldPathText(last.place.path)}, which is ${what}`;
      errors.push(specError(path, { code: 'spec.path_conflict', reason, remedy: 'Change one of the paths.' }));
    } else if (above.has(entry.place)) last = entry;
  }
  return errors;
}

/** Paths given twice, what lies below a file, which would have to be a folder, and what would be removed again. */
function pathErrors({ directories, files, remove }: Outline): SpecError[] {
  const placesOf = (list: string, entries: readonly ({ path?: string | undefined } | null)[]) =>
    placed(
      entries.map((entry) => entry?.path),
      [list],
      'path',
    );
  const folders = placesOf('directories', directories);
  const written = placesOf('files', files);
  const removed = placesOf('remove', remove);
  const made = [...folders, ...written];
  return [
    ...[written, folders, removed].flatMap((places) => repeated(places, 'Give each path once.')),
    ...contradicted(folders, written, 'Make a file or a folder of it.'),
    ...contradicted(removed, made, 'Name it in one of the two.'),
    ...belowErrors(made, written, 'a file'),
    ...belowErrors([...made, ...removed], removed, 'removed'),
  ];
}

function serviceErrors({ services }: Outline): SpecError[] {
  const units = (list: keyof Outline['services']) =>
    placed(
      services[list].map((name) => (name === undefined ? undefined : unitName(name))),
      ['services', list],
    );
  const [enable, disable, mask] = [units('enable'), units('disable'), units('mask')];
  return [
    ...[enable, disable, mask].flatMap((list) => repeated(list, 'Name each unit once.')),
    ...contradicted(disable, enable, 'Name it in one of the two.'),
    ...contradicted(mask, enable, 'Name it in one of the two: what is masked cannot start.'),
  ];
}

function stepErrors({ steps }: Outline): SpecError[] {
  return [
    ...repeated(
      placed(
        steps.map((step) => step?.id),
        ['steps'],
        'id',
      ),
      'Give each step an id of its own.',
    ),
    ...steps.flatMap((step, index) =>
      repeated(placed(step?.needs ?? [], ['steps', index, 'needs']), 'Name each need once.'),
    ),
  ];
}

function scriptErrors({ firstBoot }: Outline): SpecError[] {
  const names = firstBoot.map((script) => script?.name);
  return repeated(placed(names, ['firstBoot'], 'name'), 'Give each script a name of its own.');
}

function portErrors({ outputs }: Outline): SpecError[] {
  return outputs.flatMap((output, index) => {
    const ports = (output?.exposedPorts ?? []).map((port) => (port === undefined ? undefined : portName(port)));
    return repeated(placed(ports, ['outputs', index, 'exposedPorts']), 'Name each port once.');
  });
}

/** Names that stand twice where they may stand once, or in two lists that contradict each other. */
export function duplicateErrors(outline: Outline): SpecError[] {
  const outputs = placed(
    outline.outputs.map((output) => output?.type),
    ['outputs'],
    'type',
  );
  return [
    ...packageErrors(outline),
    ...accountErrors(outline),
    ...pathErrors(outline),
    ...scriptErrors(outline),
    ...serviceErrors(outline),
    ...stepErrors(outline),
    ...repeated(outputs, 'Ask for each type once.'),
    ...portErrors(outline),
  ];
}
