import { z } from 'zod';
import { sudoCommand } from '../plan/programs/sudo-command.ts';
import { byCodeUnits } from '../text.ts';
import { specLimits } from './limits.ts';
import { patternText } from './refusal.ts';

const commandField = patternText({
  pattern: sudoCommand,
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
          .array(commandField.describe('One command.'))
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
