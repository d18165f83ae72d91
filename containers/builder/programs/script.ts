/**
 * script: runs a step of the build spec in the tree, as root, confined (docs/architecture.md, "The script environment").
 *
 *   run: "install -d /srv/site"   Required. /bin/sh -e runs it, or the interpreter that its first line names with #!.
 *   network: false                Internet sockets are refused unless true.
 *   timeoutSeconds: 600           Then it is ended: script.timeout.
 *
 * Any exit code but 0 is script.failed with that code. The script is handed over as a file of the tree's /tmp, which
 * no layer keeps, so that its text is never a command line. A script that brought sshd in also gets the unit that
 * makes host keys at the first boot.
 */
import { rm } from 'node:fs/promises';
import { script as declaration } from '../../../core/plan/programs/script.ts';
import type { OptionsOf, ProgramContext, ProgramOutcome, StepProgram } from '../contract.ts';
import { StepError } from '../step-error.ts';
import { ensureHostKeyUnit } from './tree/host-keys.ts';
import { writeTreeFile } from './tree/tree-file.ts';

type Options = OptionsOf<typeof declaration>;

const scriptPath = '/tmp/lbuild-script';
const everyExitCode = Array.from({ length: 256 }, (_, code) => code);

async function run(context: ProgramContext<Options>): Promise<ProgramOutcome> {
  const { run: text, network, timeoutSeconds } = context.options;
  await writeTreeFile(context, scriptPath, text, { mode: 0o700 });
  const argv: readonly [string, ...string[]] = text.startsWith('#!') ? [scriptPath] : ['/bin/sh', '-e', scriptPath];
  const code = await exitCodeOf(context, argv, network, timeoutSeconds);
  if (code !== 0) throw new StepError('script.failed', `The script ended with exit code ${code}.`, code);
  await rm(await context.resolveInTree(scriptPath), { force: true, recursive: true });
  await ensureHostKeyUnit(context);
  return {};
}

async function exitCodeOf(
  context: ProgramContext<Options>,
  argv: readonly [string, ...string[]],
  network: boolean,
  timeoutSeconds: number,
): Promise<number> {
  try {
    const result = await context.exec(argv, {
      confinement: network ? 'script-network' : 'script',
      okCodes: everyExitCode,
      timeoutSeconds,
    });
    return result.code;
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    if (error.code === 'step.timeout') {
      throw new StepError('script.timeout', `The script was ended after its ${timeoutSeconds} seconds.`);
    }
    // What is left is a death by a signal, which has no exit code of its own.
    if (error.code === 'step.failed') throw new StepError('script.failed', error.message, error.exitCode);
    throw error;
  }
}

export const script: StepProgram<typeof declaration.options> = { declaration, run };
