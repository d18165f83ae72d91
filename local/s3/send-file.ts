import { createHash } from 'node:crypto';
import { close, read } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import type { Body } from './object-store.ts';
import type { FileBytes } from './operation.ts';

const readInto = promisify(read);
const closeFile = promisify(close);
/** Bytes of one read: two such buffers are all that an answer holds, however large the object. */
const bufferSize = 256 * 1024;

/** The bytes of a file are not those that were written: the end of them was held back. */
export class DamagedBody extends Error {
  readonly body: Body;
  constructor(body: Body) {
    super(`the file of the body ${body.id} has changed`);
    this.name = 'DamagedBody';
    this.body = body;
  }
}

/**
 * Sends bytes of a file as the rest of a response, at the receiver's speed, and closes the file: one buffer is read
 * while the other is sent. A whole body is digested on its way, and its last bytes are held back until the digest is
 * right: so nobody takes changed bytes for the whole.
 * @throws DamagedBody; Error where the receiver goes away or the file is shorter than `end`
 */
export async function sendFile(response: ServerResponse, { fd, start, end, body }: FileBytes): Promise<void> {
  const gone = new Promise<never>((_, reject) => {
    response.once('close', () => reject(new Error('the receiver went away')));
  });
  // It also closes after a good end, when nobody waits for it any more.
  gone.catch(() => undefined);
  try {
    let filling = Buffer.allocUnsafeSlow(Math.min(bufferSize, end - start));
    let sending = Buffer.allocUnsafeSlow(filling.length);
    let sent: Promise<void> = Promise.resolve();
    const hash = body === undefined ? undefined : createHash('sha256');
    for (let position = start; position < end; ) {
      const { bytesRead } = await readInto(fd, filling, 0, Math.min(filling.length, end - position), position);
      if (bytesRead === 0) throw new Error('the file is shorter than its object');
      position += bytesRead;
      hash?.update(filling.subarray(0, bytesRead));
      if (body !== undefined && position >= end && hash?.digest('hex') !== body.sha256) throw new DamagedBody(body);
      await Promise.race([sent, gone]);
      [filling, sending] = [sending, filling];
      sent = write(response, sending.subarray(0, bytesRead));
      sent.catch(() => undefined);
    }
    await Promise.race([sent, gone]);
    response.end();
  } finally {
    await closeFile(fd);
  }
}

function write(response: ServerResponse, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    response.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}
