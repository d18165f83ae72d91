import type { Draft, DraftPath } from './draft.ts';
import { specName } from './texts.ts';

/** An argument as a shell takes it for one word. */
export function shellWord(argument: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}

/** A command of arguments as a shell takes it. */
export function shellCommand(arguments_: readonly string[]): string {
  return arguments_.map(shellWord).join(' ');
}

/** A name for a script of the first boot, or for a step, that no other has. */
export function scriptName(draft: Draft, kind: 'firstBoot' | 'steps', wanted: string): string {
  const plain = (specName(wanted) ?? 'script')
    .replace(/^(?=[0-9])/, 'script-')
    .slice(0, 40)
    .replace(/-$/, '');
  return draft.freeName(kind, plain);
}

/** A place for a new script of the first boot. */
export function newScript(draft: Draft): DraftPath {
  return ['firstBoot', draft.item()];
}
