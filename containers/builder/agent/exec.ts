import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, lstat, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogLine } from '../../../core/builds/manifest.ts';
import { proxyEnvironment, type WebProxy } from '../../../core/wiring/proxy.ts';
import type { ExecOptions, ExecResult } from '../contract.ts';
import { GrowingDigest } from '../layers/file-digest.ts';
import { StepError } from '../step-error.ts';
import { LineSplitter } from './lines.ts';

/** Bytes of standard output that are handed to the program: data of `quiet` commands, the beginning of others. */
const mostOutput = { quiet: 64 << 20, logged: 1 << 20 } as const;
/** How long the output of a command that has ended is still read: daemons that it left may hold the pipe open. */
const drainMilliseconds = 300;

/** Bytes of small pieces that are handed to a command at one time. */
const gatheredBytes = 1 << 20;

export interface ExecSettings {
  readonly tree: string;
  readonly scratch: string;
  readonly sourceDateEpoch: number;
  /** Path of confine.pl. */
  readonly launcher: string;
  /** The step runs a tenant's code: what is not confined as a script is confined as a tenant's package tools are. */
  readonly tenantCode: boolean;
  /** Of scripts with network, and of nothing else. */
  readonly proxy?: WebProxy | undefined;
  readonly signal: AbortSignal;
  log(stream: LogLine['stream'], text: string): void;
}

/** The one environment of commands; what a program gives is added. */
function environmentOf(settings: ExecSettings, options: ExecOptions, inTree: boolean): NodeJS.ProcessEnv {
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    LANG: 'C.UTF-8',
    HOME: '/root',
    DEBIAN_FRONTEND: 'noninteractive',
    SOURCE_DATE_EPOCH: String(settings.sourceDateEpoch),
    ...(inTree ? {} : { TMPDIR: settings.scratch }),
    ...(options.confinement === 'script-network' ? proxyEnvironment(settings.proxy) : {}),
    ...options.env,
  };
}

function launch(settings: ExecSettings, argv: readonly string[], options: ExecOptions): string[] {
  const inTree = options.inTree === true || options.confinement !== undefined;
  return [
    settings.launcher,
    '--mode',
    options.confinement ?? (settings.tenantCode && options.makesDevices !== true ? 'tenant' : 'contained'),
    ...(inTree ? ['--root', settings.tree] : []),
    '--cwd',
    options.cwd ?? (inTree ? '/' : settings.scratch),
    '--',
    ...argv,
  ];
}

/**
 * Lends the builder's resolver to a tree that has none while a script may use the network.
 * @returns takes it away again
 */
async function lendResolver(tree: string): Promise<() => Promise<void>> {
  const place = join(tree, 'etc/resolv.conf');
  const folder = await lstat(join(tree, 'etc')).catch(() => undefined);
  const present = await lstat(place).catch(() => undefined);
  const own = await lstat('/etc/resolv.conf').catch(() => undefined);
  if (!folder?.isDirectory() || present !== undefined || own === undefined) return async () => {};
  await copyFile('/etc/resolv.conf', place);
  const { ino } = await lstat(place);
  return async () => {
    const now = await lstat(place).catch(() => undefined);
    if (now?.isFile() && now.ino === ino) await rm(place);
  };
}

/** Gathers a standard output up to a bound. */
function collector(most: number): { add(chunk: Buffer): void; text(): string } {
  const chunks: Buffer[] = [];
  let size = 0;
  return {
    add(chunk) {
      if (size >= most) return;
      chunks.push(chunk.subarray(0, most - size));
      size += chunk.length;
    },
    text: () => Buffer.concat(chunks).toString('utf8'),
  };
}

