import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createSystemClock } from '../../../adapters/system/clock.ts';
import { createIds } from '../../../adapters/system/ids.ts';
import type { HttpRequest, HttpResponse } from '../../../functions/shared/operation.ts';
import { type HttpFront, startHttpFront } from '../../../local/http/front.ts';

const fronts: HttpFront[] = [];
afterEach(async () => {
  for (const front of fronts.splice(0)) await front.close();
});

async function start(handle: (request: HttpRequest) => Promise<HttpResponse>): Promise<HttpFront> {
  const front = await startHttpFront({ handle, maxBodyBytes: 1_000, ids: createIds(createSystemClock()) });
  fronts.push(front);
  return front;
}

const echo = async (request: HttpRequest): Promise<HttpResponse> => ({
  status: 201,
  headers: { 'content-type': 'application/json', 'x-test': 'yes' },
  body: JSON.stringify({
    method: request.method,
    path: request.path,
    query: request.query,
    accept: request.headers.accept,
    body: new TextDecoder().decode(request.body),
  }),
});

describe('HTTP front', () => {
  it('listens on loopback only', async () => {
    expect(new URL((await start(echo)).url).hostname).toBe('127.0.0.1');
  });

  it('hands a request to the router and its answer back', async () => {
    const { url } = await start(echo);
    const response = await fetch(`${url}/v1/a%2Fb?x=1&y=%20`, {
      method: 'POST',
      body: 'bytes',
      headers: { accept: 'a/b' },
    });
    expect(response.status).toBe(201);
    expect(response.headers.get('x-test')).toBe('yes');
    expect(await response.json()).toEqual({
      method: 'POST',
      path: '/v1/a%2Fb',
      query: { x: '1', y: ' ' },
      accept: 'a/b',
      body: 'bytes',
    });
  });

  it('refuses a body over the limit with the code, and does not call the router', async () => {
    let called = false;
    const { url } = await start(async (request) => {
      called = true;
      return echo(request);
    });
    const response = await fetch(url, { method: 'POST', body: 'x'.repeat(1_001) });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ code: 'request.too_large' });
    expect(called).toBe(false);
  });

  it('refuses headers over the limit of API Gateway', async () => {
    const { url } = await start(echo);
    const response = await fetch(url, { headers: { 'x-long': 'x'.repeat(11_000) } });
    expect(response.status).toBe(431);
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await response.json()).toMatchObject({ code: 'request.headers_too_large', status: 431 });
  });

  it.each([
    ['a header that holds a control character', 'GET / HTTP/1.1\r\nHost: x\r\nX-A: a\u0000b\r\n\r\n'],
    ['a header that is folded', 'GET / HTTP/1.1\r\nHost: x\r\nX-A: a\r\n b: c\r\n\r\n'],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['no host', 'GET / HTTP/1.1\r\n\r\n'],
    ['no HTTP', 'hello\r\n\r\n'],
  ])('refuses %s, and does not call the router', async (_name, text) => {
    let called = false;
    const { url } = await start(async (request) => {
      called = true;
      return echo(request);
    });
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write(text);
    const received = Buffer.concat(await socket.toArray()).toString();
    expect(received).toMatch(/^HTTP\/1.1 400 /);
    expect(called).toBe(false);
  });

  it('tells the handler when the caller has gone', async () => {
    const aborted = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    const { url } = await start(async (request) => {
      reached.resolve();
      await new Promise<void>((resolve) => request.signal.addEventListener('abort', () => resolve()));
      aborted.resolve();
      return echo(request);
    });
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await reached.promise;
    socket.destroy();
    await aborted.promise;
  });
});
