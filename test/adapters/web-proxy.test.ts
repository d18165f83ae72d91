import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AddressRefused } from '../../adapters/network/address-refused.ts';
import { createGuardedFetch } from '../../adapters/network/guarded-fetch.ts';
import { createTrustedFetch } from '../../adapters/network/trusted-fetch.ts';
import {
  bypassesProxy,
  noProxySchema,
  proxyAddressSchema,
  proxyEnvironment,
  proxySecrets,
} from '../../core/wiring/proxy.ts';
import { startWebProxy, type WebProxyUnderTest } from '../support/web-proxy.ts';

const init = (headers: Record<string, string> = {}) => ({ headers, signal: AbortSignal.timeout(5_000) });

let server: Server;
let port = 0;
let proxy: WebProxyUnderTest;
const asked: { readonly url: string; readonly authorization: string | undefined }[] = [];
beforeAll(async () => {
  proxy = await startWebProxy();
  server = createServer((request, response) => {
    asked.push({ url: request.url ?? '', authorization: request.headers.authorization });
    const to = /^\/to\/(.*)$/.exec(request.url ?? '')?.[1];
    if (to !== undefined) response.writeHead(302, { location: decodeURIComponent(to) }).end();
    else response.end(`${request.method} body`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterEach(() => {
  asked.length = 0;
  proxy.asked.length = 0;
  proxy.hosts.clear();
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await proxy.close();
});
const through = (...noProxy: string[]) => ({ url: proxy.url, noProxy });

describe('what the operator’s archives are asked with', () => {
  it('goes through the proxy, with its user and password, but for the hosts that are asked without', async () => {
    const url = `http://127.0.0.1:${port}/x`;
    const ask = createTrustedFetch(through());
    expect(await (await ask(url, init())).text()).toBe('GET body');
    expect((await ask(url, { ...init(), method: 'HEAD' })).status).toBe(200);
    expect([proxy.asked, proxy.refused]).toEqual([[url, url], []]);
    for (const noProxy of ['127.0.0.1', '*']) await createTrustedFetch(through(noProxy))(url, init());
    await createTrustedFetch()(url, init());
    expect(proxy.asked).toHaveLength(2);
    expect(asked).toHaveLength(5);
  });

  it('asks for a tunnel where the address is https', async () => {
    await expect(createTrustedFetch(through())(`https://127.0.0.1:${port}/x`, init())).rejects.toThrow();
    expect(proxy.asked).toEqual([`127.0.0.1:${port}`]);
  });

  it('says nothing of the proxy where that lets nobody in', async () => {
    const wrong = { url: proxy.url.replace(/:[^:@]*@/, ':other@'), noProxy: [] };
    expect((await createTrustedFetch(wrong)(`http://127.0.0.1:${port}/x`, init())).status).toBe(407);
  });
});

describe('what archives of a spec are asked with', () => {
  it('judges addresses and names before the proxy is asked', async () => {
    const ask = createGuardedFetch([], through());
    for (const host of ['127.0.0.1', '10.0.0.1', '169.254.169.254', '[::1]', 'localhost']) {
      await expect(ask(`http://${host}:${port}/x`, init())).rejects.toBeInstanceOf(AddressRefused);
    }
    const allowed = createGuardedFetch(['localhost'], through());
    expect((await allowed(`http://localhost:${port}/x`, init())).status).toBe(200);
    await expect(allowed(`http://localhost:${port}/to/http:%2F%2F127.0.0.1:${port}%2Fy`, init())).rejects.toThrow(
      'no public address',
    );
    expect(proxy.asked).toHaveLength(2);
  });

  it('leaves a name that only the proxy knows to the proxy', async () => {
    proxy.hosts.set('packages.invalid', '127.0.0.1');
    const address = `http://packages.invalid:${port}/x`;
    expect(await (await createGuardedFetch([], through())(address, init())).text()).toBe('GET body');
    expect(proxy.asked).toEqual([address]);
    await expect(createGuardedFetch([], through('invalid'))(address, init())).rejects.toThrow();
  });

  it.each([false, true])('keeps authorization with the host that it is for (proxied: %s)', async (proxied) => {
    const ask = createGuardedFetch(['127.0.0.1', 'localhost'], proxied ? through() : undefined);
    const via = (to: string) => `http://127.0.0.1:${port}/to/${encodeURIComponent(to)}`;
    const headers = { authorization: 'Basic eDp5', range: 'bytes=0-' };
    await ask(via('/same'), init(headers));
    await ask(via(`http://localhost:${port}/other`), init(headers));
    // Back again: it was given up on the way.
    await ask(via(`http://localhost:${port}/to/${encodeURIComponent(`http://127.0.0.1:${port}/back`)}`), init(headers));
    const sent = new Map(asked.map(({ url, authorization }) => [url, authorization]));
    expect([sent.get('/same'), sent.get('/other')]).toEqual(['Basic eDp5', undefined]);
    expect(asked.at(-1)).toEqual({ url: '/back', authorization: undefined });
    expect(proxy.asked.length).toBe(proxied ? 7 : 0);
  });
});

describe('the settings of a proxy', () => {
  it('take its address with a user and password, and nothing else of an address', () => {
    for (const url of ['http://proxy:3128', 'https://u:p%40ss@proxy.internal/']) {
      expect(proxyAddressSchema.safeParse(url).success).toBe(true);
    }
    for (const url of [
      '',
      'proxy:3128',
      'socks5://proxy',
      'http://proxy/path',
      'http://proxy/?x',
      'http://',
      'http://u:50%@p',
    ]) {
      expect([url, proxyAddressSchema.safeParse(url).success]).toEqual([url, false]);
    }
  });

  it('give the address as programs know it: they go without a proxy that is written another way', () => {
    expect([' HTTP://Proxy:3128', 'HTTPS://u:p%40ss@proxy/'].map((url) => proxyAddressSchema.parse(url))).toEqual([
      ...['http://proxy:3128', 'https://u:p%40ss@proxy'],
    ]);
  });

  it('name hosts as no_proxy does', () => {
    const noProxy = noProxySchema.parse('Internal.example, .corp,10.0.0.7,::1');
    const without = (host: string) => bypassesProxy({ url: '', noProxy }, host);
    expect(['internal.example', 'a.internal.example', 'x.corp', 'corp', '10.0.0.7', '[::1]'].map(without)).toEqual(
      Array(6).fill(true),
    );
    expect(['notinternal.example', 'example', '10.0.0.70', 'corp.example'].map(without)).toEqual(Array(4).fill(false));
    for (const list of ['', 'a b', 'a,,b', 'http://a', 'a\nb']) {
      expect([list, noProxySchema.safeParse(list).success]).toEqual([list, false]);
    }
  });

  it('are told to programs in both spellings, and hidden where a password is in them', () => {
    const told = proxyEnvironment({ url: 'http://u:p%40ss@proxy', noProxy: ['a', 'b'] });
    expect(told).toEqual({
      ...{ http_proxy: 'http://u:p%40ss@proxy', https_proxy: 'http://u:p%40ss@proxy', no_proxy: 'a,b' },
      ...{ HTTP_PROXY: 'http://u:p%40ss@proxy', HTTPS_PROXY: 'http://u:p%40ss@proxy', NO_PROXY: 'a,b' },
    });
    expect(proxyEnvironment(undefined)).toEqual({});
    expect(proxySecrets({ url: 'http://u:p%40ss@proxy', noProxy: [] })).toEqual(['p%40ss', 'p@ss', btoa('u:p@ss')]);
    expect(proxySecrets({ url: 'http://proxy', noProxy: [] })).toEqual([]);
  });
});
