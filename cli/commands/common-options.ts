import { Command } from 'commander';
import { z } from 'zod';

/** Options of every command that talks to an engine. */
export const connectionOptionsSchema = z.object({
  url: z.string().optional(),
  apiKey: z.string().optional(),
  profile: z.string().optional(),
  json: z.boolean().default(false),
});

/** A command with the options of those that talk to an engine. */
export function engineCommand(name: string): Command {
  return new Command(name)
    .option('--url <url>', 'address of the engine (else LBUILD_URL, a profile, or the engine of this folder)')
    .option('--api-key <key>', 'API key (else LBUILD_API_KEY, which no list of processes shows)')
    .option('--profile <name>', 'what `lbuild login` stored under this name (else LBUILD_PROFILE)')
    .option('--json', 'answer with one JSON document');
}
