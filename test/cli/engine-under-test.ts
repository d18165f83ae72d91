import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openSqliteTable } from '../../adapters/sqlite/sqlite-table.ts';
import { createSystemClock } from '../../adapters/system/clock.ts';
import { type ApiUnderTest, openApi, type TenantUnderTest } from '../functions/api/api-under-test.ts';

const program = fileURLToPath(new URL('../../cli/lbuild.mjs', import.meta.url));
/** Where compiled modules of the CLI are kept over all tests, so that each of some hundred starts takes half the time. */
const caches = fileURLToPath(new URL('../../.cache', import.meta.url));

export interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** The API on loopback, a folder of one's own, and the real CLI as a process. */
export interface CliUnderTest {
  readonly api: ApiUnderTest;
  readonly tenant: TenantUnderTest;
  readonly folder: string;
  /** Runs `lbuild` with the tenant's owner key in the environment. */
  run(args: readonly string[], options?: RunOptions): Promise<Run>;
  close(): Promise<void>;
}

export interface RunOptions {
  readonly environment?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** What it reads on standard input; nothing unless given. */
  readonly input?: string;
  /** Called with the process when it is started. */
  readonly started?: (process: ChildProcess) => void;
  /** Called with each piece of standard error, and a way to send a signal. */
  readonly watch?: (text: string, kill: (signal: NodeJS.Signals) => void) => void;
}

export async function openCli(): Promise<CliUnderTest> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lbuild-cli-'));
  const table = openSqliteTable({ file: path.join(folder, 'table.db'), clock: createSystemClock() });
  const api = await openApi(table);
  const tenant = await api.tenant('cli');
  return {
    api,
    tenant,
    folder,
    run: (args, options = {}) =>
      runCli(args, {
        cwd: folder,
        ...options,
        environment: options.environment ?? { LBUILD_URL: api.url, LBUILD_API_KEY: tenant.keys.owner },
      }),
    async close() {
      await api.close();
      table.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Runs the CLI to its end. Its environment holds search path, home, caches and what is given, nothing else. */
export async function runCli(args: readonly string[], options: RunOptions & { readonly cwd: string }): Promise<Run> {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: options.cwd,
    env: { PATH: process.env.PATH, HOME: options.cwd, XDG_CACHE_HOME: caches, ...options.environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  options.started?.(child);
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
    options.watch?.(text, (signal) => void child.kill(signal));
  });
  await once(child, 'close');
  return { code: child.exitCode, out, err };
}

/** Writes a file into a folder and answers its path. */
export async function fileIn(folder: string, name: string, text: string): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, text);
  return file;
}
