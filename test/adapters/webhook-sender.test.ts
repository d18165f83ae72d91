import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createWebhookSender, type WebhookSenderOptions } from '../../adapters/network/webhook-sender.ts';
import { resolverOf } from '../support/turning-resolver.ts';
import { answering, openReceiver, type Receiver, selfSigned } from '../support/webhook-receiver.ts';

let folder: string;
let receiver: Receiver;
let secure: Receiver;
let certificate: { key: string; cert: string };
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lbuild-webhooks-'));
  certificate = selfSigned(folder, 'hooks.example.test');
  receiver = await openReceiver();
  secure = await openReceiver(certificate);
});
afterEach(() => {
  for (const one of [receiver, secure]) {
    one.received.splice(0);
    one.answer = answering(204);
  }
});
afterAll(async () => {
  await Promise.all([receiver.close(), secure.close()]);
  rmSync(folder, { recursive: true });
});

const send = (url: string, options: Partial<WebhookSenderOptions> = {}) =>
  createWebhookSender({ privateHosts: ['127.0.0.1'], ...options }).send({
    ...{ url, body: '{"a":"ä"}', headers: { 'content-type': 'application/json', 'webhook-id': 'whd_1' } },
  });
const here = (path = '/hook') => `http://127.0.0.1:${receiver.port}${path}`;

/** Addresses that no webhook may be sent to, at a port where somebody would take it. */
const hostile: readonly (readonly [string, string])[] = [
  ['loopback', '127.0.0.1'],
  ['loopback, short', '127.1'],
  ['loopback, decimal', '2130706433'],
  ['loopback, hexadecimal', '0x7f000001'],
  ['loopback, octal', '017700000001'],
  ['loopback, octal parts', '0177.0.0.1'],
  ['loopback, mixed parts', '0x7f.0.0.1'],
  ['loopback, with a dot at its end', '127.0.0.1.'],
  ['another loopback', '127.255.255.254'],
  ['this host', '0.0.0.0'],
  ['this host, short', '0'],
  ['private, class A', '10.0.0.1'],
  ['private, class B', '172.16.0.1'],
  ['private, class C', '192.168.1.1'],
  ['link-local', '169.254.1.1'],
  ['metadata', '169.254.169.254'],
  ['metadata, decimal', '2852039166'],
  ['metadata of containers', '169.254.170.2'],
  ['metadata elsewhere', '100.100.100.200'],
  ['carrier-grade NAT', '100.64.0.1'],
  ['benchmarks', '198.18.0.1'],
  ['documentation', '203.0.113.1'],
  ['6to4 relay', '192.88.99.1'],
  ['multicast', '224.0.0.1'],
  ['reserved', '240.0.0.1'],
  ['broadcast', '255.255.255.255'],
  ['IPv6 loopback', '[::1]'],
  ['IPv6 unspecified', '[::]'],
  ['IPv4-mapped', '[::ffff:127.0.0.1]'],
  ['IPv4-mapped, hexadecimal', '[::ffff:7f00:1]'],
  ['IPv4-compatible', '[::127.0.0.1]'],
  ['6to4 of loopback', '[2002:7f00:1::]'],
  ['6to4 of metadata', '[2002:a9fe:a9fe::1]'],
  ['Teredo', '[2001:0:53aa:64c:0:7bef:80ff:fffe]'],
  ['NAT64', '[64:ff9b::7f00:1]'],
  ['NAT64, local', '[64:ff9b:1::7f00:1]'],
  ['IPv6 link-local', '[fe80::1]'],
  ['IPv6 site-local', '[fec0::1]'],
  ['IPv6 unique local', '[fc00::1]'],
  ['IPv6 metadata', '[fd00:ec2::254]'],
  ['IPv6 documentation', '[2001:db8::1]'],
  ['IPv6 multicast', '[ff02::1]'],
  ['a name of one label', 'localhost'],
  ['the same in another script', '①②⑦.⓪.⓪.①'],
];

