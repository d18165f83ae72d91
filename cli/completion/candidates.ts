import type { Argument, Command, Option } from 'commander';

/** What may stand where a user presses Tab. */
export interface Candidates {
  readonly values: readonly Candidate[];
  /** Names of files may stand there too. */
  readonly files: boolean;
}
export interface Candidate {
  readonly value: string;
  readonly description: string;
}

/** Kinds of values that only a question answers. Each must answer soon, and with nothing where it cannot. */
export interface Sources {
  readonly profiles: () => readonly Candidate[];
  readonly builds: () => Promise<readonly Candidate[]>;
}

/** Commands whose arguments are ids of builds. */
const ofBuilds = new Set('cancel diff download lock logs open resume retry status trace verify'.split(' '));

/** Values of options that are files or folders, as their names in the help say. */
const fileArguments = /^(?:files?|spec|folder|dir|template)$/;

const nothing: Candidates = { values: [], files: false };

/**
 * What may stand at the last of these words: `lbuild` is not among them, and the last one is what was typed of it, which may
 * be empty. Shells keep of the answer what begins so.
 */
export async function candidatesFor(program: Command, words: readonly string[], sources: Sources): Promise<Candidates> {
  const typed = words.at(-1) ?? '';
  const { command, path, given, open } = walk(program, words.slice(0, -1));
  if (open !== undefined) return valuesOf(open, sources);
  if (typed.startsWith('-')) return { values: optionsOf(command), files: false };
  if (command.commands.length > 0) return { values: commandsOf(command), files: false };
  const argument = argumentAt(command, given);
  if (argument === undefined) return { values: optionsOf(command), files: false };
  if (argument.argChoices !== undefined) return plain(argument.argChoices);
  if (ofBuilds.has(path)) return { values: await sources.builds(), files: false };
  if (path === 'profiles use' || path === 'logout') return { values: sources.profiles(), files: false };
  return { values: [], files: fileArguments.test(argument.name()) };
}

/** Where the words before lead: the command, how many arguments it has got, and the option whose value is to come. */
function walk(
  program: Command,
  words: readonly string[],
): { command: Command; path: string; given: number; open: Option | undefined } {
  let command = program;
  const path: string[] = [];
  let given = 0;
  let open: Option | undefined;
  let only = false;
  for (const word of words) {
    if (open !== undefined && !word.startsWith('-')) {
      // One that takes several goes on until the next option.
      if (!open.variadic) open = undefined;
      continue;
    }
    if (!only && word === '--') only = true;
    else if (!only && word.startsWith('-')) open = word.includes('=') ? undefined : takesValue(command, word);
    else {
      const child = only ? undefined : command.commands.find((one) => [one.name(), ...one.aliases()].includes(word));
      if (child === undefined) given += 1;
      else {
        command = child;
        path.push(child.name());
      }
    }
  }
  return { command, path: path.join(' '), given, open };
}

function takesValue(command: Command, word: string): Option | undefined {
  const option = command.options.find(({ short, long }) => word === short || word === long);
  return option !== undefined && (option.required || option.optional) ? option : undefined;
}

function valuesOf(option: Option, sources: Sources): Candidates {
  if (option.argChoices !== undefined) return plain(option.argChoices);
  if (option.long === '--profile') return { values: sources.profiles(), files: false };
  const name = /[<[]([a-z-]+)/.exec(option.flags)?.[1] ?? '';
  return fileArguments.test(name) ? { values: [], files: true } : nothing;
}

const plain = (values: readonly string[]): Candidates => ({
  values: values.map((value) => ({ value, description: '' })),
  files: false,
});

const optionsOf = (command: Command): Candidate[] =>
  [...command.options, { hidden: false, long: '--help', description: 'show the help of this command' }].flatMap(
    ({ hidden, long, description }) =>
      hidden || long === null || long === undefined ? [] : [{ value: long, description }],
  );

const commandsOf = (command: Command): Candidate[] =>
  command
    .createHelp()
    .visibleCommands(command)
    .map((child) => ({ value: child.name(), description: child.description() }));

function argumentAt(command: Command, given: number): Argument | undefined {
  const last = command.registeredArguments.at(-1);
  return command.registeredArguments[given] ?? (last?.variadic === true ? last : undefined);
}
