import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { useServer } from './server-fixture.ts';

const fixture = useServer();
const Bucket = 'bucket';
const smallestPart = 5 * 1024 ** 2;
const digest = (...parts: Uint8Array[]) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('base64');
};

describe('the SDK with its own defaults', () => {
  it.each(['CRC32', 'SHA1', 'SHA256'] as const)(
    'puts a stream as aws-chunked with a trailing %s',
    async (algorithm) => {
      const bytes = randomBytes(1_000_003);
      const Key = `stream-${algorithm}`;
      await fixture.client.send(
        new PutObjectCommand({
          Bucket,
          Key,
          Body: Readable.from([bytes.subarray(0, 400_000), bytes.subarray(400_000)], { objectMode: false }),
          ContentLength: bytes.length,
          ContentEncoding: 'gzip',
          ChecksumAlgorithm: algorithm,
        }),
      );
      // The SDK checks the checksum of what it reads.
      const answer = await fixture.client.send(new GetObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }));
      expect(digest((await answer.Body?.transformToByteArray()) ?? new Uint8Array())).toBe(digest(bytes));
      expect(answer.ContentEncoding).toBe('gzip');
      expect(answer[`Checksum${algorithm}`]).toBeDefined();
    },
  );

  it('puts bytes with the CRC-32 that it adds by itself', async () => {
    await fixture.client.send(new PutObjectCommand({ Bucket, Key: 'plain', Body: 'text', Metadata: { of: 'mine' } }));
    const head = await fixture.client.send(new HeadObjectCommand({ Bucket, Key: 'plain', ChecksumMode: 'ENABLED' }));
    expect(head).toMatchObject({ ContentLength: 4, Metadata: { of: 'mine' }, ChecksumType: 'FULL_OBJECT' });
    expect(head.ChecksumCRC32).toBe('O4unxw==');
  });

  it('replaces the headers of a copy, of itself too', async () => {
    await fixture.client.send(new PutObjectCommand({ Bucket, Key: 'self', Body: 'x', ContentType: 'text/plain' }));
    const copy = { Bucket, Key: 'self', CopySource: `${Bucket}/self` };
    await expect(fixture.client.send(new CopyObjectCommand(copy))).rejects.toMatchObject({ name: 'InvalidRequest' });
    await fixture.client.send(
      new CopyObjectCommand({ ...copy, MetadataDirective: 'REPLACE', ContentType: 'text/html' }),
    );
    expect(await fixture.client.send(new HeadObjectCommand({ Bucket, Key: 'self' }))).toMatchObject({
      ContentType: 'text/html',
      ContentLength: 1,
    });
  });

  it('lists with its sizes, limits and start, and deletes many at once', async () => {
    const keys = ['many/a', 'many/b&c', 'many/<d>', 'many/é', 'many/\u{1f600}', 'many/\uffee'];
    for (const Key of keys) await fixture.client.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
    const list = (input: object) =>
      fixture.client.send(new ListObjectsV2Command({ Bucket, Prefix: 'many/', ...input }));
    const inOrder = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    const all = await list({});
    expect(all.Contents?.map(({ Key }) => Key)).toEqual(inOrder);
    expect(all.Contents?.map(({ Size }) => Size)).toEqual(inOrder.map((key) => Buffer.byteLength(key)));
    const some = await list({ MaxKeys: 2, StartAfter: inOrder[0] });
    expect([some.Contents?.map(({ Key }) => Key), some.IsTruncated]).toEqual([inOrder.slice(1, 3), true]);
    const rest = await list({ ContinuationToken: some.NextContinuationToken });
    expect(rest.Contents?.map(({ Key }) => Key)).toEqual(inOrder.slice(3));
    await expect(list({ ContinuationToken: '!' })).rejects.toMatchObject({ name: 'InvalidArgument' });
    await fixture.client.send(
      new DeleteObjectsCommand({ Bucket, Delete: { Objects: keys.slice(1).map((Key) => ({ Key })) } }),
    );
    expect((await list({})).Contents?.map(({ Key }) => Key)).toEqual(['many/a']);
  });
});