describe('an address that is none of a public host', () => {
  it.each(hostile)('%s is refused: %s', async (_, host) => {
    const answer = await send(`https://${host}:${secure.port}/`, { privateHosts: ['hooks.internal'] });
    expect(answer).toMatchObject({ kind: 'refused' });
    expect(secure.received).toEqual([]);
  });

  it.each(hostile.filter(([, host]) => /^[\d.]+$|^\[/.test(host) && !/^(0|\d{6,})/.test(host)))(
    '%s is refused as what a name resolves to: %s',
    async (_, host) => {
      const address = host.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
      for (const addresses of [[address], ['93.184.216.34', address], [address, '93.184.216.34']]) {
        const resolve = resolverOf(addresses);
        const answer = await send(`https://hooks.example.test:${secure.port}/`, { resolve, ca: certificate.cert });
        expect(answer).toEqual({ kind: 'refused', reason: 'The host has no public address.' });
      }
      expect(secure.received).toEqual([]);
    },
  );

  it.each([
    ['a user', 'https://user@example.com/'],
    ['a password', 'https://user:secret@example.com/'],
    ['no TLS', 'http://example.com/'],
    ['another protocol', 'ftp://example.com/'],
    ['a file', 'file:///etc/passwd'],
    ['a port of mail', 'https://example.com:25/'],
    ['a port of shells', 'https://example.com:22/'],
    ['a fragment', 'https://example.com/#x'],
    ['no host', 'https:///'],
    ['no address at all', 'hooks'],
  ])('is refused for %s: %s', async (_, url) => {
    expect(await send(url)).toMatchObject({ kind: 'refused' });
  });

  it('is judged again each time: a name that moves inside is followed nowhere', async () => {
    const resolve = resolverOf(['127.0.0.1'], ['169.254.169.254'], ['127.0.0.1']);
    const options = { resolve, ca: certificate.cert, privateHosts: ['hooks.example.test'] };
    const url = `https://hooks.example.test:${secure.port}/`;
    expect(await send(url, options)).toMatchObject({ kind: 'answered', status: 204 });
    expect(await send(url, options)).toMatchObject({ kind: 'refused' });
    expect(secure.received).toHaveLength(1);
    // One look a request: what is judged is what is connected to.
    expect(resolve.asked).toHaveLength(2);
  });
});

describe('a webhook', () => {
  it('is posted as it is, over TLS that is verified', async () => {
    const options = { resolve: resolverOf(['127.0.0.1']), privateHosts: ['hooks.example.test'] };
    const url = `https://hooks.example.test:${secure.port}/hook?x=1`;
    secure.answer = answering(200, {}, 'thanks');
    expect(await send(url, { ...options, ca: certificate.cert })).toEqual({
      ...{ kind: 'answered', status: 200, body: 'thanks', truncated: false },
    });
    expect(secure.received).toMatchObject([
      { path: '/hook?x=1', body: '{"a":"ä"}', headers: { 'webhook-id': 'whd_1', 'content-length': '10' } },
    ]);
    expect(await send(url, options)).toEqual({
      ...{ kind: 'unanswered', reason: expect.stringMatching(/^The connection failed \([A-Z_]+\)\.$/) },
    });
    expect(secure.received).toHaveLength(1);
  });

  it('follows no redirect, and tells what an answer asks for', async () => {
    receiver.answer = answering(302, { location: here('/elsewhere') });
    expect(await send(here())).toMatchObject({ kind: 'answered', status: 302 });
    receiver.answer = answering(503, { 'retry-after': '120' });
    expect(await send(here())).toMatchObject({ kind: 'answered', status: 503, retryAfter: '120' });
    expect(receiver.received.map(({ path }) => path)).toEqual(['/hook', '/hook']);
  });

  it('ends in time where nothing is answered, or only the begin of it', async () => {
    receiver.answer = () => undefined;
    const options = { answerMilliseconds: 300 };
    expect(await send(here(), options)).toEqual({
      ...{ kind: 'unanswered', reason: 'It did not answer within 0 seconds.' },
    });
    receiver.answer = (_, response) => void response.writeHead(200).write('so far');
    expect(await send(here(), options)).toEqual({
      ...{ kind: 'answered', status: 200, body: 'so far', truncated: true },
    });
  });

  it('cuts a body that goes on for ever', async () => {
    let written = 0;
    let closed = false;
    receiver.answer = (_, response) => {
      const piece = 'x'.repeat(16_384);
      const more = (): void => {
        while (!closed && response.write(piece)) written += piece.length;
      };
      response.on('drain', more).on('close', () => {
        closed = true;
      });
      response.writeHead(200);
      more();
    };
    const answer = await send(here(), { answerMilliseconds: 10_000 });
    expect(answer).toMatchObject({ kind: 'answered', status: 200, truncated: true });
    expect(answer.kind === 'answered' && answer.body).toBe('x'.repeat(4_096));
    await expect.poll(() => closed).toBe(true);
    expect(written).toBeLessThan(16 * 1024 ** 2);
  });

  it('takes no endless header, broken protocol or closed door for an answer', async () => {
    receiver.answer = answering(200, { 'x-long': 'x'.repeat(40_000) });
    expect(await send(here())).toMatchObject({ kind: 'unanswered', reason: expect.stringContaining('HPE_HEADER') });
    receiver.answer = (_, response) => void response.socket?.end('nonsense\r\n\r\n');
    expect(await send(here())).toMatchObject({ kind: 'unanswered' });
    receiver.answer = (_, response) => void response.socket?.destroy();
    expect(await send(here())).toMatchObject({ kind: 'unanswered', reason: 'The connection failed (ECONNRESET).' });
  });

  it('takes no other protocol for an answer', async () => {
    receiver.answer = (_, response) => {
      response.socket?.end('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n');
    };
    expect(await send(`http://127.0.0.1:${receiver.port}/`)).toEqual({
      ...{ kind: 'unanswered', reason: 'The connection failed (UPGRADE_REFUSED).' },
    });
  }, 5_000);

  it('is given up, and nothing said of it, where the engine is stopped', async () => {
    receiver.answer = () => undefined;
    const stop = new AbortController();
    const sent = send(here(), { stopping: stop.signal });
    const ended = expect(sent).rejects.toThrow('stopped');
    await expect.poll(() => receiver.received.length).toBe(1);
    stop.abort(new Error('stopped'));
    await ended;
  });
});
