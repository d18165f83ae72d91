import { spawn } from 'node:child_process';

/** The agent's own environment for the tools that it calls itself: nothing is inherited. */
export const toolEnvironment: NodeJS.ProcessEnv = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
};

/** How a tool runs. */
export interface Running {
  /** Nobody waits for it first: where processors are scarce, they are others'. */
  readonly background?: boolean | undefined;
  /** Ends it by force. */
  readonly signal?: AbortSignal | undefined;
}

/** A command as it is run: with less of the processors where it runs in the background. */
export function inBackground(
  argv: readonly [string, ...string[]],
  { background }: Pick<Running, 'background'>,
): readonly [string, ...string[]] {
  return background === true ? ['nice', '-n', '10', ...argv] : argv;
}

/**
 * Runs one of the builder's own tools on data (never a tenant's code) and answers its standard output.
 * @throws Error with the end of its standard error where it does not exit with 0
 */
export async function runTool(
  argv: readonly [string, ...string[]],
  options: Running & {
    readonly cwd?: string;
    readonly input?: Uint8Array;
  } = {},
): Promise<Buffer> {
  const [command, ...rest] = inBackground(argv, options);
  const child = spawn(command, rest, {
    env: toolEnvironment,
    stdio: ['pipe', 'pipe', 'pipe'],
    killSignal: 'SIGKILL',
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const output: Buffer[] = [];
  let complaint = '';
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString('utf8')).slice(-2_000);
  });
  // A tool that ends early closes its input; its exit code says why.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${complaint.trim()}`);
  return Buffer.concat(output);
}
