import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createPluginRunner, type PluginRunnerOptions } from '../../../adapters/quickjs/plugin-runner.ts';
import type { PluginOutcome } from '../../../core/ports/plugin-runner.ts';
import { resolverOf } from '../../support/turning-resolver.ts';
import { answering, openReceiver, type Receiver, selfSigned } from '../../support/webhook-receiver.ts';
import { bundleSandbox } from './bundled-sandbox.ts';
import { callOf } from './plugin-calls.ts';
import { refusedSpellings } from './refused-spellings.ts';

const host = 'api.example.test';
const other = 'other.example.test';

const { sandboxFile, remove } = bundleSandbox();
afterAll(remove);

let folder: string;
let receiver: Receiver;
let certificate: { key: string; cert: string };
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lbuild-plugins-'));
  certificate = selfSigned(folder, host);
  receiver = await openReceiver(certificate);
});
afterEach(() => {
  receiver.received.splice(0);
  receiver.answer = answering(204);
});
afterAll(async () => {
  await receiver.close();
  rmSync(folder, { recursive: true });
});

/** The operator lets the host have a private address here, as no test reaches a public one. */
const here = (): PluginRunnerOptions => ({
  ...{ privateHosts: [host], ca: certificate.cert, resolve: resolverOf(['127.0.0.1']) },
});

const run = (text: string, options: PluginRunnerOptions = here(), fetchHosts: readonly string[] = [host]) => {
  const code = `export async function transformSpec({ spec }) { const { port } = spec; ${text} }`;
  const call = callOf(code, { input: { spec: { port: receiver.port } }, grants: { fetchHosts } });
  return createPluginRunner({ ...options, sandboxFile }).run(call, new AbortController().signal);
};
const outputOf = async (...given: Parameters<typeof run>) => {
  const outcome = await run(...given);
  return outcome.ok ? outcome.output : { failed: outcome.code, reason: outcome.reason };
};
const refused = (reason?: string) => (outcome: PluginOutcome) =>
  expect(outcome).toMatchObject({
    ...{ ok: false, code: 'plugin.fetch_refused', reason: expect.stringContaining(reason ?? '') },
  });