describe('multipart uploads', () => {
  const parts = [randomBytes(smallestPart), randomBytes(smallestPart + 1), randomBytes(10)];
  const start = async (Key: string) => {
    const input = { Bucket, Key, ChecksumAlgorithm: 'SHA256', ContentType: 'a/b' } as const;
    const { UploadId } = await fixture.client.send(new CreateMultipartUploadCommand(input));
    return { Bucket, Key, UploadId };
  };
  const upload = async (place: Awaited<ReturnType<typeof start>>, bodies: readonly Uint8Array[]) =>
    Promise.all(
      bodies.map(async (Body, at) => {
        const PartNumber = at + 1;
        const sent = { ...place, PartNumber, Body, ChecksumSHA256: digest(Body) };
        const { ETag, ChecksumSHA256 } = await fixture.client.send(new UploadPartCommand(sent));
        return { PartNumber, ETag, ChecksumSHA256 };
      }),
    );
  const complete = (place: Awaited<ReturnType<typeof start>>, Parts: object[], more: object = {}) =>
    fixture.client.send(new CompleteMultipartUploadCommand({ ...place, MultipartUpload: { Parts }, ...more }));

  it('makes one object of its parts, with the composite checksum; a copy gets one of the whole', async () => {
    const place = await start('parts');
    const done = await complete(place, await upload(place, parts));
    const composite = `${digest(...parts.map((part) => createHash('sha256').update(part).digest()))}-3`;
    expect(done).toMatchObject({ ChecksumSHA256: composite, ChecksumType: 'COMPOSITE' });
    const get = await fixture.client.send(new GetObjectCommand({ Bucket, Key: 'parts', ChecksumMode: 'ENABLED' }));
    expect(get).toMatchObject({ ContentType: 'a/b', ChecksumSHA256: composite, ETag: expect.stringMatching(/-3"$/) });
    expect(digest((await get.Body?.transformToByteArray()) ?? new Uint8Array())).toBe(digest(...parts));
    const to = { Bucket, Key: 'whole', CopySource: `${Bucket}/parts`, ChecksumAlgorithm: 'SHA256' } as const;
    await fixture.client.send(new CopyObjectCommand(to));
    const head = await fixture.client.send(new HeadObjectCommand({ Bucket, Key: 'whole', ChecksumMode: 'ENABLED' }));
    expect(head).toMatchObject({ ChecksumSHA256: digest(...parts), ChecksumType: 'FULL_OBJECT' });
    await expect(complete(place, [{ PartNumber: 1, ETag: 'x' }])).rejects.toMatchObject({ name: 'NoSuchUpload' });
  });

  it('takes a later part in place of an earlier one, and leaves out what is not named', async () => {
    const place = await start('chosen');
    await upload(place, [randomBytes(3), randomBytes(4)]);
    const [first] = await upload(place, [Buffer.from('again')]);
    await complete(place, [first ?? {}]);
    const get = await fixture.client.send(new GetObjectCommand({ Bucket, Key: 'chosen' }));
    expect(await get.Body?.transformToString()).toBe('again');
  });

  it('refuses small, missing, changed and disordered parts', async () => {
    const place = await start('refused');
    const [a = {}, b = {}] = await upload(place, [Buffer.from('a'), Buffer.from('b')]);
    const name = (promise: Promise<unknown>) =>
      promise.then(
        () => 'done',
        (error: unknown) => (error instanceof Error ? error.name : 'unknown'),
      );
    expect(await name(complete(place, [a, b]))).toBe('EntityTooSmall');
    expect(await name(complete(place, [b, a]))).toBe('InvalidPartOrder');
    expect(await name(complete(place, [{ ...b, PartNumber: 3 }]))).toBe('InvalidPart');
    expect(await name(complete(place, [{ ...a, ETag: '"0"' }]))).toBe('InvalidPart');
    expect(await name(complete(place, [{ ...a, ChecksumSHA256: digest(Buffer.from('x')) }]))).toBe('InvalidPart');
    expect(await name(complete({ ...place, Key: 'other' }, [a]))).toBe('NoSuchUpload');
    const wrong = { ...place, PartNumber: 1, Body: 'a', ChecksumSHA256: digest(Buffer.from('b')) };
    expect(await name(fixture.client.send(new UploadPartCommand(wrong)))).toBe('BadDigest');
    expect(await name(fixture.client.send(new UploadPartCommand({ ...wrong, PartNumber: 10_001 })))).toBe(
      'InvalidArgument',
    );
    expect(await name(fixture.client.send(new HeadObjectCommand({ Bucket, Key: 'refused' })))).toBe('NotFound');
  });

  it('is write-once under If-None-Match', async () => {
    const [one, two] = [await start('once'), await start('once')];
    const named = [await upload(one, [Buffer.from('1')]), await upload(two, [Buffer.from('2')])] as const;
    const results = await Promise.allSettled([
      complete(one, named[0], { IfNoneMatch: '*' }),
      complete(two, named[1], { IfNoneMatch: '*' }),
    ]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('forgets an aborted upload', async () => {
    const place = await start('aborted');
    const named = await upload(place, [Buffer.from('1')]);
    await fixture.client.send(new AbortMultipartUploadCommand(place));
    await expect(complete(place, named)).rejects.toMatchObject({ name: 'NoSuchUpload' });
    const part = { ...place, PartNumber: 1, Body: 'x' };
    await expect(fixture.client.send(new UploadPartCommand(part))).rejects.toMatchObject({ name: 'NoSuchUpload' });
  });

  it('takes ranges of objects as parts, with the checksums of a part', async () => {
    const bytes = randomBytes(smallestPart + 100);
    await fixture.client.send(new PutObjectCommand({ Bucket, Key: 'source', Body: bytes }));
    const { ETag: source } = await fixture.client.send(new HeadObjectCommand({ Bucket, Key: 'source' }));
    const place = await start('ranges');
    const copy = (PartNumber: number, range: string, more: object = {}) =>
      fixture.client.send(
        new UploadPartCopyCommand({
          ...{ ...place, PartNumber, CopySource: `${Bucket}/source`, CopySourceRange: `bytes=${range}`, ...more },
        }),
      );
    const last = await copy(2, `0-49`, { CopySourceIfMatch: source });
    const first = await copy(1, `50-${bytes.length - 1}`);
    expect(last.CopyPartResult?.ChecksumSHA256).toBe(digest(bytes.subarray(0, 50)));
    // The source goes before the parts become an object: they keep what they share of it.
    await fixture.client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'source' }] } }));
    const named = [first, last].map(({ CopyPartResult }, at) => ({
      ...{ PartNumber: at + 1, ETag: CopyPartResult?.ETag, ChecksumSHA256: CopyPartResult?.ChecksumSHA256 },
    }));
    await complete(place, named);
    const get = await fixture.client.send(new GetObjectCommand({ Bucket, Key: 'ranges' }));
    const joined = Buffer.concat([bytes.subarray(50), bytes.subarray(0, 50)]);
    expect(digest((await get.Body?.transformToByteArray()) ?? new Uint8Array())).toBe(digest(joined));
  });

  it.each([
    ['beyond its end', { CopySourceRange: 'bytes=0-5' }, 'InvalidArgument'],
    ['without an end', { CopySourceRange: 'bytes=1-' }, 'InvalidArgument'],
    ['of another version of it', { CopySourceIfMatch: '"another"' }, 'PreconditionFailed'],
    ['of what is not there', { CopySource: `${Bucket}/nothing` }, 'NoSuchKey'],
  ])('refuses a range of an object %s', async (_, change, name) => {
    await fixture.client.send(new PutObjectCommand({ Bucket, Key: 'five', Body: '12345' }));
    const place = await start('refused-range');
    const command = new UploadPartCopyCommand({ ...place, PartNumber: 1, CopySource: `${Bucket}/five`, ...change });
    await expect(fixture.client.send(command)).rejects.toMatchObject({ name });
    await fixture.client.send(new AbortMultipartUploadCommand(place));
  });
});
