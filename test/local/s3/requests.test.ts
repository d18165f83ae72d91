import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect as connectSocket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../../core/digest.ts';
import { useServer } from './server-fixture.ts';
import { codeOf, sendSigned } from './signed-request.ts';

const fixture = useServer();
const call = (options: Parameters<typeof sendSigned>[1]) => sendSigned(fixture.server.endpoint, options);
const put = (path: string, body: string, headers: Record<string, string> = {}, payload?: string) =>
  call({
    method: 'PUT',
    path: `/bucket/${path}`,
    headers: { 'content-length': String(Buffer.byteLength(body)), ...headers },
    body,
    ...(payload === undefined ? {} : { payload }),
  });
const base64 = (algorithm: string, text: string) => createHash(algorithm).update(text).digest('base64');

async function bodies(): Promise<number> {
  const names = await readdir(join(fixture.directory, 'bodies'), { recursive: true, withFileTypes: true });
  return names.filter((entry) => entry.isFile()).length;
}

/** Head of a signed PUT of 4 bytes for a server, as its lines go over the wire: caught by another server. */
async function captureHead(host: string): Promise<string> {
  const spy = createServer();
  spy.listen(0, '127.0.0.1');
  await once(spy, 'listening');
  const address = spy.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const head = new Promise<string>((resolve) => {
    spy.once('request', (request, response) => {
      response.end();
      const lines = Object.entries(request.headers).map(([name, value]) => `${name}: ${value}\r\n`);
      resolve(`${request.method} ${request.url} HTTP/1.1\r\n${lines.join('')}\r\n`);
    });
  });
  const headers = { 'content-length': '4', host };
  await sendSigned(`http://127.0.0.1:${address.port}`, {
    method: 'PUT',
    path: '/bucket/broken',
    headers,
    body: 'body',
  });
  spy.close();
  return head;
}

