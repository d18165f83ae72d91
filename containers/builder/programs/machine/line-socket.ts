import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

/** Characters that are held at most, twice this: a machine may say anything without end. */
const halfText = 1_048_576;

/** Something that changes, and lets others wait for what comes of it. */
export class Changing {
  #over = false;
  readonly #waiters = new Set<() => void>();

  changed(): void {
    for (const wake of this.#waiters) wake();
  }

  /** Says that nothing changes any more. */
  end(): void {
    this.#over = true;
    this.changed();
  }

  /**
   * Waits until `find` answers something.
   * @returns undefined where the signal was aborted, or nothing changes any more
   */
  async until<Found>(find: () => Found | undefined, signal: AbortSignal): Promise<Found | undefined> {
    for (;;) {
      const found = find();
      if (found !== undefined || this.#over || signal.aborted) return found;
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#waiters.delete(wake);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        this.#waiters.add(wake);
        signal.addEventListener('abort', wake, { once: true });
      });
    }
  }
}

/** A text that grows. Of one that is too long its beginning and its end are kept. */
export class GrowingText extends Changing {
  #text = '';

  get text(): string {
    return this.#text;
  }

  add(piece: string): void {
    this.#text += piece;
    if (this.#text.length > 2 * halfText) {
      // Cut by a half at a time, so that not every piece copies all of it.
      this.#text = `${this.#text.slice(0, halfText)}\n[…]\n${this.#text.slice(-halfText / 2)}`;
    }
    this.changed();
  }

  /** Takes the whole lines that are there so far out of it. */
  takeLines(): string[] {
    const end = this.#text.lastIndexOf('\n') + 1;
    const lines = this.#text.slice(0, end).split('\n');
    this.#text = this.#text.slice(end);
    return lines;
  }

  /** Forgets all that there is so far. */
  clear(): void {
    this.#text = '';
  }

  /** As `until`, of the text. */
  waitFor<Found>(find: (text: string) => Found | undefined, signal: AbortSignal): Promise<Found | undefined> {
    return this.until(() => find(this.#text), signal);
  }
}

/** One end of a connection that QEMU opens. */
export interface Line {
  readonly received: GrowingText;
  /** Sends a text, as soon as there is a connection. */
  send(text: string): void;
  close(): void;
}

/**
 * Waits at a path for the connection that QEMU opens when it starts, so that no byte is missed.
 * @param path of at most 107 bytes, as that of any socket
 */
export async function openLine(path: string): Promise<Line> {
  const received = new GrowingText();
  let socket: Socket | undefined;
  const waiting: string[] = [];
  const server: Server = createServer((connection) => {
    // One machine, one connection: whoever else comes is none of it.
    server.close();
    socket = connection;
    connection.setEncoding('utf8').on('data', (piece: string) => received.add(piece));
    connection.on('error', () => received.end()).on('close', () => received.end());
    for (const text of waiting.splice(0)) connection.write(text);
  });
  server.listen(path);
  await once(server, 'listening');
  return {
    received,
    send: (text) => {
      if (socket === undefined) waiting.push(text);
      else socket.write(text);
    },
    close: () => {
      server.close();
      socket?.destroy();
      received.end();
    },
  };
}
