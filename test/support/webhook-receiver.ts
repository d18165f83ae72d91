import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer as createHttp, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { join } from 'node:path';

/** A request that a receiver got. */
export interface Received {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type Answer = (received: Received, response: ServerResponse) => void;

export interface Receiver {
  readonly port: number;
  readonly received: Received[];
  /** What it answers; 204 unless set. */
  answer: Answer;
  close(): Promise<void>;
}

/** Answers a status, with headers and a body. */
export const answering =
  (status: number, headers: Record<string, string> = {}, body = ''): Answer =>
  (_, response) =>
    void response.writeHead(status, headers).end(body);

/**
 * A server of webhooks on a loopback address.
 * @param tls with a certificate; without it plain http
 */
export async function openReceiver(
  tls?: { readonly key: string; readonly cert: string },
  host = '127.0.0.1',
): Promise<Receiver> {
  const listen = (request: IncomingMessage, response: ServerResponse): void => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
      const received = { path: request.url ?? '', headers, body: Buffer.concat(pieces).toString('utf8') };
      receiver.received.push(received);
      receiver.answer(received, response);
    });
  };
  const server: Server = tls === undefined ? createHttp(listen) : createHttps(tls, listen);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const receiver: Receiver = {
    ...{ port: address.port, received: [], answer: answering(204) },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return receiver;
}

/** A key and a certificate for a name, signed by itself. */
export function selfSigned(folder: string, name: string): { readonly key: string; readonly cert: string } {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
      ...['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`, '-keyout', key, '-out', cert],
    ],
    { stdio: 'pipe' },
  );
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
}