describe('bodies', () => {
  it.each<[string, Record<string, string>, string | undefined, number, string]>([
    ['another Content-MD5', { 'content-md5': base64('md5', 'other') }, undefined, 400, 'BadDigest'],
    ['a malformed Content-MD5', { 'content-md5': 'short' }, undefined, 400, 'InvalidDigest'],
    ['another SHA-256', { 'x-amz-checksum-sha256': base64('sha256', 'other') }, undefined, 400, 'BadDigest'],
    ['another SHA-1', { 'x-amz-checksum-sha1': base64('sha1', 'other') }, undefined, 400, 'BadDigest'],
    ['another CRC-32', { 'x-amz-checksum-crc32': 'AAAAAA==' }, undefined, 400, 'BadDigest'],
    ['a malformed SHA-256', { 'x-amz-checksum-sha256': 'AAAA' }, undefined, 400, 'InvalidRequest'],
    [
      'two checksums',
      { 'x-amz-checksum-sha256': base64('sha256', 'body'), 'x-amz-checksum-sha1': base64('sha1', 'body') },
      undefined,
      400,
      'InvalidRequest',
    ],
    [
      'a checksum that it does not compute',
      { 'x-amz-checksum-crc64nvme': 'AAAAAAAAAAA=' },
      undefined,
      501,
      'NotImplemented',
    ],
    ['another signed hash', {}, sha256('other'), 400, 'XAmzContentSHA256Mismatch'],
    ['signed chunks', {}, 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD', 501, 'NotImplemented'],
    ['a condition on an ETag', { 'if-none-match': '"abc"' }, undefined, 400, 'InvalidArgument'],
    ['If-Match', { 'if-match': '"abc"' }, undefined, 501, 'NotImplemented'],
    ['a header that it does not know', { 'x-amz-tagging': 'a=b' }, undefined, 501, 'NotImplemented'],
  ])('refuses %s and keeps nothing', async (_, headers, payload, status, code) => {
    const before = await bodies();
    const answer = await put('refused', 'body', headers, payload);
    expect([answer.status, codeOf(answer)]).toEqual([status, code]);
    expect((await call({ method: 'HEAD', path: '/bucket/refused' })).status).toBe(404);
    expect(await bodies()).toBe(before);
  });

  it('accepts each checksum that is right, and gives it back when asked', async () => {
    const answer = await put(
      'checked',
      'body',
      {
        'content-md5': base64('md5', 'body'),
        'x-amz-checksum-sha1': base64('sha1', 'body'),
      },
      sha256('body'),
    );
    expect(answer.status).toBe(200);
    const plain = await call({ method: 'HEAD', path: '/bucket/checked' });
    expect(plain.headers['x-amz-checksum-sha1']).toBeUndefined();
    const asked = await call({ method: 'GET', path: '/bucket/checked', headers: { 'x-amz-checksum-mode': 'ENABLED' } });
    expect(asked.headers).toMatchObject({
      'x-amz-checksum-sha1': base64('sha1', 'body'),
      'x-amz-checksum-type': 'FULL_OBJECT',
    });
    const part = await call({
      method: 'GET',
      path: '/bucket/checked',
      headers: { 'x-amz-checksum-mode': 'ENABLED', range: 'bytes=0-1' },
    });
    expect([part.status, part.body, part.headers['x-amz-checksum-sha1']]).toEqual([206, 'bo', undefined]);
  });

  it('needs a length', async () => {
    const answer = await call({
      method: 'PUT',
      path: '/bucket/endless',
      headers: { 'transfer-encoding': 'chunked' },
      body: 'x',
    });
    expect([answer.status, codeOf(answer)]).toEqual([411, 'MissingContentLength']);
  });

  it('refuses what is too large before it is sent', async () => {
    const answer = await call({
      method: 'PUT',
      path: '/bucket/large',
      headers: { 'content-length': String(5 * 1024 ** 3 + 1), expect: '100-continue' },
    });
    expect([answer.status, codeOf(answer), answer.headers.connection]).toEqual([400, 'EntityTooLarge', 'close']);
  });

  it('tells a sender that waits to go on, and one whose key is taken not to', async () => {
    const headers = { 'if-none-match': '*', expect: '100-continue' };
    expect((await put('waited', 'body', headers)).status).toBe(200);
    expect((await put('waited', 'body', headers)).status).toBe(412);
  });

  it('keeps nothing of an upload that breaks off', async () => {
    const before = await bodies();
    const { port } = new URL(fixture.server.endpoint);
    const head = await captureHead(new URL(fixture.server.endpoint).host);
    const socket = connectSocket(Number(port), '127.0.0.1');
    await new Promise((resolve) => socket.write(`${head}bo`, resolve));
    await expect.poll(bodies).toBe(before + 1);
    socket.destroy();
    await expect.poll(bodies).toBe(before);
    expect((await call({ method: 'HEAD', path: '/bucket/broken' })).status).toBe(404);
  });
});

describe('reads', () => {
  it('answers ranges as HTTP has them', async () => {
    await put('digits', '0123456789');
    const range = async (value: string) => {
      const answer = await call({ method: 'GET', path: '/bucket/digits', headers: { range: value } });
      return [answer.status, answer.headers['content-range'], codeOf(answer) ?? answer.body];
    };
    expect(await range('bytes=0-0')).toEqual([206, 'bytes 0-0/10', '0']);
    expect(await range('bytes=-3')).toEqual([206, 'bytes 7-9/10', '789']);
    expect(await range('bytes=-30')).toEqual([206, 'bytes 0-9/10', '0123456789']);
    expect(await range('bytes=4-100')).toEqual([206, 'bytes 4-9/10', '456789']);
    expect(await range('bytes=10-')).toEqual([416, 'bytes */10', 'InvalidRange']);
    expect(await range('bytes=-0')).toEqual([416, 'bytes */10', 'InvalidRange']);
    expect(await range('bytes=5-4')).toEqual([200, undefined, '0123456789']);
    expect(await range('bytes=0-1,3-4')).toEqual([200, undefined, '0123456789']);
    expect(await range('lines=1-2')).toEqual([200, undefined, '0123456789']);
  });

  it('answers conditions on the ETag', async () => {
    const { headers } = await put('etag', 'x');
    const etag = String(headers.etag);
    const get = async (condition: Record<string, string>) =>
      (await call({ method: 'GET', path: '/bucket/etag', headers: condition })).status;
    expect(await get({ 'if-match': etag })).toBe(200);
    expect(await get({ 'if-match': '"other"' })).toBe(412);
    expect(await get({ 'if-none-match': etag })).toBe(304);
    expect(await get({ 'if-none-match': '"other"' })).toBe(200);
  });

  it('gives back the headers of the object, its own metadata among them', async () => {
    await put('described', 'x', { 'content-type': 'text/css', 'content-encoding': 'gzip', 'x-amz-meta-of': 'a  b' });
    expect((await call({ method: 'HEAD', path: '/bucket/described' })).headers).toMatchObject({
      'content-type': 'text/css',
      'content-encoding': 'gzip',
      'content-length': '1',
      'x-amz-meta-of': 'a b',
    });
  });

  it('refuses to put a line break in a header of its answer', async () => {
    await put('split', 'x');
    const query = { 'response-content-type': 'a\r\nset-cookie: b' };
    expect(codeOf(await call({ method: 'GET', path: '/bucket/split', query }))).toBe('InvalidArgument');
  });
});

describe('keys and buckets', () => {
  it.each(['../../escape', '..', '/etc/passwd', 'a//b', 'a b+c&d=e?f#g%', 'ä/日本', '<&>"\'', 'x'.repeat(1024)])(
    'holds the key %j inside its directory',
    async (key) => {
      const answer = await call({
        method: 'PUT',
        path: `/bucket/${key}`,
        headers: { 'content-length': '1' },
        body: 'x',
      });
      expect(answer.status).toBe(200);
      expect((await call({ method: 'GET', path: `/bucket/${key}` })).body).toBe('x');
      expect(fixture.server.fileOf({ bucket: 'bucket', path: key })).toMatch(
        new RegExp(`^${fixture.directory}/bodies/[0-9a-f]{2}/[0-9]+$`),
      );
    },
  );

  it.each([
    [`/bucket/${'x'.repeat(1025)}`, 400, 'KeyTooLongError'],
    ['/bucket/a\0b', 400, 'InvalidURI'],
    ['/Bucket/a', 400, 'InvalidBucketName'],
    ['/../a', 400, 'InvalidBucketName'],
    ['/b/a', 400, 'InvalidBucketName'],
  ])('refuses %j', async (path, status, code) => {
    const answer = await call({ method: 'GET', path });
    expect([answer.status, codeOf(answer)]).toEqual([status, code]);
  });

  it('refuses a path that cannot be decoded', async () => {
    const answer = await fetch(`${fixture.server.endpoint}/bucket/%zz`);
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('InvalidURI')]);
  });
});