/** Writes what a command is to read; what it does not take because it has ended is no failure of the feeder's. */
async function feed(stdin: Writable, options: ExecOptions, exited: Promise<unknown>): Promise<void> {
  if (options.feed === undefined) {
    stdin.end(options.stdin ?? '');
    return;
  }
  let over = false;
  const ended = exited.then(
    () => {
      over = true;
    },
    () => {
      over = true;
    },
  );
  let gathered: Buffer[] = [];
  let size = 0;
  const flush = async () => {
    const room = over || stdin.write(Buffer.concat(gathered));
    gathered = [];
    size = 0;
    if (!room) await Promise.race([once(stdin, 'drain'), ended]);
  };
  await options.feed(async (piece) => {
    gathered.push(piece);
    size += piece.length;
    if (size >= gatheredBytes) await flush();
  });
  await flush();
  stdin.end();
}

/**
 * Runs a command in its confinement (confine.pl), in a process group of its own, and streams its output to the log.
 *
 * @throws StepError step.failed where it ends badly, step.timeout where its time is over; the signal's reason where
 *   the step is being ended
 */
export async function execute(
  settings: ExecSettings,
  argv: readonly [string, ...string[]],
  options: ExecOptions = {},
): Promise<ExecResult> {
  settings.signal.throwIfAborted();
  const inTree = options.inTree === true || options.confinement !== undefined;
  const returnResolver = options.confinement === 'script-network' ? await lendResolver(settings.tree) : undefined;
  const [command = '', ...rest] = [
    ...(options.background === true ? ['/usr/bin/nice', '-n', '10'] : []),
    ...['/usr/bin/perl', ...launch(settings, argv, options)],
  ];
  const child = spawn(command, rest, {
    env: environmentOf(settings, options, inTree),
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const growing = options.writes === undefined ? undefined : new GrowingDigest(options.writes);
  const quiet = options.quiet === true;
  const output = collector(quiet ? mostOutput.quiet : mostOutput.logged);
  const out = new LineSplitter((line) => {
    if (!quiet) settings.log('out', line);
  });
  const err = new LineSplitter((line) => settings.log('err', line));
  child.stdout.on('data', (chunk: Buffer) => {
    output.add(chunk);
    out.write(chunk);
  });
  child.stderr.on('data', (chunk: Buffer) => err.write(chunk));
  // A command that does not read its input closes it: no failure of ours.
  child.stdin.on('error', () => undefined);
  let timedOut = false;
  const kill = () => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // The group has ended by itself.
    }
  };
  const exited = new Promise<{ code: number | null; signal: string | null }>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  exited.catch(() => undefined);
  let feedFailure: { readonly error: unknown } | undefined;
  const feeding = feed(child.stdin, options, exited).catch((error: unknown) => {
    feedFailure = { error };
    kill();
  });

  const timer =
    options.timeoutSeconds === undefined
      ? undefined
      : setTimeout(() => {
          timedOut = true;
          kill();
        }, options.timeoutSeconds * 1_000);
  settings.signal.addEventListener('abort', kill, { once: true });
  try {
    const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
    const { code, signal } = await exited;
    await Promise.race([closed, sleep(drainMilliseconds, undefined, { ref: false })]);
    child.stdout.destroy();
    child.stderr.destroy();
    out.end();
    err.end();
    settings.signal.throwIfAborted();
    await feeding;
    if (feedFailure !== undefined) throw feedFailure.error;
    const name = argv[0].slice(argv[0].lastIndexOf('/') + 1);
    if (timedOut) throw new StepError('step.timeout', `${name} was ended after its ${options.timeoutSeconds} seconds.`);
    if (code === null) throw new StepError('step.failed', `${name} was ended by signal ${signal}.`);
    if (!(options.okCodes ?? [0]).includes(code)) {
      throw new StepError('step.failed', `${name} ended with exit code ${code}.`, code);
    }
    const written = await growing?.end();
    return { code, stdout: output.text(), ...(written === undefined ? {} : { written }) };
  } finally {
    clearTimeout(timer);
    settings.signal.removeEventListener('abort', kill);
    // Where the command failed nobody asks for its digest, but the reading must end.
    await growing?.end().catch(() => undefined);
    await returnResolver?.();
  }
}
