import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Debian's package `ovmf`. */
const firmwareCode = '/usr/share/OVMF/OVMF_CODE_4M.fd';
const firmwareVariables = '/usr/share/OVMF/OVMF_VARS_4M.fd';

export interface BootOptions {
  readonly firmware: 'bios' | 'uefi';
  /** For the whole boot, and again for the commands together. Without acceleration a boot takes 60 to 120 s. */
  readonly timeoutSeconds: number;
  /** What the serial console must show; it must have console=ttyS0 on the kernel command line. */
  readonly expect: RegExp;
  /** Logs in once `expect` was seen, and runs the commands in the user's shell. */
  readonly login?: { readonly user: string; readonly password: string };
  readonly interact?: readonly string[];
  readonly memoryMiB?: number;
  /** A network card whose DHCP answers and that reaches nothing else. Omitted: none, but where it is the medium. */
  readonly network?: boolean;
  /** A port of the machine that is reached from here, by a card as that of `network`: at this port of loopback. */
  readonly forward?: { readonly from: number; readonly to: number };
  /** Raw disks beside the medium; what the machine writes to them is forgotten. */
  readonly disks?: readonly string[];
  /** Called when `expect` was seen, while the machine runs. */
  readonly meanwhile?: () => Promise<void>;
}

export interface BootResult {
  /** All that the serial console showed. */
  readonly console: string;
  readonly acceleration: 'kvm' | 'tcg';
  readonly bootSeconds: number;
  /** Output of each command of `interact`, trimmed, in order. */
  readonly outputs: readonly string[];
}

/** What of a console matched, and where it ends in the text. */
interface ConsoleMatch {
  readonly match: RegExpExecArray;
  readonly end: number;
}

/** A serial console: text so far, and a wait for what comes. */
class SerialConsole {
  text = '';
  /** What QEMU itself says. */
  complaints = '';
  ended = false;
  readonly #machine: ChildProcessWithoutNullStreams;
  readonly #waiters = new Set<() => void>();

  constructor(machine: ChildProcessWithoutNullStreams) {
    this.#machine = machine;
    machine.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      this.text += chunk;
      for (const wake of this.#waiters) wake();
    });
    machine.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      this.complaints += chunk;
    });
    machine.on('close', () => {
      this.ended = true;
      for (const wake of this.#waiters) wake();
    });
    machine.stdin.on('error', () => {});
  }

  send(line: string): void {
    this.#machine.stdin.write(`${line}\n`);
  }

  /** Waits until the text from `start` on matches; answers the match and where it ends. */
  async waitFor(pattern: RegExp, start: number, deadline: number): Promise<ConsoleMatch> {
    const found = await this.find(pattern, start, deadline);
    if (found !== undefined) return found;
    const why = this.ended ? 'the machine ended' : 'the time was over';
    throw new Error(
      `${why} before the console showed ${pattern}; its last lines:\n${this.text.slice(-3_000)}\n${this.complaints}`,
    );
  }

  /** As waitFor, but undefined where the text does not come in time or the machine ended. */
  async find(pattern: RegExp, start: number, deadline: number): Promise<ConsoleMatch | undefined> {
    for (;;) {
      const match = pattern.exec(this.text.slice(start));
      if (match !== null) return { match, end: start + match.index + match[0].length };
      const left = deadline - performance.now();
      if (this.ended || left <= 0) return undefined;
      await new Promise<void>((resolve) => {
        const wake = () => {
          clearTimeout(timer);
          this.#waiters.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, left);
        this.#waiters.add(wake);
      });
    }
  }
}

/** Takes terminal control sequences and carriage returns out of console text. */
function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminal control sequences begin with ESC
  return text.replace(/\u001b(?:\[[0-9;?]*[A-Za-z]|\][^\u0007\u001b]*(?:\u0007|\u001b\\))/g, '').replaceAll('\r', '');
}

/**
 * Answers each prompt until there is a shell. What is typed before a program reads may be thrown away, and what services
 * print may part a prompt: then the name is typed again.
 * @returns where the shell's first prompt ends in the text
 */
