import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { S3Client } from '@aws-sdk/client-s3';
import { afterEach, describe, expect, it } from 'vitest';
import { createS3Blobs } from '../../../adapters/s3/s3-blobs.ts';
import type { BlobPlace, Blobs } from '../../../core/ports/blobs.ts';
import { ManualClock } from './manual-clock.ts';

/** What S3 answers to one kind of request, in turn; the last of several stays. */
type Reply = readonly [status: number, body?: string, headers?: Readonly<Record<string, string>>];
type Replies = Readonly<Record<string, readonly Reply[]>>;

const from: BlobPlace = { bucket: 'work', path: 'from' };
const to: BlobPlace = { bucket: 'artifacts', path: 'to' };
const size = 5 * 1024 ** 3 + 1;
let server: Server | undefined;
let client: S3Client | undefined;

afterEach(() => {
  client?.destroy();
  server?.closeAllConnections();
  server?.close();
});

const error = (status: number, code: string): Reply => [status, `<Error><Code>${code}</Code></Error>`];
const large: Reply = [
  200,
  '',
  { 'content-length': String(size), 'last-modified': 'Wed, 01 Jan 2031 00:00:00 GMT', etag: '"of-source"' },
];
const usual: Replies = {
  'PUT to': [error(400, 'InvalidRequest')],
  'HEAD from': [large],
  'HEAD to': [[404]],
  'POST uploads': [[200, '<R><UploadId>u1</UploadId></R>']],
  'PUT part': [[200, '<R><ETag>"e"</ETag><ChecksumSHA256>c</ChecksumSHA256></R>']],
  'POST complete': [[200, '<R><ETag>"done"</ETag></R>']],
  'DELETE upload': [[204]],
};

/** A store that answers so, and what it was asked, in order; the requests for parts are counted apart. */
async function answering(replies: Replies): Promise<{ blobs: Blobs; asked: string[]; parts: string[] }> {
  const asked: string[] = [];
  const parts: string[] = [];
  const used = new Map<string, number>();
  server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://127.0.0.1');
      const query = url.searchParams;
      const key = url.pathname.split('/').at(-1) ?? '';
      const upload = query.has('partNumber') ? 'part' : request.method === 'DELETE' ? 'upload' : 'complete';
      const what = query.has('uploads') ? 'uploads' : query.has('uploadId') ? upload : key;
      const name = `${request.method} ${what}`;
      if (what === 'part') parts.push(String(request.headers['x-amz-copy-source-range']));
      else asked.push(request.headers['if-none-match'] === undefined ? name : `${name} if absent`);
      const list = replies[name] ?? [[500]];
      const at = used.get(name) ?? 0;
      used.set(name, at + 1);
      const [status, body = '', headers = {}] = list[Math.min(at, list.length - 1)] ?? [500];
      response.writeHead(status, headers).end(body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  client = new S3Client({
    endpoint: `http://127.0.0.1:${address.port}`,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'AK', secretAccessKey: 'SK' },
    maxAttempts: 1,
  });
  const clock = new ManualClock(new Date('2031-01-01T00:00:00Z'));
  return {
    blobs: createS3Blobs({ client, buckets: { work: 'lb-work', artifacts: 'lb-art' }, clock, copyPartSize: 2 ** 30 }),
    asked,
    parts,
  };
}

const copied = ['PUT to if absent', 'HEAD from', 'HEAD from', 'HEAD to', 'POST uploads'];

describe('a copy in parts', () => {
  it('covers the object, each byte once, and is completed under If-None-Match', async () => {
    const { blobs, asked, parts } = await answering(usual);
    expect(await blobs.copy(from, to, { ifAbsent: true })).toBe('written');
    expect(asked).toEqual([...copied, 'POST complete if absent']);
    const ranges = parts.map((range) => (/^bytes=(\d+)-(\d+)$/.exec(range) ?? []).slice(1).map(Number));
    ranges.sort(([a = 0], [b = 0]) => a - b);
    expect(ranges.map(([start]) => start)).toEqual([0, ...ranges.slice(0, -1).map(([, last = 0]) => last + 1)]);
    expect(ranges.at(-1)).toEqual([size - 1, size - 1]);
  });

  it('is aborted where a part fails, and the failure told', async () => {
    const { blobs, asked } = await answering({ ...usual, 'PUT part': [error(503, 'SlowDown')] });
    await expect(blobs.copy(from, to, { ifAbsent: true })).rejects.toMatchObject({ code: 'service.unavailable' });
    expect(asked).toEqual([...copied, 'DELETE upload']);
  });

  it('tells the failure also where it cannot be aborted: a rule of the bucket does that', async () => {
    const replies = { ...usual, 'PUT part': [error(503, 'SlowDown')], 'DELETE upload': [error(500, 'InternalError')] };
    const { blobs } = await answering(replies);
    await expect(blobs.copy(from, to)).rejects.toMatchObject({ code: 'service.unavailable' });
  });

  it('is aborted where another was faster', async () => {
    const { blobs, asked } = await answering({ ...usual, 'POST complete': [error(412, 'PreconditionFailed')] });
    expect(await blobs.copy(from, to, { ifAbsent: true })).toBe('exists');
    expect(asked).toEqual([...copied, 'POST complete if absent', 'DELETE upload']);
  });

  it('begins anew after a conflict, as S3 wants it', async () => {
    const { blobs, asked } = await answering({
      ...usual,
      'POST complete': [error(409, 'ConditionalRequestConflict'), [200, '<R/>']],
    });
    expect(await blobs.copy(from, to, { ifAbsent: true })).toBe('written');
    const again = ['HEAD to', 'POST uploads', 'POST complete if absent'];
    expect(asked).toEqual([...copied, 'POST complete if absent', 'DELETE upload', ...again]);
  });

  it('knows a failure that S3 tells after it has answered 200', async () => {
    const { blobs, asked } = await answering({
      ...usual,
      'POST complete': [[200, '<Error><Code>InternalError</Code></Error>']],
    });
    await expect(blobs.copy(from, to, { ifAbsent: true })).rejects.toMatchObject({ code: 'service.unavailable' });
    expect(asked.at(-1)).toBe('DELETE upload');
  });
});

describe('an upload in parts that is being completed', () => {
  const part = { sha256: 'a'.repeat(64), etag: '"e"' };
  it.each<[string, Reply, string]>([
    ['another was faster', error(412, 'PreconditionFailed'), 'exists'],
    ['it was completed before', error(404, 'NoSuchUpload'), 'gone'],
  ])('answers where %s', async (_, reply, expected) => {
    const { blobs } = await answering({ 'POST complete': [reply] });
    expect(await blobs.completeParts(to, 'u1', [part])).toBe(expected);
  });

  it.each<[Reply, string]>([
    [error(409, 'ConditionalRequestConflict'), 'service.unavailable'],
    [error(400, 'InvalidPart'), 'blob.parts_refused'],
    [error(400, 'EntityTooSmall'), 'blob.parts_refused'],
    [error(403, 'AccessDenied'), 'internal.error'],
  ])('is told of %j as %s', async (reply, code) => {
    const { blobs } = await answering({ 'POST complete': [reply] });
    await expect(blobs.completeParts(to, 'u1', [part])).rejects.toMatchObject({ code });
  });
});