describe('fetch', () => {
  it('asks a host that was granted', async () => {
    receiver.answer = answering(201, { 'content-type': 'application/json', 'x-two': 'a' }, '{"found":["ä"]}');
    const text = `const answer = await fetch(\`https://${host}:\${port}/look?a=1#there\`, {
        method: 'post', headers: { 'Content-Type': 'text/plain', authorization: 'Bearer x' }, body: 'näme' });
      return [answer.status, answer.ok, answer.headers['x-two'], await answer.json(), await answer.text()];`;
    const outcome = await run(text);
    expect(outcome).toMatchObject({
      output: [201, true, 'a', { found: ['ä'] }, '{"found":["ä"]}'],
      fetches: [{ host, status: 201 }],
    });
    expect(receiver.received).toMatchObject([
      { path: '/look?a=1', body: 'näme', headers: { 'content-type': 'text/plain', 'content-length': '5' } },
    ]);
  });

  it('may be called several times at once, and not more often than is allowed', async () => {
    receiver.answer = ({ path }, response) => void response.end(path);
    const text = `const get = (n) => fetch(\`https://${host}:\${port}/\${n}\`).then((a) => a.text(), (e) => e.code);
      return [await Promise.all([1, 2, 3, 4].map(get)), await get(5), await get(6), await get(7)];`;
    const refusal = 'plugin.fetch_refused';
    expect(await outputOf(text)).toEqual([['/1', '/2', '/3', '/4'], '/5', refusal, refusal]);
    expect(receiver.received).toHaveLength(5);
    const storm = `for (;;) fetch(\`https://${host}:\${port}/\`).catch(() => 0);`;
    const outcome = await run(storm);
    expect(outcome).toMatchObject({ ok: false, code: expect.stringMatching(/^plugin\.(timeout|memory)$/) });
    expect(outcome.fetches.length).toBeLessThanOrEqual(5);
    expect(receiver.received.length).toBeLessThanOrEqual(10);
  });

  it('follows a redirect to a host that was granted, and to no other', async () => {
    receiver.answer = ({ path }, response) => {
      const to: Record<string, string> = {
        ...{ '/relative': '/end', '/ring': '/ring', '/metadata': 'https://169.254.169.254/latest/meta-data/' },
        ...{
          '/plain': `http://${host}/`,
          '/other': `https://${other}:${receiver.port}/end`,
          '/user': `https://u@${host}/`,
        },
        ...{ '/local': `https://localhost:${receiver.port}/end`, '/file': 'file:///etc/passwd', '/none': 'https://' },
      };
      if (to[path] === undefined) response.end(`at ${path}`);
      else response.writeHead(302, { location: to[path] }).end('elsewhere');
    };
    const get = (path: string) =>
      `const a = await fetch(\`https://${host}:\${port}${path}\`, { method: 'POST', body: 'x' }); return a.text();`;
    expect(await outputOf(get('/relative'))).toBe('at /end');
    for (const path of ['/metadata', '/plain', '/other', '/user', '/local', '/file', '/none'])
      refused()(await run(get(path)));
    refused('redirects more than 3 times')(await run(get('/ring')));
    expect(receiver.received.filter(({ path }) => path === '/end')).toHaveLength(1);
    expect(receiver.received.filter(({ path }) => path === '/ring')).toHaveLength(4);
  });

  it('keeps what is for one origin from another', async () => {
    const elsewhere = await openReceiver(certificate);
    elsewhere.answer = answering(200, {}, 'there');
    receiver.answer = answering(307, { location: `https://${host}:${elsewhere.port}/` });
    const text = `const a = await fetch(\`https://${host}:\${port}/\`, { method: 'PUT', body: 'b', headers: [['Authorization', 'x'], ['cookie', 'y'], ['x-mine', 'z']] });
      return a.text();`;
    expect(await outputOf(text)).toBe('there');
    expect(receiver.received[0]?.headers).toMatchObject({ authorization: 'x', cookie: 'y', 'x-mine': 'z' });
    const [received] = elsewhere.received;
    expect(received).toMatchObject({ body: 'b', headers: { 'x-mine': 'z' } });
    expect(Object.keys(received?.headers ?? {})).not.toEqual(expect.arrayContaining(['authorization']));
    expect(Object.keys(received?.headers ?? {})).not.toEqual(expect.arrayContaining(['cookie']));
    await elsewhere.close();
  });

  it.each([
    ['an answer that is too long', answering(200, {}, 'x'.repeat(262_145)), 'more than 262144 bytes'],
    ['a head that is too long', answering(200, { 'x-long': 'x'.repeat(40_000) }), 'HPE_HEADER'],
    [
      'a broken protocol',
      (_: unknown, response: Parameters<Receiver['answer']>[1]) => void response.socket?.end('no\r\n\r\n'),
      'HPE',
    ],
    [
      'a closed door',
      (_: unknown, response: Parameters<Receiver['answer']>[1]) => void response.socket?.destroy(),
      'ECONNRESET',
    ],
  ])('fails for %s', async (_, answer, reason) => {
    receiver.answer = answer;
    expect(await run(`return (await fetch(\`https://${host}:\${port}/\`)).text();`)).toMatchObject({
      ...{ ok: false, code: 'plugin.fetch_failed', reason: expect.stringContaining(reason) },
    });
  });

  it('takes a body as long as it may be, and an empty one', async () => {
    receiver.answer = answering(200, {}, 'x'.repeat(262_144));
    const text = `const a = await fetch(\`https://${host}:\${port}/\`, { method: 'PUT', body: 'y'.repeat(262144) }); return (await a.text()).length;`;
    expect(await outputOf(text)).toBe(262_144);
    expect(receiver.received[0]?.body).toHaveLength(262_144);
    receiver.answer = answering(204);
    expect(await outputOf(`return (await fetch(\`https://${host}:\${port}/\`)).text();`)).toBe('');
  });

  it.each([
    ['a body that is too long', `{ method: 'POST', body: 'x'.repeat(262145) }`],
    ['a giant body', `{ method: 'POST', body: 'x'.repeat(6000000) }`],
    ['a body that is no text', `{ method: 'POST', body: new Uint8Array(2) }`],
    ['a method that there is not', `{ method: 'TRACE' }`],
    ['a method that is a line', `{ method: 'GET / HTTP/1.1\\r\\nx: y' }`],
    ['another host of the head', `{ headers: { Host: 'metadata.internal' } }`],
    ['a length of its own', `{ headers: { 'Content-Length': '1' } }`],
    ['pieces', `{ headers: { 'transfer-encoding': 'chunked' } }`],
    ['another protocol', `{ headers: { upgrade: 'websocket' } }`],
    ['a header for proxies', `{ headers: { 'Proxy-Authorization': 'x' } }`],
    ['a header with a line', `{ headers: { 'x-a': 'b\\r\\nx-c: d' } }`],
    ['a name of a header with a line', `{ headers: { 'x-a: b\\r\\nx-c': 'd' } }`],
    ['a header that Latin-1 cannot hold', `{ headers: { 'x-a': '\\u4e2d' } }`],
    ['many headers', `{ headers: Object.fromEntries(Array.from({ length: 33 }, (_, n) => ['x-' + n, 'y'])) }`],
    ['long headers', `{ headers: { 'x-a': 'y'.repeat(8192) } }`],
  ])('is refused for %s', async (_, options) => {
    refused()(await run(`return (await fetch(\`https://${host}:\${port}/\`, ${options})).status;`));
    expect(receiver.received).toEqual([]);
  });

  it('can be caught, and is told of all the same', async () => {
    const text = `try { await fetch('https://${other}/'); } catch (error) { return [error instanceof Error, error.code, error.message]; }`;
    const outcome = await run(text);
    const reason = `The address is refused: the host "${other}" is none that was declared and granted.`;
    expect(outcome).toMatchObject({
      output: [true, 'plugin.fetch_refused', reason],
      fetches: [{ host: other, reason }],
    });
  });

  it('ends with the run', async () => {
    receiver.answer = () => undefined;
    let closed = 0;
    receiver.answer = (_, response) => void response.on('close', () => (closed += 1));
    const outcome = await run(
      `fetch(\`https://${host}:\${port}/\`); await fetch(\`https://${other}/\`).catch(() => 0); return 1;`,
    );
    expect(outcome).toMatchObject({ ok: true, output: 1 });
    await expect.poll(() => closed).toBe(receiver.received.length);
  });
});

