import { Command, CommanderError } from 'commander';
import { commandTable } from './command-table.ts';
import { askingCommand } from './completion/scripts.ts';
import { setExit } from './exit.ts';
import { exitCodeTable } from './exit-codes.ts';
import { asCliFailure, failureDocument, failureText } from './failure.ts';
import { processOutput } from './output.ts';
import about from './package.json' with { type: 'json' };

const output = processOutput();
const program = new Command('lbuild')
  .description('Custom Linux images from a spec: start builds, follow them, download what they made.')
  .version(about.version, '-V, --version', 'print the version')
  .addHelpText('after', `\nExit codes:\n${exitCodeTable()}`);

// All of them for the help, and where the name is none, so that the error can say which one was meant.
const [given = ''] = process.argv.slice(2);
const named = commandTable.filter(([name]) => name === given);
const wanted = named.length > 0 ? named : ['-V', '--version'].includes(given) ? [] : commandTable;
for (const [, load] of wanted) program.addCommand(await load(output));
if (given === askingCommand) {
  const { completeCommand } = await import('./commands/completion.ts');
  program.addCommand(completeCommand(output, program), { hidden: true });
}
throwOnExit(program);

/** Commander ends the process where usage is wrong; here it throws, so that exit codes are set in one place. */
function throwOnExit(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) throwOnExit(child);
}

// A reader that has seen enough (`lbuild logs ID | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Its message stands on standard error already; help that was asked for is no failure.
    if (error.exitCode !== 0) setExit('usage');
  } else {
    const failure = asCliFailure(error);
    if (process.argv.includes('--json')) output.document(failureDocument(failure));
    else output.note(failureText(failure));
    setExit(failure.exit);
  }
}
