import { z } from 'zod';
import type { Line } from './line-socket.ts';

/** A line of the QEMU Machine Protocol, as far as it is looked at. */
const messageSchema = z.object({
  id: z.number().optional(),
  QMP: z.unknown().optional(),
  return: z.unknown().optional(),
  error: z.object({ desc: z.string() }).optional(),
  event: z.string().optional(),
  data: z.object({ id: z.string().optional(), open: z.boolean().optional(), device: z.string().optional() }).optional(),
});
type Message = z.infer<typeof messageSchema>;

/** Speaks to QEMU: commands with their answers, and events. */
export class Qmp {
  readonly #line: Line;
  readonly #answers = new Map<number, Message>();
  /** Ports that something in the machine has opened. */
  readonly #opened = new Set<string>();
  /** Devices that have been taken out. */
  readonly #gone = new Set<string>();
  #greeted = false;
  #sent = 0;

  constructor(line: Line) {
    this.#line = line;
  }

  /** Reads what has come. */
  #read(): void {
    for (const line of this.#line.received.takeLines()) {
      if (!line.startsWith('{')) continue;
      const value: unknown = JSON.parse(line);
      const message = messageSchema.safeParse(value).data;
      if (message === undefined) continue;
      if (message.QMP !== undefined) this.#greeted = true;
      if (message.id !== undefined) this.#answers.set(message.id, message);
      const { event, data } = message;
      if (event === 'VSERPORT_CHANGE' && data?.open === true && data.id !== undefined) this.#opened.add(data.id);
      if (event === 'DEVICE_DELETED' && data?.device !== undefined) this.#gone.add(data.device);
    }
  }

  #until<Found>(find: () => Found | undefined, signal: AbortSignal): Promise<Found | undefined> {
    return this.#line.received.until(() => {
      this.#read();
      return find();
    }, signal);
  }

  /**
   * Sends a command and waits for its answer.
   * @returns what it returns; undefined where the machine has ended, or the signal was aborted before
   * @throws Error where QEMU refuses it
   */
  async ask(command: string, args: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<unknown> {
    this.#sent += 1;
    const id = this.#sent;
    this.#line.send(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
    const answer = await this.#until(() => this.#answers.get(id), signal);
    this.#answers.delete(id);
    if (answer?.error !== undefined) throw new Error(`QEMU refuses ${command}: ${answer.error.desc}`);
    return answer?.return;
  }

  /** Waits for QEMU's greeting, and ends the negotiation. @returns whether QEMU is there */
  async begin(signal: AbortSignal): Promise<boolean> {
    const greeted = await this.#until(() => (this.#greeted ? true : undefined), signal);
    return greeted === true && (await this.ask('qmp_capabilities', {}, signal)) !== undefined;
  }

  /** Waits until something in the machine opens a port. @returns whether it did before the signal was aborted */
  async opens(port: string, signal: AbortSignal): Promise<boolean> {
    return (await this.#until(() => (this.#opened.has(port) ? true : undefined), signal)) === true;
  }
  /**
   * Takes a device out, and waits until it is gone: the answer to the command comes before.
   * @returns whether it was before the signal was aborted
   */
  async takeOut(device: string, signal: AbortSignal): Promise<boolean> {
    await this.ask('device_del', { id: device }, signal);
    return (await this.#until(() => (this.#gone.has(device) ? true : undefined), signal)) === true;
  }
}
