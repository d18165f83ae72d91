import { link, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createS3Blobs } from '../../../adapters/s3/s3-blobs.ts';
import { sha256 } from '../../../core/digest.ts';
import type { BlobPlace, Blobs } from '../../../core/ports/blobs.ts';
import { type S3Server, startS3Server } from '../../../local/s3/server.ts';
import { describeBlobs } from './blobs-contract.ts';
import { ManualClock } from './manual-clock.ts';
import { describeSignedRequests } from './signed-requests-contract.ts';

const buckets = { work: 'lb-work', artifacts: 'lb-artifacts' };
const keys = { accessKeyId: 'AKTEST', secretAccessKey: 'secret-for-tests' };
// Far from the machine's time: nothing here may depend on that.
const clock = new ManualClock(new Date('2031-05-06T07:08:09.250Z'));
const place: BlobPlace = { bucket: 'work', path: 'life/object' };
let directory: string;
let server: S3Server;
let client: S3Client;
let blobs: Blobs;

function connect(credentials: { accessKeyId: string; secretAccessKey: string; expiration?: Date }): S3Client {
  return new S3Client({ endpoint: server.endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lb-blobs-'));
  server = await startS3Server({ directory, ...keys, clock });
  client = connect(keys);
  blobs = createS3Blobs({ client, buckets, clock });
});

afterAll(async () => {
  client.destroy();
  await server.close();
  await rm(directory, { recursive: true });
});

describeBlobs('S3 adapter on the local server', () => blobs);
describeSignedRequests('S3 adapter on the local server', () => blobs);

describe('life of signed requests', () => {
  it('ends at the second that it says', async () => {
    await blobs.put(place, Buffer.from('x'), { contentType: 'text/plain' });
    const request = await blobs.signGet(place, { expiresSeconds: 90 });
    expect(request.expiresAt.getTime() - clock.now().getTime()).toBeLessThanOrEqual(90_000);
    clock.advance(request.expiresAt.getTime() - clock.now().getTime() - 1);
    expect((await fetch(request.url)).status).toBe(200);
    clock.advance(1);
    const late = await fetch(request.url);
    expect([late.status, await late.text()]).toEqual([403, expect.stringContaining('Request has expired')]);
  });

  it('does not begin before its time', async () => {
    const ahead = new ManualClock(new Date(clock.now().getTime() + 16 * 60_000));
    const request = await createS3Blobs({ client, buckets, clock: ahead }).signGet(place, { expiresSeconds: 60 });
    const early = await fetch(request.url);
    expect([early.status, await early.text()]).toEqual([403, expect.stringContaining('not yet valid')]);
  });

  it('ends with the session of its signer', async () => {
    const expiration = new Date(clock.now().getTime() + 30_000);
    const presignClient = connect({ ...keys, expiration });
    const signer = createS3Blobs({ client, buckets, clock, presignClient });
    expect((await signer.signGet(place, { expiresSeconds: 3600 })).expiresAt).toEqual(expiration);
    presignClient.destroy();
  });

  it.each([
    ['secret', { ...keys, secretAccessKey: 'another' }, 'SignatureDoesNotMatch'],
    ['key', { ...keys, accessKeyId: 'AKOTHER' }, 'InvalidAccessKeyId'],
  ])('needs the right %s', async (_, credentials, code) => {
    const stranger = connect(credentials);
    const other = createS3Blobs({ client: stranger, buckets, clock });
    const answer = await fetch((await other.signGet(place, { expiresSeconds: 60 })).url);
    expect([answer.status, await answer.text()]).toEqual([403, expect.stringContaining(`<Code>${code}</Code>`)]);
    await expect(other.head(place)).rejects.toMatchObject({ code: 'internal.error', status: 500 });
    await expect(other.get(place)).rejects.toMatchObject({ code: 'internal.error' });
    stranger.destroy();
  });
});

describe('failures of the store', () => {
  it('says that the store does not answer, and keeps the cause', async () => {
    const nobody = new S3Client({
      endpoint: 'http://127.0.0.1:9',
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: keys,
      maxAttempts: 1,
    });
    const failure = await createS3Blobs({ client: nobody, buckets, clock })
      .put(place, Buffer.from('x'), { contentType: 'a/b' })
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'service.unavailable', status: 503, retryAfterSeconds: 2 });
    expect(failure).toHaveProperty('cause.code', 'ECONNREFUSED');
    nobody.destroy();
  });
});

describe('fileOf', () => {
  it('names a read-only regular file that a replaced object leaves as it was', async () => {
    const log: BlobPlace = { bucket: 'work', path: 'files/object' };
    await blobs.put(log, Buffer.from('first'), { contentType: 'text/plain' });
    const file = server.fileOf({ bucket: buckets.work, path: log.path });
    const status = await stat(file);
    expect([status.isFile(), status.mode & 0o777]).toEqual([true, 0o444]);
    const linked = join(directory, 'linked');
    await link(file, linked);
    await blobs.put(log, Buffer.from('second'), { contentType: 'text/plain' });
    expect(await readFile(linked, 'utf8')).toBe('first');
    expect(sha256(await readFile(server.fileOf({ bucket: buckets.work, path: log.path })))).toBe(sha256('second'));
    expect(() => server.fileOf({ bucket: buckets.work, path: 'files/absent' })).toThrow('no object');
  });
});
