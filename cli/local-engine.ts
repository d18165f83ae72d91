import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chown, mkdir, open, readFile } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { LinuxBuilderClient } from '../sdk/client.ts';
import { CliFailure } from './failure.ts';

/** The engine is started by path, as a process of its own: the CLI is a customer of its API and nothing more. */
const engineProgram = fileURLToPath(new URL('../local/main.ts', import.meta.url));

const readyFileSchema = z.object({ pid: z.number().int().min(1), url: z.url(), startedAt: z.string() });
export type RunningEngine = z.infer<typeof readyFileSchema>;

/** An engine repairs what a crash left before it says that it is ready; a minute is far more than it needs. */
const startMilliseconds = 60_000;
/** It ends its builders first, which get ten seconds to end by themselves. */
const stopMilliseconds = 30_000;
const pollMilliseconds = 100;

/** The engine of a folder; undefined where none runs. The file alone proves nothing: a crash leaves it behind. */
export async function findEngine(folder: string): Promise<RunningEngine | undefined> {
  let content: unknown;
  try {
    content = JSON.parse(await readFile(path.join(folder, 'engine.json'), 'utf8'));
  } catch {
    return undefined;
  }
  const parsed = readyFileSchema.safeParse(content);
  return parsed.success && (await isEngine(parsed.data.pid)) ? parsed.data : undefined;
}

/** Whether the process is an engine, and not another that got the number after a crash. */
async function isEngine(pid: number): Promise<boolean> {
  try {
    const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
    return command.includes(engineProgram);
  } catch {
    return false;
  }
}

/** @throws CliFailure cli.no_local_engine where this is the package of the client alone */
function needEngineProgram(): void {
  if (existsSync(engineProgram)) return;
  throw new CliFailure('usage', {
    code: 'cli.no_local_engine',
    detail: 'This package holds the client, and no engine.',
    remedy: 'Clone the repository of the Linux Builder Engine, and call `npx lbuild local` there.',
  });
}

/**
 * Starts an engine in a folder and waits until it is ready; one that runs already is answered as it is.
 * @throws CliFailure with the engine's last words where it ends instead.
 */
export async function startEngine(
  folder: string,
  options: readonly string[],
): Promise<{ readonly engine: RunningEngine; readonly started: boolean }> {
  const running = await findEngine(folder);
  if (running !== undefined) return { engine: running, started: false };
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const logFile = path.join(folder, 'engine.log');
  const log = await open(logFile, 'a', 0o600);
  let ended: string | undefined;
  try {
    needEngineProgram();
    const child = spawn(process.execPath, [engineProgram, 'serve', '--dir', folder, ...options], {
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    });
    child.once('error', (error) => {
      ended = error.message;
    });
    child.once('exit', (code, signal) => {
      ended = signal === null ? `exit code ${code}` : `signal ${signal}`;
    });
    child.unref();
    const until = Date.now() + startMilliseconds;
    while (ended === undefined && Date.now() < until) {
      const engine = await findEngine(folder);
      if (engine !== undefined && engine.pid === child.pid && (await answers(engine))) {
        await handToCaller(folder);
        return { engine, started: true };
      }
      await sleep(pollMilliseconds);
    }
    if (ended === undefined) child.kill('SIGTERM');
  } finally {
    await log.close();
  }
  throw new CliFailure('failed', {
    code: 'engine.not_started',
    detail: `The engine did not start: ${ended ?? 'it was not ready within a minute'}.\n${await lastLines(logFile)}`,
    remedy: `Its log is ${logFile}.`,
  });
}

/** Ends the engine of a folder and waits until it is gone. Answers false where none ran. */
export async function stopEngine(folder: string): Promise<boolean> {
  const engine = await findEngine(folder);
  if (engine === undefined) return false;
  process.kill(engine.pid, 'SIGTERM');
  const until = Date.now() + stopMilliseconds;
  while (await isEngine(engine.pid)) {
    if (Date.now() > until) {
      throw new CliFailure('failed', {
        code: 'engine.not_stopped',
        detail: `The engine (process ${engine.pid}) did not end within ${stopMilliseconds / 1000} s.`,
        remedy: `End it with \`kill -9 ${engine.pid}\`; its builds go on at the next start.`,
      });
    }
    await sleep(pollMilliseconds);
  }
  return true;
}

const copiedSchema = z.object({ folder: z.string(), files: z.number(), bytes: z.number() });
export type CopiedState = z.infer<typeof copiedSchema>;

/**
 * Has the engine's program copy the state of a folder whose engine has ended.
 * @throws CliFailure with the program's words where it refuses
 */
export async function copyState(argv: readonly string[]): Promise<CopiedState> {
  needEngineProgram();
  const child = spawn(process.execPath, [engineProgram, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [said, refused, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close').then(([status]: unknown[]) => status),
  ]);
  if (code === 0) return copiedSchema.parse(JSON.parse(said));
  const [first = '', ...rest] = refused.trim().split('\n');
  const [named, problem = '', detail = ''] = /^([a-z_]+\.[a-z_]+): (.*)$/.exec(first) ?? [];
  throw new CliFailure('failed', {
    code: named === undefined ? 'engine.failed' : problem,
    detail: named === undefined ? refused.trim() : detail,
    remedy: rest.at(-1) ?? 'End the engine first with `lbuild local down`.',
  });
}

/** Whether the engine answers and reaches its table. */
export async function answers(engine: RunningEngine): Promise<boolean> {
  return await new LinuxBuilderClient({ url: engine.url, apiKey: '' }).service.isHealthy({
    signal: AbortSignal.timeout(5_000),
  });
}

/** Under sudo, the caller gets the files that the CLI reads: the engine runs as root, its user does not. */
async function handToCaller(folder: string): Promise<void> {
  const [uid, gid] = [Number(process.env.SUDO_UID), Number(process.env.SUDO_GID)];
  if (process.getuid?.() !== 0 || !Number.isInteger(uid) || !Number.isInteger(gid)) return;
  for (const file of [folder, path.join(folder, 'credentials.json'), path.join(folder, 'engine.json')]) {
    await chown(file, uid, gid);
  }
}

async function lastLines(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const lines = text.trimEnd().split('\n').slice(-12);
  return lines.map((line) => `  | ${line}`).join('\n');
}
