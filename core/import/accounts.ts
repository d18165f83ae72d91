import { sudoCommand } from '../plan/programs/sudo-command.ts';
import type { DraftPath } from './draft.ts';
import { type Foreign, textOf } from './foreign.ts';
import { changed, type Reader, type Scope } from './rules.ts';

/** The place of an account in the spec: root has one of its own. */
export function accountPlace({ draft }: Scope, name: string): DraftPath {
  return name === 'root' ? ['rootAccount'] : ['users', draft.named(['users'], name)];
}

/** Whether the account of a place is the administrator's, who has fewer fields. */
const isRoot = (at: DraftPath): boolean => at[0] === 'rootAccount';

/** Begins to read an account by the member that names it; without a name all of it is dropped. */
export function enterAccount(name: string, node: Foreign, scope: Scope): Scope | undefined {
  const given = textOf(node, name);
  if (given === undefined) {
    scope.draft.say(node, 'dropped', `an account without a ${name} is none`);
    return undefined;
  }
  return { ...scope, at: accountPlace(scope, given) };
}

/** Puts the name of an account. */
export const putName: Reader<string> = (value, node, { draft, at }) => {
  if (isRoot(at)) draft.say(node, 'taken', 'root, who has `rootAccount`');
  else draft.put([...at, 'name'], value, node);
};

/** Puts a field that users have and root has not. */
export function putUserField(field: string): Reader<unknown> {
  return (value, node, { draft, at }) => {
    if (isRoot(at)) draft.say(node, 'dropped', `root keeps what it has: \`rootAccount\` has no \`${field}\``);
    else draft.put([...at, field], value, node);
  };
}

/** Puts public keys, one a line. */
export const putKeys: Reader<string> = (value, node, { draft, at }) => {
  const lines = value.split(/\r?\n/).filter((line) => line.trim() !== '' && !line.trimStart().startsWith('#'));
  if (lines.length === 0) draft.say(node, 'dropped', 'it holds no key');
  for (const line of lines) {
    const key = line.trim().replaceAll(/[\t ]+/g, ' ');
    // Two users may have one key, but one user has it once.
    draft.add([...at, 'sshKeys'], key, node, lines.length > 1 ? changed('each line is a key of its own') : {});
  }
};

/** A home folder, without the slash at its end. */
export const putHome: Reader<string> = (value, node, { draft, at }) => {
  if (isRoot(at)) return draft.say(node, 'dropped', 'root has its home at /root');
  let end = value.length;
  while (end > 1 && value[end - 1] === '/') end -= 1;
  const home = value.slice(0, end);
  draft.put([...at, 'home'], home, node, home === value ? {} : changed('without the slash at its end'));
  return undefined;
};

/** Groups whose members may do everything by sudo, in one distribution or another. */
const sudoGroups = ['wheel', 'sudo', 'admin'];

/** Puts the membership in a group. */
export const putGroup: Reader<string> = (value, node, { draft, at }) => {
  if (isRoot(at)) return draft.say(node, 'dropped', 'root needs no groups');
  if (value === draft.find([...at, 'name'])?.value) {
    return draft.say(node, 'taken', 'each user has a group of its own name');
  }
  if (!sudoGroups.includes(value)) {
    draft.add([...at, 'groups'], value, node);
    return undefined;
  }
  if (draft.entries.some(({ at: place }) => place[1] === at[1] && place[2] === 'sudo' && place[3] === 'commands')) {
    return draft.say(node, 'dropped', `the rules of sudo name commands, and members of ${value} may do everything`);
  }
  const note = `members of ${value} may do everything by sudo: \`sudo\` says that, and has the package installed`;
  if (draft.find([...at, 'sudo', 'passwordless']) === undefined) {
    draft.put([...at, 'sudo', 'passwordless'], false, node, changed(note));
  } else {
    draft.say(node, 'changed', note, draft.find([...at, 'sudo', 'passwordless']));
  }
  return undefined;
};

/** A rule of sudoers(5) as far as a spec can say it. */
export interface SudoRule {
  readonly passwordless: boolean;
  /** All where absent. */
  readonly commands?: readonly string[];
}

/** Reads the part of a line of sudoers behind the name of the user; undefined of what a spec cannot say. */
export function readSudoRule(line: string): SudoRule | undefined {
  const found = /^ALL\s*=\s*(?:\(\s*ALL\s*(?::\s*ALL\s*)?\)\s*)?((?:NO)?PASSWD:\s*)?(\S.*)$/.exec(line.trim());
  if (found === null) return undefined;
  const passwordless = found[1]?.startsWith('NO') ?? false;
  if (found[2] === 'ALL') return { passwordless };
  const commands = (found[2] ?? '').split(',').map((command) => command.trim());
  return commands.every((command) => sudoCommand.test(command)) ? { passwordless, commands } : undefined;
}

/** Puts what a user may do by sudo. */
export function putSudo({ passwordless, commands }: SudoRule, node: Foreign, { draft, at }: Scope): void {
  if (isRoot(at)) {
    draft.say(node, 'dropped', 'root needs no sudo');
    return;
  }
  draft.put([...at, 'sudo', 'passwordless'], passwordless, node);
  for (const command of commands ?? []) draft.add([...at, 'sudo', 'commands'], command, node);
}
