import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AddressRefused } from '../../adapters/network/address-refused.ts';
import { createGuardedFetch } from '../../adapters/network/guarded-fetch.ts';

describe('a guarded fetch', () => {
  let server: Server;
  let port = 0;
  const asked: string[] = [];
  beforeAll(async () => {
    server = createServer((request, response) => {
      const path = request.url ?? '';
      asked.push(path);
      const to = /^\/to\/(.*)$/.exec(path)?.[1];
      if (to !== undefined) response.writeHead(302, { location: decodeURIComponent(to) }).end('elsewhere');
      else if (path === '/socket') {
        response.socket?.end('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n');
      } else if (path === '/ring') response.writeHead(301, { location: '/ring' }).end();
      else response.writeHead(path === '/none' ? 404 : 200, { 'x-range': request.headers.range ?? '' }).end('body');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    port = address.port;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const init = (headers: Record<string, string> = {}) => ({ headers, signal: AbortSignal.timeout(5_000) });
  const refusalOf = (hosts: readonly string[], address: string) =>
    createGuardedFetch(hosts)(address, init()).catch((error: unknown) => error);
  const via = (to: string) => `http://127.0.0.1:${port}/to/${encodeURIComponent(to)}`;

  it('answers as fetch does where the operator allows the host', async () => {
    const get = createGuardedFetch(['127.0.0.1', 'LocalHost']);
    const answer = await get(`http://127.0.0.1:${port}/x`, init({ range: 'bytes=2-' }));
    expect([answer.status, answer.headers.get('x-range'), await answer.text()]).toEqual([200, 'bytes=2-', 'body']);
    expect((await get(`http://localhost:${port}/none`, init())).status).toBe(404);
  });

  it('takes no other protocol for an answer', async () => {
    const get = createGuardedFetch(['127.0.0.1']);
    await expect(get(`http://127.0.0.1:${port}/socket`, init())).rejects.toMatchObject({ code: 'UPGRADE_REFUSED' });
  }, 3_000);

  it.each([
    ...['127.0.0.1', '127.1', '0x7f000001', '2130706433', '0177.0.0.1', 'localhost', 'LOCALHOST', 'localhost.'],
    ...['[::1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '0.0.0.0', '169.254.169.254', '[fd00:ec2::254]', '10.0.0.1'],
  ])('asks nothing of %s where he does not', async (host) => {
    const before = asked.length;
    const failure = await refusalOf(['other.internal'], `http://${host}:${port}/x`);
    // A system may not know a name with a dot at its end: then nothing is asked either.
    if (host.endsWith('.')) expect(failure).toBeInstanceOf(Error);
    else expect(failure).toBeInstanceOf(AddressRefused);
    expect(asked).toHaveLength(before);
  });

  it('asks link-local addresses for nobody', async () => {
    for (const host of ['169.254.169.254', '[fe80::1]', '0.0.0.0']) {
      expect(await refusalOf([host], `http://${host}:${port}/x`)).toBeInstanceOf(AddressRefused);
    }
  });

  it('follows a redirect to what it may ask', async () => {
    const get = createGuardedFetch(['127.0.0.1', 'localhost']);
    expect(await (await get(via(`http://localhost:${port}/x`), init())).text()).toBe('body');
    expect(await (await get(via('/relative'), init())).text()).toBe('body');
    expect(asked.at(-1)).toBe('/relative');
  });

  it.each([
    ['a private address', () => `http://localhost:${port}/inside`],
    ['a metadata service', () => 'http://169.254.169.254/latest/meta-data/'],
    ['a file', () => 'file:///etc/passwd'],
    ['credentials', () => `http://user:pass@127.0.0.1:${port}/inside`],
    ['no address', () => 'http://'],
  ])('is led by no redirect to %s', async (_, to) => {
    expect(await refusalOf(['127.0.0.1'], via(to()))).toBeInstanceOf(AddressRefused);
    expect(asked).not.toContain('/inside');
  });

  it('ends a ring of redirects', async () => {
    expect(await refusalOf(['127.0.0.1'], `http://127.0.0.1:${port}/ring`)).toMatchObject({
      message: 'it redirects more than 5 times',
    });
  });
});
