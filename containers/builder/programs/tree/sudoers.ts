import { sudoCommand } from '../../../../core/plan/programs/sudo-command.ts';
import { StepError } from '../../step-error.ts';
import { existsInTree, type TreeAccess, writeTreeFile } from './tree-file.ts';

/** What a user may do by sudo: some commands, or everything where none are named. */
export interface SudoRule {
  readonly passwordless: boolean;
  readonly commands?: readonly string[] | undefined;
}

/**
 * A command as sudoers(5) reads it. Its characters are those that the spec takes; any other is refused here too, since
 * a line end or a wildcard would give rights that nobody asked for.
 */
function commandText(command: string, field: string): string {
  if (!sudoCommand.test(command)) {
    throw new StepError('step.failed', `${field}: ${JSON.stringify(command)} is no command that sudo can be told of`);
  }
  return command.replace(/[,:=]/g, '\\$&');
}

/**
 * Writes /etc/sudoers.d/lbuild-USER, 0440, as sudo demands; it is read after the rules of groups, so it counts.
 * @param field of the spec, for messages
 * @throws StepError where the image has no sudo
 */
export async function writeSudoers(access: TreeAccess, user: string, rule: SudoRule, field: string): Promise<void> {
  if (!/^[a-z][a-z0-9_-]*$/.test(user)) throw new StepError('step.failed', `${field}: ${user} is no name for sudo`);
  if (!(await existsInTree(access, '/usr/bin/sudo'))) {
    throw new StepError('step.failed', `${field}: the image has no sudo; do not remove the package`);
  }
  const commands = rule.commands?.map((command, position) => commandText(command, `${field}.commands[${position}]`));
  const tag = rule.passwordless ? 'NOPASSWD: ' : '';
  const text = (commands ?? ['ALL']).map((command) => `${user} ALL=(ALL:ALL) ${tag}${command}\n`).join('');
  await writeTreeFile(access, `/etc/sudoers.d/lbuild-${user}`, text, { mode: 0o440 });
}