describe('an address that no plugin may ask', () => {
  it('is refused by every spelling', { timeout: 60_000 }, async () => {
    const resolve = resolverOf(['127.0.0.1']);
    const all = refusedSpellings(host);
    // Five a run, as a run may ask.
    for (let from = 0; from < all.length; from += 5) {
      const some = all.slice(from, from + 5).map((text) => text.replace('PORT', String(receiver.port)));
      const text = `const all = ${JSON.stringify(some)};
        return Promise.all(all.map((url) => fetch(url).then((a) => [url, a.status], (e) => e.code)));`;
      expect(await outputOf(text, { ...here(), resolve })).toEqual(some.map(() => 'plugin.fetch_refused'));
    }
    expect(receiver.received).toEqual([]);
    // No name was looked up for any of them: they are refused by what they say.
    expect(resolve.asked).toEqual([]);
    console.log(`${all.length} spellings of addresses, all refused, nothing asked`);
  });

  it('is refused as it is written in capitals only where that is another host', async () => {
    receiver.answer = answering(200, {}, 'yes');
    expect(await outputOf(`return (await fetch(\`HTTPS://API.Example.TEST:\${port}/\`)).text();`)).toBe('yes');
  });

  it.each([
    ...[
      '127.0.0.1',
      '169.254.169.254',
      '10.0.0.1',
      '192.168.0.1',
      '172.16.0.1',
      '100.64.0.1',
      '0.0.0.0',
      '100.100.100.200',
    ],
    ...[
      '::1',
      '::ffff:127.0.0.1',
      '::ffff:a9fe:a9fe',
      'fd00:ec2::254',
      'fe80::1',
      '64:ff9b::a9fe:a9fe',
      '2002:7f00:1::',
    ],
  ])('is refused as what a name resolves to: %s', async (address) => {
    for (const addresses of [[address], ['93.184.216.34', address]]) {
      const options = { ca: certificate.cert, resolve: resolverOf(addresses) };
      refused('no public address')(await run(`return fetch(\`https://${host}:\${port}/\`);`, options));
    }
    expect(receiver.received).toEqual([]);
  });

  it('is refused though the operator has named the host, where it is a metadata service', async () => {
    const options = { ...here(), resolve: resolverOf(['169.254.169.254']) };
    refused('no public address')(await run(`return fetch(\`https://${host}:\${port}/\`);`, options));
  });

  it('is judged again each time: a name that moves inside is followed nowhere', async () => {
    const resolve = resolverOf(['127.0.0.1'], ['169.254.169.254'], ['127.0.0.1']);
    const text = `const get = () => fetch(\`https://${host}:\${port}/\`).then((a) => a.status, (e) => e.code);
      return [await get(), await get()];`;
    expect(await outputOf(text, { ...here(), resolve })).toEqual([204, 'plugin.fetch_refused']);
    expect(receiver.received).toHaveLength(1);
    // One look a request: what is judged is what is connected to.
    expect(resolve.asked).toHaveLength(2);
  });
});
