import type { ClientRequest, IncomingMessage } from 'node:http';

/**
 * Sends a request and waits for its answer's head. One that would change the protocol is none: Node tells of it by an event
 * of its own, and of a connection that ends without any answer by its closing alone, and nobody may wait for ever.
 * @throws Error with `code`: as the network says, UPGRADE_REFUSED, or CLOSED
 */
export function answerTo(request: ClientRequest, body?: Uint8Array): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request
      .on('response', resolve)
      .on('error', reject)
      .on('upgrade', (_, socket) => {
        socket.destroy();
        reject(failure('UPGRADE_REFUSED', 'it answers with another protocol'));
      })
      // After an answer this says nothing.
      .on('close', () => reject(failure('CLOSED', 'the connection was closed without an answer')))
      .end(body);
  });
}

const failure = (code: string, message: string): Error => Object.assign(new Error(message), { code });
