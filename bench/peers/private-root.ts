import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

const enterScript = join(import.meta.dirname, 'scripts/enter-root.sh');
const searchPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** A tool that did not do its work. */
export class ToolFailure extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ToolFailure';
  }
}

export interface RootCommand {
  /** The root folder that it runs in. */
  readonly root: string;
  /** The folder that it sees as /bench. */
  readonly work: string;
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Folders before the search path. */
  readonly before?: readonly string[];
  /** What it says goes here. */
  readonly logFile: string;
  readonly timeoutSeconds: number;
}

/**
 * Runs a command in a root folder, in namespaces of its own, with nothing of this process' environment.
 * @returns seconds from its start to its end
 * @throws ToolFailure with its last lines where it fails or takes longer than it may
 */
export async function runInRoot(command: RootCommand): Promise<number> {
  mkdirSync(dirname(command.logFile), { recursive: true });
  const log = openSync(command.logFile, 'a');
  const began = performance.now();
  const child = spawn(
    'unshare',
    [
      ...['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child', '--ipc'],
      ...['sh', enterScript, command.root, command.work, ...command.argv],
    ],
    {
      stdio: ['ignore', log, log],
      env: {
        PATH: [...(command.before ?? []), searchPath].join(':'),
        HOME: '/root',
        LC_ALL: 'C.UTF-8',
        ...command.env,
      },
    },
  );
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, command.timeoutSeconds * 1_000);
  try {
    const end = await new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => resolve(code ?? signal));
    });
    const seconds = (performance.now() - began) / 1_000;
    if (late) throw new ToolFailure(`not done after ${command.timeoutSeconds} s`);
    if (end !== 0) throw new ToolFailure(`ended with ${end}: ${lastLines(command.logFile)}`);
    return seconds;
  } finally {
    clearTimeout(timer);
    closeSync(log);
  }
}

/** The last lines of a log that say something, as one line of at most 400 characters. */
function lastLines(file: string): string {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '');
  return stripVTControlCharacters(lines.slice(-5).join(' | ')).slice(-400);
}
