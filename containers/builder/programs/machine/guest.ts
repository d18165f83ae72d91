import { portName } from './guest-unit.ts';
import { guestPort, type Machine } from './machine.ts';

/** Milliseconds that a machine has for opening the port at least; emulated, udev and systemd take two seconds for it. */
const leastPortMilliseconds = 5_000;
/** And as a share of the time since its start: what was slow to boot is slow to open a port. */
const portShare = 0.25;
/** Milliseconds after which a shell that has not answered is greeted again. */
const greetingMilliseconds = 1_000;
/** Characters of a script's output that are told. */
const mostOutput = 2_000;

/** What a script in the machine came to. */
export interface Ran {
  readonly code: number;
  readonly output: string;
}

/** A shell in the machine, one script at a time. */
export class Guest {
  readonly #machine: Machine;
  readonly #nonce: string;
  #count = 0;

  /** @param nonce of letters and digits, which nothing else says */
  constructor(machine: Machine, nonce: string) {
    this.#machine = machine;
    this.#nonce = nonce;
  }

  /**
   * Puts the port into the machine until something in it opens it. Before the system has the unit and the rule it sees a
   * port as it sees any device, and does nothing: so it is taken out and put in again.
   * @returns whether there is a shell
   */
  async connect(signal: AbortSignal): Promise<boolean> {
    const { qmp } = this.#machine;
    const began = performance.now();
    for (let attempt = 1; !signal.aborted; attempt += 1) {
      const id = `port${attempt}`;
      const device = { driver: 'virtserialport', bus: `${guestPort.bus}.0`, chardev: guestPort.backend, id };
      await qmp.ask('device_add', { ...device, name: portName }, signal);
      const wait = Math.round(Math.max(leastPortMilliseconds, portShare * (performance.now() - began)));
      const over = AbortSignal.any([signal, AbortSignal.timeout(wait)]);
      if ((await qmp.opens(id, over)) && (await this.#answers(over))) return true;
      if (signal.aborted) break;
      // Its backend is free for the next one then.
      await qmp.takeOut(id, signal);
    }
    return false;
  }

  /** Greets what has opened the port until it answers: what came before a shell read is lost. */
  async #answers(signal: AbortSignal): Promise<boolean> {
    const { guest } = this.#machine;
    const greeting = `${this.#nonce} hello`;
    while (!signal.aborted) {
      guest.send(`printf '%s\\n' '${greeting}'\n`);
      const soon = AbortSignal.any([signal, AbortSignal.timeout(greetingMilliseconds)]);
      const heard = await guest.received.waitFor((said) => (said.includes(greeting) ? true : undefined), soon);
      if (heard === true) return true;
      if (!soon.aborted) return false;
    }
    return false;
  }

  /**
   * Runs a script as root by /bin/sh -e, with both its outputs, and nothing to read.
   * @param seconds after which it is ended; it has then failed
   * @returns undefined where the signal was aborted, or the machine ended before
   */
  async run(script: string, seconds: number, signal: AbortSignal): Promise<Ran | undefined> {
    this.#count += 1;
    const end = `${this.#nonce}-${this.#count}`;
    // An answer to a greeting may still come before.
    const begin = `${end} begins`;
    const { guest } = this.#machine;
    const text = Buffer.from(script).toString('base64');
    // What the script says stands in a file: neither it nor its quotes can get among the lines of this conversation.
    guest.send(
      [
        `printf %s '${text}' | base64 -d >/run/lbuild-test.sh`,
        `timeout -k 5 ${seconds} /bin/sh -e /run/lbuild-test.sh </dev/null >/run/lbuild-test.out 2>&1`,
        `code=$?; printf '\\n%s\\n' '${begin}'; tail -c ${mostOutput} /run/lbuild-test.out; printf '\\n%s %s\\n' '${end}' "$code"\n`,
      ].join('\n'),
    );
    const pattern = new RegExp(`\\n${begin}\\n([\\s\\S]*)\\n${end} (\\d+)\\n`);
    const found = await guest.received.waitFor((said) => pattern.exec(said) ?? undefined, signal);
    if (found === undefined) return undefined;
    guest.received.clear();
    return { code: Number(found[2]), output: (found[1] ?? '').trim() };
  }
}
