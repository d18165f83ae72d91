import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { openSqliteTable } from '../../adapters/sqlite/sqlite-table.ts';
import { createSystemClock } from '../../adapters/system/clock.ts';
import type { Blobs } from '../../core/ports/blobs.ts';
import type { Table } from '../../core/ports/table.ts';
import { openObjects } from '../../local/object-store.ts';
import { openSecrets } from '../../local/secrets.ts';
import { ensureBuilderRoot } from '../../scripts/builder-root.ts';
import { LinuxBuilderClient } from '../../sdk/client.ts';

/** The clone's folder. */
export const project = join(import.meta.dirname, '../..');
const credentialsSchema = z.looseObject({ url: z.url(), apiKey: z.string() });

/** An engine as users run it: a process of its own, in a folder of its own. */
export interface TestEngine {
  readonly directory: string;
  readonly pid: number;
  readonly client: LinuxBuilderClient;
  /** The owner's key. */
  readonly apiKey: string;
  /** kill -9, as a crash of the machine's memory would. */
  kill(): Promise<void>;
  /** In order, as `lbuild local down` does. */
  stop(): Promise<void>;
}

/** Where an engine of a test runs, other than as this process does. */
export interface EngineWorld {
  /** Command line that starts the engine's own, which it ends with. */
  readonly prefix: readonly string[];
}

/** A folder for an engine; whoever asks removes it with `removeFolder`. */
export function engineFolder(): string {
  return mkdtempSync(join(tmpdir(), 'lbuild-engine-'));
}

export function removeFolder(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}

/** Starts an engine in a folder and waits until it serves. Fails with the engine's own words where it does not. */
export async function startTestEngine(
  directory: string,
  options: readonly string[] = [],
  world: EngineWorld = { prefix: [] },
): Promise<TestEngine> {
  const root = await ensureBuilderRoot({ project, log: () => undefined });
  const argv = ['serve', '--dir', directory, '--builder-root', root.directory, '--cache', root.cache, ...options];
  const ready = join(directory, 'engine.json');
  rmSync(ready, { force: true });
  // Bound to this process: a test run that is ended by force leaves no engine behind.
  const bound = ['--pdeathsig', 'KILL', ...world.prefix, process.execPath, join(project, 'local/main.ts'), ...argv];
  const child = spawn('setpriv', bound, { stdio: ['ignore', 'pipe', 'pipe'] });
  let words = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      words = (words + text).slice(-20_000);
    });
  }
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  for (let waited = 0; !existsSync(ready); waited += 50) {
    if (child.exitCode !== null || child.signalCode !== null || waited > 60_000) {
      child.kill('SIGKILL');
      throw new Error(`the engine did not start:\n${words}`);
    }
    await sleep(50);
  }
  const credentials = credentialsSchema.parse(JSON.parse(readFileSync(join(directory, 'credentials.json'), 'utf8')));
  return {
    directory,
    pid: pidOf(child),
    client: new LinuxBuilderClient(credentials),
    apiKey: credentials.apiKey,
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error('the engine has no process');
  return child.pid;
}

/** Opens the stores of an engine that has ended. */
export async function inspectStores(
  directory: string,
): Promise<{ table: Table; blobs: Blobs; fileOf(path: string): string; close(): Promise<void> }> {
  const clock = createSystemClock();
  const table = openSqliteTable({ file: join(directory, 'table.db'), clock });
  const objects = await openObjects({ directory: join(directory, 'objects'), secrets: openSecrets(directory), clock });
  return {
    table,
    blobs: objects.blobs,
    fileOf: objects.fileOf,
    close: async () => {
      await objects.close();
      table.close();
    },
  };
}
