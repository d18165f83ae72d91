import { Argument, Command } from 'commander';
import { LinuxBuilderClient } from '../../sdk/client.ts';
import { buildLine } from '../build-report.ts';
import { type Candidate, candidatesFor } from '../completion/candidates.ts';
import { askingCommand, completionScripts, filesMark, type Shell, shells } from '../completion/scripts.ts';
import { findConnection } from '../connection.ts';
import type { Output } from '../output.ts';
import { profilesFile, readProfiles } from '../profiles.ts';

/** Milliseconds that a shell waits for an engine before it completes without it. */
const patience = 1_000;
/** A line of the screen each: more are not read. */
const mostBuilds = 20;

/** `lbuild completion SHELL`: prints the script by which a shell completes commands. */
export function completionCommand(output: Output): Command {
  const where = {
    bash: 'source <(lbuild completion bash)      in ~/.bashrc',
    zsh: 'source <(lbuild completion zsh)       in ~/.zshrc, after compinit',
    fish: 'lbuild completion fish | source       in ~/.config/fish/config.fish',
  } as const satisfies Record<Shell, string>;
  return new Command('completion')
    .description('print the script by which a shell completes commands, options, profiles and ids of builds')
    .addArgument(new Argument('<shell>', 'which shell').choices(shells))
    .addHelpText('after', `\n${Object.values(where).join('\n')}`)
    .action((shell: Shell) => output.line(completionScripts[shell].trimEnd()));
}

/** What the scripts ask. It never fails: who presses Tab wants no errors. */
export function completeCommand(output: Output, program: Command): Command {
  return new Command(askingCommand).argument('[word...]').action(async (words: readonly string[]) => {
    const { values, files } = await candidatesFor(program, words, {
      profiles,
      builds: () => builds(optionIn(words, '--profile')),
    });
    for (const { value, description } of values) output.line(`${value}\t${description.split('\n')[0] ?? ''}`);
    if (files) output.line(filesMark);
  });
}

function profiles(): readonly Candidate[] {
  try {
    const known = readProfiles(profilesFile(process.env)).profiles;
    return Object.entries(known).map(([value, { url }]) => ({ value, description: url }));
  } catch {
    // The command itself tells what is wrong with the file.
    return [];
  }
}

/** The value of an option among the words that are typed so far. */
const optionIn = (words: readonly string[], option: string): string | undefined =>
  words.flatMap((word, at) =>
    word === option
      ? words.slice(at + 1, at + 2)
      : word.startsWith(`${option}=`)
        ? [word.slice(option.length + 1)]
        : [],
  )[0];

async function builds(profile: string | undefined): Promise<readonly Candidate[]> {
  try {
    const signal = AbortSignal.timeout(patience);
    const engine = new LinuxBuilderClient({
      ...findConnection({ profile }, process.env, process.cwd()),
      maxRetries: 0,
    });
    const found = await engine.builds.list({ limit: mostBuilds }, { signal }).page();
    return found.builds.map((build) => ({
      value: build.id,
      description: buildLine(build).slice(build.id.length).trim(),
    }));
  } catch {
    // No engine, or none that answers soon: nothing is offered.
    return [];
  }
}
