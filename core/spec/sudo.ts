import { z } from 'zod';
import { byCodeUnits } from '../text.ts';
import { specLimits } from './limits.ts';
import { patternText } from './refusal.ts';

/**
 * A command as sudo takes it: an absolute path, then nothing (any arguments), `""` (none), or exactly these arguments.
 * Wildcards are refused: sudo's `*` matches spaces and slashes, so it lets through more than anyone means. What is left
 * has four characters that sudoers(5) would read as its own (`,` `:` `=`, and the backslash, which is refused); the
 * builder escapes them.
 */
const sudoCommand = patternText({
  pattern: /^(?:\/[A-Za-z0-9_+@-][A-Za-z0-9._+@-]*)+(?: ""|(?: [A-Za-z0-9._+@%/:=,-]+)*)$/,
  maxLength: specLimits.sudoCommandLength.value,
  what: 'a command for sudo',
  remedy:
    'Give an absolute path, then nothing (any arguments), `""` (none), or the arguments: letters, digits and . _ + @ % / : = , - only.',
});

/** What a user may do as another by sudo. */
export const sudoSchema = z
  .union([
    z.literal(true).describe('Everything, after the password of the user.'),
    z
      .strictObject({
        passwordless: z.boolean().default(false).describe('Ask for no password.'),
        commands: z
          .array(sudoCommand.describe('One command.'))
          .min(1)
          .max(specLimits.sudoCommands.value)
          .optional()
          .describe(
            'The commands that are allowed, by absolute path: alone with any arguments, with `""` without any, else with exactly those given. Omitted: all.',
          ),
      })
      .describe('What is allowed, and how.'),
  ])
  .describe(
    'What the user may do as any other by sudo, whose package is installed: `true` is everything, after the password of the user.',
  );

/** What `sudo` of a user means, written out; the order of commands means nothing. */
export interface ResolvedSudo {
  readonly passwordless: boolean;
  readonly commands?: string[];
}

/** Writes the short form out. */
export function resolveSudo(sudo: z.output<typeof sudoSchema>): ResolvedSudo {
  if (sudo === true) return { passwordless: false };
  const { passwordless, commands } = sudo;
  return { passwordless, ...(commands === undefined ? {} : { commands: commands.toSorted(byCodeUnits) }) };
}
