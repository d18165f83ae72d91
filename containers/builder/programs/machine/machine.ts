import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProgramContext } from '../../contract.ts';
import { StepError } from '../../step-error.ts';
import { type Line, openLine } from './line-socket.ts';
import { Qmp } from './qmp.ts';

export type Acceleration = 'kvm' | 'tcg';

type Context = Pick<ProgramContext<unknown>, 'exec' | 'scratch' | 'signal'>;

/** A machine that runs. */
export interface Machine {
  readonly qmp: Qmp;
  readonly serial: Line;
  /** The port by which the tests speak to what runs in it. */
  readonly guest: Line;
  /** Resolves when QEMU has ended, with what it said where that was no good end. */
  readonly ended: Promise<string | undefined>;
  /** Ends it; resolves when it has ended. */
  stop(): Promise<void>;
}

/** Names of devices and of the backends behind them. */
export const guestPort = { bus: 'ports', backend: 'guest' } as const;

/** Seconds in which QEMU has made its machine, also where processors are scarce. */
const startSeconds = 30;
/** Seconds in which it ends once it is asked to. */
const stopSeconds = 10;

/**
 * Starts QEMU with a serial line, a control connection and a port for the tests, none of which is on a network. Its
 * sandbox forbids it to start programs or to gain rights.
 * @param options.seconds after which it is ended whatever it does
 * @throws StepError where QEMU does not start; the signal's reason where the step is being ended
 */
export async function startMachine(
  context: Context,
  options: { readonly name: string; readonly arguments: readonly string[]; readonly seconds: number },
): Promise<Machine> {
  const folder = join(context.scratch, options.name);
  await mkdir(folder);
  const path = (line: string) => join(folder, line);
  const [control, serial, guest] = await Promise.all([
    openLine(path('control')),
    openLine(path('serial')),
    openLine(path('guest')),
  ]);
  const sockets = Object.entries({ control, serial, guest }).flatMap(([name]) => [
    ...['-chardev', `socket,id=${name},path=${path(name)}`],
  ]);
  const running = context.exec(
    [
      ...(['qemu-system-x86_64', '-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none'] as const),
      ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
      ...sockets,
      ...['-mon', 'chardev=control,mode=control', '-serial', 'chardev:serial'],
      ...options.arguments,
    ],
    // What is written to the medium goes to a file in its folder for temporary files.
    { env: { TMPDIR: folder }, timeoutSeconds: options.seconds },
  );
  const ended = running.then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : 'QEMU failed'),
  );
  ended.then(() => {
    for (const line of [control, serial, guest]) line.close();
  });
  const qmp = new Qmp(control);
  const machine: Machine = {
    ...{ qmp, serial, guest, ended },
    stop: async () => {
      await qmp.ask('quit', {}, AbortSignal.timeout(stopSeconds * 1_000)).catch(() => undefined);
      await ended;
    },
  };
  const begun = await qmp.begin(AbortSignal.any([context.signal, AbortSignal.timeout(startSeconds * 1_000)]));
  if (begun) return machine;
  await machine.stop();
  context.signal.throwIfAborted();
  throw new StepError(
    'step.failed',
    `The machine of the test did not start: ${(await ended) ?? 'QEMU does not answer'}`,
  );
}

/** The processor's acceleration, as QEMU's arguments. Emulated, a plain processor is the fastest. */
export const accelerations: Readonly<Record<Acceleration, readonly string[]>> = {
  kvm: ['-accel', 'kvm', '-cpu', 'host'],
  tcg: ['-accel', 'tcg,thread=multi', '-cpu', 'qemu64'],
};

/** Seconds in which a firmware shows itself on the serial line under KVM; it takes a tenth of one. */
const firmwareSeconds = 10;

let known: Acceleration | undefined;

/**
 * Whether KVM works, tried once in a process.
 */
export async function accelerationHere(context: Context): Promise<Acceleration> {
  known ??= await tryKvm(context);
  return known;
}

/**
 * Whether KVM works, which only a try can tell: the device may be there and the processor's state be refused, or the
 * machine hang in its firmware. A machine without a disk is started: the BIOS then greets on the serial line.
 */
async function tryKvm(context: Context): Promise<Acceleration> {
  if (!existsSync('/dev/kvm')) return 'tcg';
  let probe: Machine;
  try {
    probe = await startMachine(context, {
      name: 'kvm-probe',
      arguments: ['-machine', 'q35,graphics=off', '-m', '64', ...accelerations.kvm],
      seconds: 2 * firmwareSeconds + startSeconds,
    });
  } catch (error) {
    if (error instanceof StepError) return 'tcg';
    throw error;
  }
  try {
    const signal = AbortSignal.any([context.signal, AbortSignal.timeout(firmwareSeconds * 1_000)]);
    const greeted = await probe.serial.received.waitFor((text) => (/SeaBIOS/.test(text) ? true : undefined), signal);
    return greeted === true ? 'kvm' : 'tcg';
  } finally {
    await probe.stop();
  }
}
