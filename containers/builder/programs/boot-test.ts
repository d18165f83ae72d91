/**
 * boot-test: boots an artifact in a machine of QEMU, and looks whether it is as the spec wants it.
 *
 *   output: iso            Required: the step whose artifact it boots.
 *   firmware: bios         Required: or uefi.
 *   timeoutSeconds: 300    Required: until the system must be up.
 *   assertions:            Required, may be empty; in this order:
 *     - run: systemctl is-active ssh
 *       retries: 5
 *     - port: 22
 *
 * The artifact is read and never written. The system is up when systemd has started all that it is to start, and a nonce
 * of this test has come through the machine's serial line. Its report is what the serial line showed and a picture of the
 * screen, whether the test was passed or not: a test that fails is no failure of the program. What the machine says and
 * how long it takes is never the same twice, so no byte of an image depends on it.
 */
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assertionSeconds, bootTest as declaration } from '../../../core/plan/programs/boot-test.ts';
import type { OptionsOf, ProgramContext, ProgramOutcome, StepProgram } from '../contract.ts';
import { Guest } from './machine/guest.ts';
import { guestCredential } from './machine/guest-unit.ts';
import { hardware, uefiFirmware } from './machine/hardware.ts';
import { type Acceleration, accelerationHere, accelerations, type Machine, startMachine } from './machine/machine.ts';
import { takesConnection } from './machine/port-check.ts';

type Options = OptionsOf<typeof declaration>;
type Context = ProgramContext<Options>;
type Assertion = Options['assertions'][number];

/** Seconds between two tries of an assertion. */
const retrySeconds = 5;
/** Seconds of one try of a script. */
const scriptSeconds = 60;
/** Lines of the serial log that stand in the step's own. */
const toldLines = 30;

/**
 * Says the state of the system once that is no longer that it starts. Asked again and again, so that
 * nothing hangs on a signal of systemd. Whether a unit has failed (`degraded`) is for an assertion to judge.
 */
const untilStarted = `until state=$(systemctl is-system-running) ||
  [ "$state" != initializing ] && [ "$state" != starting ]; do sleep 2; done
echo "$state"`;

/** Why a test is not passed, in a sentence for people. */
class TestFailure extends Error {}

/** What the serial line shows where the system will never be up. */
const deadEnds: readonly (readonly [RegExp, string])[] = [
  [/Kernel panic - not syncing[^\n]*/, 'the kernel gave up'],
  [/\(initramfs\) $/, 'the initial RAM file system did not find the root file system'],
];

async function run(context: Context): Promise<ProgramOutcome> {
  const { options, scratch, signal, key } = context;
  const { output, firmware, timeoutSeconds, assertions } = options;
  const artifact = await context.layers.artifact(output);
  const acceleration = await accelerationHere(context);
  const variables = join(scratch, 'variables.fd');
  if (firmware === 'uefi') await copyFile(uefiFirmware.variables, variables);
  const ports = [...new Set(assertions.flatMap((assertion) => ('port' in assertion ? assertion.port : [])))];
  const credential = guestCredential();
  const began = performance.now();
  const machine = await startMachine(context, {
    name: 'machine',
    arguments: [
      ...accelerations[acceleration],
      ...hardware({ output, file: artifact.file, firmware, variables, credential, ports }),
    ],
    seconds: timeoutSeconds + assertionSeconds + 30,
  });
  const facts: Record<string, string> = { firmware, acceleration };
  let failure: string | undefined;
  let screen: string | undefined;
  try {
    // The key is of this artifact and these tests: whatever says it has it from here.
    const guest = new Guest(machine, `lbuild${key.slice(0, 32)}`);
    failure = await reasonOf(async () => {
      await isUp(context, machine, guest);
      facts.bootSeconds = ((performance.now() - began) / 1_000).toFixed(1);
      context.progress(60);
      await holds(context, machine, guest);
      facts.assertions = String(assertions.length);
    });
    screen = await screenOf(machine, join(scratch, 'screen.png'));
  } finally {
    await machine.stop();
  }
  signal.throwIfAborted();
  const { text } = machine.serial.received;
  const log = join(scratch, 'serial.log');
  await writeFile(log, text);
  if (failure !== undefined) tell(context, acceleration, text);
  return {
    test: {
      ...(failure === undefined ? {} : { failure: `${output} with ${firmware}: ${failure}` }),
      ...{ log, ...(screen === undefined ? {} : { screen }) },
    },
    facts,
  };
}

/** @returns why the test was not passed; undefined where it was. @throws what is no failure of the image */
async function reasonOf(test: () => Promise<void>): Promise<string | undefined> {
  try {
    await test();
    return undefined;
  } catch (error) {
    if (error instanceof TestFailure) return error.message;
    throw error;
  }
}