describe('what it does not do', () => {
  it.each<[string, string, Record<string, string>, string]>([
    ['GET', '/', {}, 'ListBuckets'],
    ['GET', '/bucket', {}, 'ListObjects'],
    ['PUT', '/bucket', {}, 'CreateBucket'],
    ['GET', '/bucket', { versioning: '' }, 'GetBucketVersioning'],
    ['GET', '/bucket', { versions: '' }, 'ListObjectVersions'],
    ['GET', '/bucket', { 'list-type': '2', delimiter: '/' }, 'ListObjectsV2 with a delimiter'],
    ['PUT', '/bucket/key', { tagging: '' }, 'PutObjectTagging'],
    ['GET', '/bucket/key', { acl: '' }, 'GetObjectAcl'],
    ['GET', '/bucket/key', { uploadId: 'x' }, 'ListParts'],
    ['GET', '/bucket/key', { versionId: 'x' }, 'GET of an object with versionId'],
    ['POST', '/bucket/key', { select: '', 'select-type': '2' }, 'SelectObjectContent'],
  ])('says so by name: %s %s %o', async (method, path, query, name) => {
    const answer = await call({ method, path, query, headers: method === 'GET' ? {} : { 'content-length': '0' } });
    expect([answer.status, codeOf(answer)]).toEqual([501, 'NotImplemented']);
    expect(answer.body).toContain(`<Operation>${name}</Operation>`);
  });

  it('refuses another method', async () => {
    expect((await call({ method: 'PATCH', path: '/bucket/key' })).status).toBe(405);
  });

  it('refuses another region, and a clock that is far off', async () => {
    expect(codeOf(await call({ method: 'GET', path: '/bucket/key', region: 'eu-west-1' }))).toBe(
      'AuthorizationHeaderMalformed',
    );
    const late = await call({ method: 'GET', path: '/bucket/key', now: new Date(Date.now() - 16 * 60_000) });
    expect([late.status, codeOf(late)]).toEqual([403, 'RequestTimeTooSkewed']);
  });
});
