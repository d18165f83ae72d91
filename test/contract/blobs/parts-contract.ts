import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { compositeDigest } from '../../../core/builds/parts.ts';
import { sha256 } from '../../../core/digest.ts';
import type { BlobPlace, Blobs } from '../../../core/ports/blobs.ts';

/** The store under test: `single` is what one request may copy, `part` the smallest part and that of copies. */
export interface PartStore {
  readonly blobs: Blobs;
  readonly single: number;
  readonly part: number;
}

/** What every object store must do with objects that come in parts. */
export function describeParts(name: string, store: () => PartStore): void {
  const work = (path: string): BlobPlace => ({ bucket: 'work', path });
  const octets = { contentType: 'application/octet-stream' };
  const read = async (place: BlobPlace) => Buffer.from((await store().blobs.get(place)) ?? []);
  const cut = (bytes: Buffer, size = store().part) =>
    Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.subarray(at * size, (at + 1) * size));

  const send = async (place: BlobPlace, uploadId: string, number: number, bytes: Buffer, declared = bytes) => {
    const request = await store().blobs.signPart(place, {
      ...{ uploadId, number, size: declared.length, sha256: sha256(declared), expiresSeconds: 60 },
    });
    const answer = await fetch(request.url, { method: 'PUT', headers: request.headers, body: new Uint8Array(bytes) });
    const text = await answer.text();
    return {
      status: answer.status,
      code: /<Code>(.*)<\/Code>/.exec(text)?.[1],
      etag: answer.headers.get('etag') ?? '',
    };
  };
  const upload = async (place: BlobPlace, bytes: Buffer) => {
    const uploadId = await store().blobs.startParts(place, octets);
    const parts = await Promise.all(
      cut(bytes).map(async (part, at) => {
        const { etag } = await send(place, uploadId, at + 1, part);
        return { sha256: sha256(part), etag };
      }),
    );
    return { uploadId, parts };
  };
  const uploaded = async (place: BlobPlace, bytes: Buffer) => {
    const { uploadId, parts } = await upload(place, bytes);
    expect(await store().blobs.completeParts(place, uploadId, parts)).toBe('written');
    return { uploadId, parts, partsSha256: compositeDigest(parts.map((part) => part.sha256)) };
  };

  describe(`${name}: parts`, () => {
    it('make one object, whose checksum is that of the parts', async () => {
      const bytes = randomBytes(store().part * 3 + 7);
      const { partsSha256 } = await uploaded(work('parts/one'), bytes);
      expect(await store().blobs.head(work('parts/one'))).toMatchObject({ size: bytes.length, partsSha256 });
      expect((await store().blobs.head(work('parts/one')))?.sha256).toBeUndefined();
      expect((await read(work('parts/one'))).equals(bytes)).toBe(true);
    });

    it('show nothing before they are complete, and nothing when they are aborted', async () => {
      const place = work('parts/aborted');
      const { uploadId, parts } = await upload(place, randomBytes(store().part + 1));
      expect(await store().blobs.head(place)).toBeUndefined();
      await store().blobs.abortParts(place, uploadId);
      await store().blobs.abortParts(place, uploadId);
      expect(await store().blobs.completeParts(place, uploadId, parts)).toBe('gone');
      expect(await send(place, uploadId, 1, Buffer.from('late'))).toMatchObject({ status: 404, code: 'NoSuchUpload' });
      expect(await store().blobs.head(place)).toBeUndefined();
    });

    it('are complete once: asked again, the upload is gone and the object stays', async () => {
      const bytes = randomBytes(store().part + 5);
      const { uploadId, parts } = await uploaded(work('parts/again'), bytes);
      expect(await store().blobs.completeParts(work('parts/again'), uploadId, parts)).not.toBe('written');
      expect((await read(work('parts/again'))).equals(bytes)).toBe(true);
    });

    it('never replace an object', async () => {
      const place = work('parts/exists');
      const { uploadId, parts } = await upload(place, randomBytes(store().part + 5));
      await store().blobs.put(place, Buffer.from('first'), octets);
      expect(await store().blobs.completeParts(place, uploadId, parts)).toBe('exists');
      expect((await read(place)).toString()).toBe('first');
      await store().blobs.abortParts(place, uploadId);
    });

    it('are refused where they are other bytes than was signed', async () => {
      const place = work('parts/forged');
      const uploadId = await store().blobs.startParts(place, octets);
      const forged = await send(place, uploadId, 1, Buffer.from('FORGED'), Buffer.from('signed'));
      expect(forged).toMatchObject({ status: 400, code: 'BadDigest' });
      await store().blobs.abortParts(place, uploadId);
    });

    it.each([
      [
        'another digest',
        (parts: { sha256: string; etag: string }[]) => [{ ...parts[0], sha256: sha256('x') }, parts[1]],
      ],
      ['another name', (parts: { sha256: string; etag: string }[]) => [{ ...parts[0], etag: '"0"' }, parts[1]]],
      ['another order', (parts: { sha256: string; etag: string }[]) => [parts[1], parts[0]]],
      ['one that never came', (parts: { sha256: string; etag: string }[]) => [...parts, parts[0]]],
    ])('are refused where the list names %s', async (_, change) => {
      const place = work('parts/listed');
      const { uploadId, parts } = await upload(place, randomBytes(store().part + 3));
      const named = change(parts).map((part) => ({ sha256: part?.sha256 ?? '', etag: part?.etag ?? '' }));
      await expect(store().blobs.completeParts(place, uploadId, named)).rejects.toMatchObject({
        code: 'blob.parts_refused',
      });
      expect(await store().blobs.head(place)).toBeUndefined();
      await store().blobs.abortParts(place, uploadId);
    });

    it('are signed for one number of one upload', async () => {
      const place = work('parts/tampered');
      const uploadId = await store().blobs.startParts(place, octets);
      const part = { uploadId, number: 1, size: 4, sha256: sha256('part'), expiresSeconds: 60 };
      const request = await store().blobs.signPart(place, part);
      for (const [member, value] of [
        ['partNumber', '2'],
        ['uploadId', 'another'],
      ] as const) {
        const url = new URL(request.url);
        url.searchParams.set(member, value);
        expect((await fetch(url, { method: 'PUT', headers: request.headers, body: 'part' })).status).toBe(403);
      }
      await store().blobs.abortParts(place, uploadId);
    });
  });

  describe(`${name}: copies of large objects`, () => {
    it('have the checksum of the whole where one request copies, also of an object in parts', async () => {
      const bytes = randomBytes(store().part * 2);
      await uploaded(work('large/small'), bytes);
      expect(await store().blobs.copy(work('large/small'), { bucket: 'artifacts', path: 'large/small' })).toBe(
        'written',
      );
      const copy = await store().blobs.head({ bucket: 'artifacts', path: 'large/small' });
      expect(copy).toMatchObject({ size: bytes.length, sha256: sha256(bytes) });
    });

    it('keep bytes and the checksum of the parts where they are longer', async () => {
      const bytes = randomBytes(store().single + store().part + 11);
      const { partsSha256 } = await uploaded(work('large/from'), bytes);
      const to: BlobPlace = { bucket: 'artifacts', path: 'large/to' };
      expect(await store().blobs.copy(work('large/from'), to, { ifAbsent: true })).toBe('written');
      expect(await store().blobs.head(to)).toMatchObject({ size: bytes.length, partsSha256 });
      await store().blobs.delete(work('large/from'));
      expect((await read(to)).equals(bytes)).toBe(true);
    });

    it('leave an existing target under ifAbsent, and replace it otherwise', async () => {
      const [one, two] = [randomBytes(store().single + 1), randomBytes(store().single + 2)];
      await uploaded(work('large/one'), one);
      await uploaded(work('large/two'), two);
      expect(await store().blobs.copy(work('large/one'), work('large/two'), { ifAbsent: true })).toBe('exists');
      expect((await read(work('large/two'))).equals(two)).toBe(true);
      expect(await store().blobs.copy(work('large/one'), work('large/two'))).toBe('written');
      expect((await read(work('large/two'))).equals(one)).toBe(true);
    });

    it('let one of several racing ones under ifAbsent win', async () => {
      const bodies = Array.from({ length: 3 }, () => randomBytes(store().single + 1));
      await Promise.all(bodies.map((bytes, at) => uploaded(work(`large/race-${at}`), bytes)));
      const results = await Promise.all(
        bodies.map((_, at) => store().blobs.copy(work(`large/race-${at}`), work('large/race'), { ifAbsent: true })),
      );
      expect(results.filter((result) => result === 'written')).toHaveLength(1);
      expect((await read(work('large/race'))).equals(bodies[results.indexOf('written')] ?? Buffer.alloc(0))).toBe(true);
    });
  });
}
