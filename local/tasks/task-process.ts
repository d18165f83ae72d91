import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Warmth } from '../../core/builds/manifest.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { WebProxy } from '../../core/wiring/proxy.ts';

/** Between the signal and force: SIGTERM lets the agent finish what it is just sending. */
const graceMilliseconds = 2_000;
const longestComplaint = 4_000;
/** The launcher that confines commands; it stands beside the agent's source and is no part of its bundle. */
const launcher = join(import.meta.dirname, '../../containers/builder/confine.pl');
/** Exit code of enter.sh and confine.pl where the task never came to run. */
export const notStartedCode = 125;

/** The agent's last line (containers/builder/agent/main.ts). */
const reportedLine = /^stage \S+ (succeeded|failed)$/m;

export interface TaskProcessOptions {
  readonly builderRoot: string;
  readonly folder: string;
  readonly agentBundle: string;
  readonly mode: 'contained' | 'privileged';
  readonly work: number | 'disk';
  readonly packageCache: string | undefined;
  /** The web proxy of archives and scripts. */
  readonly proxy?: WebProxy | undefined;
  /** The task may hand files over to the object store: no tenant code runs in it. */
  readonly handsOver: boolean;
  readonly clock: Clock;
}

/**
 * A running task: `setpriv` binds it to this process's life, `unshare` gives it namespaces of its own, enter.sh makes
 * its world. A kill -9 of this process therefore ends every process, mount and tmpfs of the task with it.
 */
export class TaskProcess {
  /** Its exit code; 128 and the number for a signal, as shells and ECS show it. */
  readonly exited: Promise<number>;
  /**
   * 'reported' as soon as the agent says that its result is stored, which is the last thing it does; its exit code where
   * it ends without. The kernel needs some 70 ms more to take a tree on tmpfs down: nobody has to wait for that.
   */
  readonly reported: Promise<'reported' | number>;
  /** Resolves when its world is made, so that its folder may be renamed, or when it has ended before. */
  readonly ready: Promise<void>;
  readonly #child: ChildProcess;
  readonly #clock: Clock;
  #complaint = '';

  constructor(options: TaskProcessOptions) {
    const argv = [
      ...['--pdeathsig', 'KILL', 'unshare', '--mount', '--pid', '--ipc', '--uts', '--fork', '--kill-child=KILL'],
      ...['/bin/sh', join(import.meta.dirname, 'enter.sh')],
      ...[options.builderRoot, options.folder, options.agentBundle, launcher, options.mode],
      ...[String(options.work), options.packageCache ?? '-', options.handsOver ? 'yes' : '-'],
    ];
    this.#clock = options.clock;
    this.#child = spawn('setpriv', argv, {
      env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
      stdio: ['pipe', 'pipe', 'pipe'],
      // A process group of its own: Ctrl-C in the engine's terminal is the engine's affair.
      detached: true,
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#complaint = (this.#complaint + chunk.toString('utf8')).slice(-longestComplaint);
    });
    this.#child.stdin?.on('error', () => undefined);
    this.#child.stdin?.write('go\n');
    // Its address may hold a password, which the command lines of a machine show to everybody.
    if (options.proxy !== undefined) this.#child.stdin?.write(`proxy ${JSON.stringify(options.proxy)}\n`);
    this.exited = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (code, signal) => resolve(code ?? 128 + signalNumber(signal)));
    });
    this.exited.catch(() => undefined);
    let words = '';
    const reported = Promise.withResolvers<'reported'>();
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      words = (words + text).slice(-longestComplaint);
      if (reportedLine.test(words)) reported.resolve('reported');
    });
    this.reported = Promise.race([reported.promise, this.exited]);
    this.reported.catch(() => undefined);
    this.ready = new Promise((resolve) => {
      this.#child.stdout?.once('data', () => resolve());
      this.#child.once('close', () => resolve());
      this.#child.once('error', () => resolve());
    });
  }

  /** Lets the agent, which waits for a stage, make ready what is said; its inputs are in the task's folder. */
  warm(warmth: Warmth): void {
    this.#child.stdin?.write(`warm ${JSON.stringify(warmth)}\n`);
  }

  /** Gives the agent, which waits for it, the address of the manifest to build from. */
  begin(manifestUrl: string): void {
    this.#child.stdin?.end(`${manifestUrl}\n`);
  }

  /** True until the task has ended. */
  get alive(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** The end of what the task wrote to its standard error. */
  get complaint(): string {
    return this.#complaint.trim();
  }

  /** Ends the task: SIGTERM to its init, which passes it on to the agent; after 2 s by force. Resolves when it is gone. */
  async stop(): Promise<void> {
    const ended = this.exited.then(
      () => undefined,
      () => undefined,
    );
    this.#signalInit('SIGTERM');
    const grace = new AbortController();
    await Promise.race([ended, this.#clock.sleep(graceMilliseconds, grace.signal)]);
    grace.abort();
    this.#signalInit('SIGKILL');
    this.#child.kill('SIGKILL');
    await ended;
  }

  /** Signals process 1 of the task's namespace, the one child of `unshare`. */
  #signalInit(signal: 'SIGTERM' | 'SIGKILL'): void {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    try {
      const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
      for (const child of children === '' ? [] : children.split(' ')) process.kill(Number(child), signal);
    } catch {
      // It has ended meanwhile.
    }
  }
}

function signalNumber(signal: NodeJS.Signals | null): number {
  return signal === 'SIGKILL' ? 9 : signal === 'SIGTERM' ? 15 : 1;
}
