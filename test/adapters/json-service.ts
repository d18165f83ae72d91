import { createServer, type Server } from 'node:http';
import { z } from 'zod';

export interface ServiceCall {
  /** Operation as the JSON protocols name it in X-Amz-Target, without the service's prefix. */
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly authorization: string;
}

export interface ServiceAnswer {
  readonly status?: number;
  /** Body; an error's is `{ __type, message }`. */
  readonly body?: Readonly<Record<string, unknown>>;
}

/** The wire of an AWS service that speaks the JSON protocol: HTTP on loopback, one answer a call, each call kept. */
export interface JsonService {
  readonly endpoint: string;
  readonly calls: readonly ServiceCall[];
  close(): Promise<void>;
}

/** Starts the wire; `answer` plays the service. */
export async function startJsonService(answer: (call: ServiceCall) => ServiceAnswer): Promise<JsonService> {
  const calls: ServiceCall[] = [];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      const parsed: unknown = text === '' ? {} : JSON.parse(text);
      const target = request.headers['x-amz-target'];
      const call: ServiceCall = {
        operation: typeof target === 'string' ? (target.split('.').at(-1) ?? '') : '',
        input: z.record(z.string(), z.unknown()).parse(parsed),
        authorization: request.headers.authorization ?? '',
      };
      calls.push(call);
      const { status = 200, body = {} } = answer(call);
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
      response.end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    calls,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** An error as the JSON protocols write it. */
export function failure(type: string, status = 400): ServiceAnswer {
  return { status, body: { __type: type, message: `${type} of account 111122223333` } };
}

/** What a client needs to speak to the wire: fixed keys, one try. */
export function clientOptions(service: JsonService) {
  return {
    endpoint: service.endpoint,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
    maxAttempts: 1,
  };
}
