import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What a sandbox is made of. */
export interface SandboxFiles {
  /** The code of its process: as it is written, or bundled into one file. */
  readonly sandboxFile: string;
  /** The engine's binary. */
  readonly engineFile: string;
}

/** Where they are when nothing is bundled: beside this file, and in the engine's package. */
export const installedSandbox = (): string => fileURLToPath(new URL('./sandbox-process.ts', import.meta.url));
export const installedEngine = (): string => createRequire(import.meta.url).resolve('quickjs-wasi/quickjs.wasm');

/** MiB that JavaScript's own values may take in a sandbox's process: texts that go in and out, several times over. */
const heapMiB = 64;

/** KiB of its stack: the engine's calls take several times as much of it as of their own, and systems give 8 MiB. */
const stackKiB = 4_000;

/**
 * Has the system end a process that has had so many seconds of processor time, whatever becomes of who started it, and
 * keep no image of its memory when it breaks.
 */
const withLimits = 'ulimit -c 0 && ulimit -t "$0" && exec "$@"';

/**
 * Starts the process of a sandbox. It has no environment, no standard input or output, and by Node's permission model no
 * files but its own code, no other processes, no threads and no native code. It is spoken to over a channel of its own.
 * @param cpuSeconds whole; the system ends it then
 */
export function startProcess({ sandboxFile, engineFile }: SandboxFiles, cpuSeconds: number): ChildProcess {
  const readable = [...new Set([dirname(sandboxFile), dirname(engineFile)])];
  const node = [
    process.execPath,
    ...['--permission', ...readable.map((folder) => `--allow-fs-read=${folder}/*`), '--no-warnings'],
    ...[`--max-old-space-size=${heapMiB}`, `--stack-size=${stackKiB}`, '--disallow-code-generation-from-strings'],
    sandboxFile,
  ];
  return spawn('/bin/sh', ['-c', withLimits, String(cpuSeconds), ...node], {
    ...{ env: {}, cwd: '/', stdio: ['ignore', 'ignore', 'pipe', 'ipc'], serialization: 'json' },
  });
}