/** Waits until the system is up. @throws TestFailure where it is not in time, or cannot be any more */
async function isUp(context: Context, machine: Machine, guest: Guest): Promise<void> {
  const { timeoutSeconds } = context.options;
  const dead = new AbortController();
  const late = AbortSignal.timeout(timeoutSeconds * 1_000);
  const over = AbortSignal.any([context.signal, late, dead.signal]);
  const began = performance.now();
  let doing = 'no shell in it answered';
  const outOfTime = `the system was not up after ${timeoutSeconds} s`;
  let why: string | undefined;
  machine.serial.received
    .waitFor((text) => {
      const plain = plainText(text.slice(-4_000));
      return deadEnds.find(([pattern]) => pattern.test(plain))?.[1];
    }, over)
    .then((found) => {
      if (found === undefined) return;
      why = found;
      dead.abort();
    });
  machine.ended.then((message) => {
    why = message === undefined ? 'the machine was switched off' : `the machine could not run: ${message}`;
    dead.abort();
  });
  const failed = () => {
    context.signal.throwIfAborted();
    return new TestFailure(why ?? `${outOfTime}: ${doing}`);
  };
  if (!(await guest.connect(over))) throw failed();
  context.progress(40);
  context.log(`A shell in the machine answers after ${((performance.now() - began) / 1_000).toFixed(1)} s.`);
  doing = 'systemd had not started all that it is to start';
  const state = await guest.run(untilStarted, timeoutSeconds, over);
  if (state === undefined) throw failed();
  if (!/^(running|degraded)$/.test(state.output)) {
    throw new TestFailure(`systemd calls the state of the system "${state.output.slice(0, 100)}"`);
  }
  context.log(`The system is up (${state.output}).`);
  doing = 'nothing of this test came through its serial line';
  const nonce = `lbuild-test ${context.key}`;
  const said = await guest.run(`printf '\\n%s\\n' '${nonce}' >/dev/ttyS0`, scriptSeconds, over);
  if (said === undefined) throw failed();
  const seen = await machine.serial.received.waitFor((text) => (text.includes(nonce) ? true : undefined), over);
  if (seen === undefined) throw failed();
}

/** Looks whether each assertion holds. @throws TestFailure of the first that does not */
async function holds(context: Context, machine: Machine, guest: Guest): Promise<void> {
  const { assertions } = context.options;
  const over = AbortSignal.any([context.signal, AbortSignal.timeout(assertionSeconds * 1_000)]);
  for (const [position, assertion] of assertions.entries()) {
    const name =
      'run' in assertion ? `run: ${assertion.run.split('\n', 1)[0]?.slice(0, 200)}` : `port: ${assertion.port}`;
    const tries = (assertion.retries ?? 0) + 1;
    let wrong: string | undefined;
    for (let attempt = 1; attempt <= tries; attempt += 1) {
      if (attempt > 1) await sleep(retrySeconds * 1_000, undefined, { signal: over }).catch(() => undefined);
      wrong = await check(assertion, machine, guest, over);
      context.signal.throwIfAborted();
      context.log(`${name}: ${wrong ?? 'holds'}`);
      if (wrong === undefined || over.aborted) break;
    }
    if (wrong !== undefined) throw new TestFailure(`"${name}" does not hold: ${wrong}`);
    context.progress(60 + Math.floor((35 * (position + 1)) / assertions.length));
  }
}

/** What is wrong with an assertion; undefined where it holds. */
async function check(
  assertion: Assertion,
  machine: Machine,
  guest: Guest,
  over: AbortSignal,
): Promise<string | undefined> {
  const late = `the tests took longer than ${assertionSeconds} s, or the machine ended`;
  if ('port' in assertion) {
    const open = await takesConnection(machine, assertion.port, over);
    if (open) return undefined;
    return over.aborted ? late : 'no connection is taken there';
  }
  const ran = await guest.run(assertion.run, scriptSeconds, over);
  if (ran === undefined) return late;
  if (ran.code === 0) return undefined;
  const said = ran.output === '' ? '' : `: ${ran.output.slice(-500)}`;
  return ran.code === 124 ? `it did not end within ${scriptSeconds} s${said}` : `it ended with ${ran.code}${said}`;
}

/** A picture of the screen as PNG; undefined where the machine has ended. */
async function screenOf(machine: Machine, file: string): Promise<string | undefined> {
  const signal = AbortSignal.timeout(20_000);
  const answer = await machine.qmp.ask('screendump', { filename: file, format: 'png' }, signal);
  return answer === undefined ? undefined : file;
}

/** Console text without what moves its cursor and colours it. */
function plainText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminal control sequences begin with ESC
  return text.replace(/\u001b(?:\[[0-9;?]*[A-Za-z]|\][^\u0007\u001b]*(?:\u0007|\u001b\\))/g, '').replaceAll('\r', '');
}

/** Puts the end of the serial log into the step's, from which the failure takes its last lines. */
function tell(context: Context, acceleration: Acceleration, text: string): void {
  const lines = plainText(text)
    .split('\n')
    .filter((line) => line.trim() !== '');
  context.log(
    `The last of ${lines.length} lines of the serial line (${acceleration})${lines.length === 0 ? '; a kernel argument console=ttyS0 would bring more' : ''}:`,
  );
  for (const line of lines.slice(-toldLines)) context.log(line.slice(0, 400));
}

export const bootTest: StepProgram<typeof declaration.options> = { declaration, run };
