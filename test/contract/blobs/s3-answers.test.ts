import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { S3Client } from '@aws-sdk/client-s3';
import { afterEach, describe, expect, it } from 'vitest';
import { createS3Blobs } from '../../../adapters/s3/s3-blobs.ts';
import { sha256 } from '../../../core/digest.ts';
import type { BlobPlace, Blobs } from '../../../core/ports/blobs.ts';
import { ManualClock } from './manual-clock.ts';

// Answers that S3 gives and one machine's server never does: each test says them in order.
type Reply = { status: number; code?: string; headers?: Record<string, string> };

const place: BlobPlace = { bucket: 'work', path: 'a/b' };
const other: BlobPlace = { bucket: 'artifacts', path: 'c' };
const start = new Date('2031-01-01T00:00:00Z');
let server: Server | undefined;
let client: S3Client | undefined;

afterEach(async () => {
  client?.destroy();
  server?.closeAllConnections();
  server?.close();
});

async function answering(replies: readonly Reply[]): Promise<{ blobs: Blobs; seen: string[]; clock: ManualClock }> {
  const seen: string[] = [];
  server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      const { status, code, headers = {} } = replies[seen.length] ?? { status: 500, code: 'NothingLeftToSay' };
      seen.push(`${request.method} ${request.headers['if-none-match'] ?? ''}`.trim());
      response.writeHead(status, headers);
      response.end(code === undefined ? '' : `<Error><Code>${code}</Code><Message>private words</Message></Error>`);
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
  const clock = new ManualClock(start);
  return { blobs: createS3Blobs({ client, buckets: { work: 'lb-work', artifacts: 'lb-art' }, clock }), seen, clock };
}

const conflict: Reply = { status: 409, code: 'ConditionalRequestConflict' };
const exists: Reply = { status: 412, code: 'PreconditionFailed' };
const once200: Reply = { status: 200 };
const put = (blobs: Blobs) => blobs.put(place, Buffer.from('x'), { contentType: 'a/b', ifAbsent: true });

describe('conditional writes', () => {
  it('are tried again after a conflict, which is no answer yet', async () => {
    const won = await answering([conflict, conflict, once200]);
    expect(await put(won.blobs)).toBe('written');
    expect(won.seen).toEqual(['PUT *', 'PUT *', 'PUT *']);
    expect(won.clock.now().getTime() - start.getTime()).toBe(250);
  });

  it('end with the answer that follows', async () => {
    expect(await put((await answering([conflict, exists])).blobs)).toBe('exists');
  });

  it('give up where conflicts go on', async () => {
    const { blobs, seen } = await answering(Array.from({ length: 9 }, () => conflict));
    await expect(put(blobs)).rejects.toMatchObject({ code: 'internal.error' });
    expect(seen).toHaveLength(5);
  });

  it('of copies are tried again too', async () => {
    const { blobs, seen } = await answering([conflict, exists]);
    expect(await blobs.copy(place, other, { ifAbsent: true })).toBe('exists');
    expect(seen).toEqual(['PUT *', 'PUT *']);
  });
});

describe('failures', () => {
  it.each<[string, Reply, string]>([
    ['a full service', { status: 503, code: 'SlowDown' }, 'service.unavailable'],
    ['a broken service', { status: 500, code: 'InternalError' }, 'service.unavailable'],
    ['a throttle', { status: 429, code: 'TooManyRequests' }, 'service.unavailable'],
    ['a refusal', { status: 403, code: 'AccessDenied' }, 'internal.error'],
    ['a missing bucket', { status: 404, code: 'NoSuchBucket' }, 'internal.error'],
  ])('of %s are told in the words of the engine, not those of S3', async (_, reply, code) => {
    const { blobs } = await answering([reply]);
    const failure = await blobs.get(place).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code, detail: expect.stringContaining('work/a/b') });
    expect(String(failure)).not.toContain('private words');
  });

  it('of a copy say that its source is too large where that is why', async () => {
    const large = { 'content-length': String(50 * 1024 ** 3 + 1), 'last-modified': start.toUTCString() };
    const refused: Reply = { status: 400, code: 'InvalidRequest' };
    const { blobs } = await answering([refused, { status: 200, headers: large }]);
    await expect(blobs.copy(place, other)).rejects.toMatchObject({ code: 'blob.too_large' });
    const small = { ...large, 'content-length': '5' };
    server?.closeAllConnections();
    server?.close();
    client?.destroy();
    const another = await answering([refused, { status: 200, headers: small }]);
    await expect(another.blobs.copy(place, other)).rejects.toMatchObject({ code: 'internal.error' });
  });
});

describe('checksums', () => {
  const value = Buffer.from(sha256('x'), 'hex').toString('base64');
  it.each([
    ['of the whole object', { 'x-amz-checksum-sha256': value, 'x-amz-checksum-type': 'FULL_OBJECT' }, sha256('x')],
    ['of older objects', { 'x-amz-checksum-sha256': value }, sha256('x')],
    ['of parts', { 'x-amz-checksum-sha256': `${value}-3`, 'x-amz-checksum-type': 'COMPOSITE' }, undefined],
    ['of parts, told by its count only', { 'x-amz-checksum-sha256': `${value}-3` }, undefined],
    ['of another algorithm', { 'x-amz-checksum-crc64nvme': 'AAAAAAAAAAA=' }, undefined],
  ])('%s are told where they are SHA-256 of the bytes', async (_, headers, expected) => {
    const info = { 'content-length': '1', 'last-modified': start.toUTCString(), ...headers };
    const { blobs } = await answering([{ status: 200, headers: info }]);
    expect((await blobs.head(place))?.sha256).toBe(expected);
  });
});