async function logIn(
  serial: SerialConsole,
  { user, password }: { readonly user: string; readonly password: string },
  deadline: number,
): Promise<number> {
  let position = serial.text.length;
  serial.send(user);
  while (performance.now() < deadline) {
    const soon = Math.min(deadline, performance.now() + 20_000);
    const asked = await serial.find(/(\S login: ?$)|(passwor[dt]: ?)|[$#] $/i, position, soon);
    position = asked?.end ?? position;
    const [, , secret] = asked?.match ?? [];
    if (asked?.match[0].length === 2) return position;
    serial.send(secret === undefined ? user : password);
  }
  throw new Error(`the time was over before a shell was there:\n${serial.text.slice(-3_000)}`);
}

async function runCommands(
  serial: SerialConsole,
  login: { user: string; password: string },
  commands: readonly string[],
  deadline: number,
): Promise<string[]> {
  let position = await logIn(serial, login, deadline);
  // No echo and no prompt, so that what comes between two marks is the command's output and nothing else.
  serial.send("stty -echo; PS1=''; PS2=''; unset PROMPT_COMMAND; printf '%s\\n' READY-''0");
  position = (await serial.waitFor(/READY-0\r?\n/, position, deadline)).end;
  const outputs: string[] = [];
  for (const [number, command] of commands.entries()) {
    serial.send(`{ ${command}\n} 2>&1; printf '%s\\n' DONE-''${number}`);
    const done = await serial.waitFor(new RegExp(`([\\s\\S]*?)DONE-${number}\\r?\\n`), position, deadline);
    position = done.end;
    outputs.push(plain(done.match[1] ?? '').trim());
  }
  return outputs;
}

type Acceleration = BootResult['acceleration'];

interface Machine {
  readonly serial: SerialConsole;
  end(): Promise<void>;
}

type DiskFormat = 'raw' | 'qcow2';

/**
 * QEMU's arguments for a disc in a drive; for a disk whose changes are kept, or forgotten when the machine ends; and for a
 * network card whose iPXE is told by DHCP where its script is. This machine's loopback is 10.0.2.2 there.
 */
const media = {
  disc: (file: string) => [
    ...['-drive', `if=none,id=medium,media=cdrom,readonly=on,format=raw,file=${file}`],
    ...['-device', 'virtio-scsi-pci', '-device', 'scsi-cd,drive=medium,bootindex=0'],
  ],
  disk: (file: string, format: DiskFormat, keep: boolean) => [
    ...['-drive', `if=none,id=medium,snapshot=${keep ? 'off' : 'on'},format=${format},file=${file}`],
    ...['-device', 'virtio-blk-pci,drive=medium,bootindex=0'],
  ],
  network: (script: string) => [
    ...['-netdev', `user,id=medium,bootfile=${script}`],
    ...['-device', 'virtio-net-pci,netdev=medium,bootindex=0'],
  ],
} as const;

/** A boot with its medium, as QEMU's arguments. */
interface Boot extends BootOptions {
  readonly medium: readonly string[];
}

function startMachine(options: Boot, acceleration: Acceleration, variables: string): Machine {
  const flash =
    options.firmware === 'uefi'
      ? [
          ...['-drive', `if=pflash,format=raw,unit=0,readonly=on,file=${firmwareCode}`],
          ...['-drive', `if=pflash,format=raw,unit=1,file=${variables}`],
        ]
      : [];
  // Bound to this process: a test run that is ended by force leaves no machine behind.
  const { network, forward, disks = [] } = options;
  const forwarded = forward === undefined ? '' : `,hostfwd=tcp:127.0.0.1:${forward.from}-:${forward.to}`;
  const machine = spawn(
    'setpriv',
    [
      ...['--pdeathsig', 'KILL', 'qemu-system-x86_64'],
      ...['-machine', 'q35', '-m', String(options.memoryMiB ?? 1_536), '-smp', '2'],
      ...['-accel', acceleration === 'kvm' ? 'kvm' : 'tcg,thread=multi'],
      // Emulated, a plain processor is the fastest: the C library then leaves out the wide vector code that costs most.
      ...['-cpu', acceleration === 'kvm' ? 'host' : 'qemu64'],
      ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-vga', 'none'],
      ...['-serial', 'stdio', '-nic', 'none', '-device', 'virtio-rng-pci'],
      ...(network === true || forward !== undefined
        ? ['-netdev', `user,id=network,restrict=on${forwarded}`, '-device', 'virtio-net-pci,netdev=network,romfile=']
        : []),
      ...disks.flatMap((file, number) => [
        ...['-drive', `if=none,id=disk${number},snapshot=on,format=raw,file=${file}`],
        ...['-device', `virtio-blk-pci,drive=disk${number},serial=disk${number}`],
      ]),
      ...flash,
      ...options.medium,
    ],
    { stdio: 'pipe' },
  );
  const closed = new Promise<void>((resolve) => machine.on('close', () => resolve()).on('error', () => resolve()));
  return {
    serial: new SerialConsole(machine),
    end: () => {
      machine.kill('SIGKILL');
      return closed;
    },
  };
}

/** Set once KVM was seen to fail, so that one process waits for it once. */
let kvmFails = false;

/**
 * Starts with KVM where that works, which only a try can tell: the device may be there and the processor's state be
 * refused, or the machine hang in its firmware. A boot loader on the serial line within 20 s is the proof.
 */
async function startAccelerated(options: Boot, variables: string): Promise<Machine & { acceleration: Acceleration }> {
  if (!kvmFails) {
    const machine = startMachine(options, 'kvm', variables);
    try {
      await machine.serial.waitFor(/\S/, 0, performance.now() + 20_000);
      return { ...machine, acceleration: 'kvm' };
    } catch {
      kvmFails = true;
      await machine.end();
    }
  }
  return { ...startMachine(options, 'tcg', variables), acceleration: 'tcg' };
}

/**
 * Boots an ISO in a machine of its own, with the serial console on a pipe and no network, waits for what `expect`
 * describes, and runs the commands of `interact`. The machine is ended and its files are removed whatever happens.
 * Throws with the console's last lines where something does not come in time.
 */
export function bootIso(options: BootOptions & { readonly iso: string }): Promise<BootResult> {
  return bootMachine({ ...options, medium: media.disc(options.iso) });
}

/**
 * Boots a disk image as bootIso does an ISO.
 * @param options.keep the file keeps what the machine wrote and synced; else it stays as it is
 */
export function bootDisk(
  options: BootOptions & { readonly disk: string; readonly format?: DiskFormat; readonly keep?: boolean },
): Promise<BootResult> {
  return bootMachine({ ...options, medium: media.disk(options.disk, options.format ?? 'raw', options.keep === true) });
}

/** Boots from the network as bootIso does from a disc: `script` is the address of a script of iPXE. */
export function bootNetwork(options: BootOptions & { readonly script: string }): Promise<BootResult> {
  return bootMachine({ ...options, medium: media.network(options.script) });
}

async function bootMachine(options: Boot): Promise<BootResult> {
  const folder = await mkdtemp(join(tmpdir(), 'lbuild-boot-'));
  try {
    const variables = join(folder, 'variables.fd');
    if (options.firmware === 'uefi') await copyFile(firmwareVariables, variables);
    const machine = await startAccelerated(options, variables);
    try {
      return await useMachine(options, machine.serial, machine.acceleration);
    } finally {
      await machine.end();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function useMachine(
  options: BootOptions,
  serial: SerialConsole,
  acceleration: Acceleration,
): Promise<BootResult> {
  const started = performance.now();
  const deadline = () => performance.now() + options.timeoutSeconds * 1_000;
  await serial.waitFor(options.expect, 0, deadline());
  const bootSeconds = (performance.now() - started) / 1_000;
  await options.meanwhile?.();
  const outputs =
    options.login === undefined ? [] : await runCommands(serial, options.login, options.interact ?? [], deadline());
  return { console: plain(serial.text), acceleration, bootSeconds, outputs };
}
