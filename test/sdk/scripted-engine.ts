import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { LinuxBuilderClient } from '../../sdk/client.ts';
import type { ClientOptions } from '../../sdk/transport.ts';
import { onLoopback } from '../support/loopback.ts';

/** What it answers: a status with headers and a body, a connection that is cut before or within an answer, or nothing. */
export type Scripted =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: unknown }
  | 'cut'
  | 'cut within'
  | 'silent';

export interface ScriptedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Milliseconds, of one clock for all requests. */
  readonly at: number;
}

/** A server on loopback that answers one after another what it was told, and the last for ever. */
export interface ScriptedEngine {
  readonly url: string;
  readonly requests: ScriptedRequest[];
  answers: Scripted[];
  client(options?: Partial<ClientOptions>): LinuxBuilderClient;
  close(): Promise<void>;
}

/** A problem as the engine writes one. */
export function problem(status: number, code: string, headers: Readonly<Record<string, string>> = {}): Scripted {
  const body = {
    ...{ type: `urn:linux-builder-engine:problem:${code}`, title: 'title', status, detail: 'detail', code },
    ...{ requestId: 'req_1', errors: [], remedy: 'remedy' },
  };
  return { status, headers: { 'content-type': 'application/problem+json', ...headers }, body };
}

export async function startScriptedEngine(): Promise<ScriptedEngine> {
  const server = createServer((request, response) => void answer(engine, request, response));
  const { url, close } = await onLoopback(server);
  const engine: ScriptedEngine = {
    ...{ url, requests: [], answers: [] },
    client: (options) => new LinuxBuilderClient({ url, apiKey: 'lbk_test', ...options }),
    close,
  };
  return engine;
}

async function answer(engine: ScriptedEngine, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const at = performance.now();
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const { method = '', url = '', headers } = request;
  const place = Math.min(engine.requests.length, engine.answers.length - 1);
  engine.requests.push({ method, path: url, headers, body: Buffer.concat(pieces).toString('utf8'), at });
  const scripted = engine.answers[place] ?? { status: 500 };
  if (scripted === 'silent') return;
  if (scripted === 'cut') {
    request.socket.destroy();
    return;
  }
  if (scripted === 'cut within') {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
    response.write('{"builds": [', () => request.socket.destroy());
    return;
  }
  const text = scripted.body === undefined ? '' : JSON.stringify(scripted.body);
  response.writeHead(scripted.status, { 'content-type': 'application/json', ...scripted.headers });
  response.end(text);
}
