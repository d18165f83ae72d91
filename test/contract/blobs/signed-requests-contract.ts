import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../../core/digest.ts';
import type { BlobPlace, Blobs } from '../../../core/ports/blobs.ts';

/** Changes a signed request before it is sent; returns the body to send in place of `payload`, if another. */
type Tampering = (url: URL, headers: Record<string, string>) => string | undefined;

/** What every object store must do with requests that it signed for others. */
export function describeSignedRequests(name: string, blobs: () => Blobs): void {
  const text = { contentType: 'text/plain' };
  const work = (path: string): BlobPlace => ({ bucket: 'work', path });
  const read = async (place: BlobPlace) => Buffer.from((await blobs().get(place)) ?? []).toString();
  const sign = (place: BlobPlace, body: string) =>
    blobs().signPut(place, {
      ...text,
      size: Buffer.byteLength(body),
      sha256: sha256(body),
      ifAbsent: true,
      expiresSeconds: 60,
    });

  describe(`${name}: signed requests`, () => {
    const send = (request: { url: string; headers: Readonly<Record<string, string>> }, body: string) =>
      fetch(request.url, { method: 'PUT', headers: request.headers, body });

    it('gives an object to whoever holds the URL, under the name asked for', async () => {
      await blobs().put(work('signed/get'), Buffer.from('for you'), { contentType: 'application/x-iso9660-image' });
      const request = await blobs().signGet(work('signed/get'), { expiresSeconds: 60, downloadName: 'edge "ü".iso' });
      expect(request).toMatchObject({ method: 'GET', headers: {} });
      const answer = await fetch(request.url, { headers: request.headers });
      expect(answer.status).toBe(200);
      expect(await answer.text()).toBe('for you');
      expect(answer.headers.get('content-type')).toBe('application/x-iso9660-image');
      expect(answer.headers.get('content-disposition')).toBe(
        `attachment; filename="edge ___.iso"; filename*=UTF-8''edge%20%22%C3%BC%22.iso`,
      );
      const part = await fetch(request.url, { headers: { range: 'bytes=4-' } });
      expect([part.status, await part.text()]).toEqual([206, 'you']);
    });

    it('gives a name back as it was asked for, and no header beside it, whatever the name is', async () => {
      await blobs().put(work('signed/name'), Buffer.from('for you'), text);
      const hostile = fc.string({
        unit: fc.constantFrom('a', ' ', '"', ';', '\\', '\r', '\n', '\u0000', 'ü', '%', "'", '*'),
      });
      const names = fc.oneof(hostile, fc.string({ unit: 'grapheme' })).filter((name) => name !== '');
      await fc.assert(
        fc.asyncProperty(names, async (downloadName) => {
          const request = await blobs().signGet(work('signed/name'), { expiresSeconds: 60, downloadName });
          const answer = await fetch(request.url, { headers: request.headers });
          const header = answer.headers.get('content-disposition') ?? '';
          expect(header).toMatch(/^attachment; filename="[A-Za-z0-9._ -]*"(?:; filename\*=UTF-8''[\x21-\x7e]*)?$/);
          const exact = /filename\*=UTF-8''(.*)$/.exec(header)?.[1];
          const plain = /filename="(.*?)"/.exec(header)?.[1];
          expect(exact === undefined ? plain : decodeURIComponent(exact)).toBe(downloadName);
          await answer.arrayBuffer();
        }),
        { numRuns: 100 },
      );
    });

    it('takes exactly the upload that was signed, and its checksum is then known', async () => {
      const request = await sign(work('signed/put'), 'payload');
      expect(request.method).toBe('PUT');
      expect(request.headers).toEqual({
        'content-length': '7',
        'content-type': 'text/plain',
        'if-none-match': '*',
        'x-amz-checksum-sha256': Buffer.from(sha256('payload'), 'hex').toString('base64'),
      });
      expect((await send(request, 'payload')).status).toBe(200);
      expect(await blobs().head(work('signed/put'))).toMatchObject({ size: 7, sha256: sha256('payload') });
    });

    it('refuses a second use of a write-once URL, and leaves the object', async () => {
      const request = await sign(work('signed/twice'), 'payload');
      expect((await send(request, 'payload')).status).toBe(200);
      expect((await send(request, 'payload')).status).toBe(412);
      expect(await read(work('signed/twice'))).toBe('payload');
    });

    it('lets one of two racing uses of a write-once URL win', async () => {
      const request = await sign(work('signed/race'), 'payload');
      const answers = await Promise.all([send(request, 'payload'), send(request, 'payload')]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 412]);
    });

    it('refuses other bytes of the same length', async () => {
      const answer = await send(await sign(work('signed/body'), 'payload'), 'PAYLOAD');
      expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('<Code>BadDigest</Code>')]);
      expect(await blobs().head(work('signed/body'))).toBeUndefined();
    });

    const tampered = async (change: Tampering) => {
      const request = await sign(work('signed/tampered'), 'payload');
      const url = new URL(request.url);
      const headers = { ...request.headers };
      const body = change(url, headers) ?? 'payload';
      const answer = await fetch(url, { method: 'PUT', headers, body });
      expect(await blobs().head(work('signed/tampered'))).toBeUndefined();
      return [answer.status, /<Code>(.*)<\/Code>/.exec(await answer.text())?.[1]];
    };
    const flip = (url: URL, name: string, value: (old: string) => string) =>
      url.searchParams.set(name, value(url.searchParams.get(name) ?? ''));

    it.each<[string, number, string, Tampering]>([
      [
        'another path',
        403,
        'SignatureDoesNotMatch',
        (url) => {
          url.pathname += 'x';
          return undefined;
        },
      ],
      [
        'a longer body',
        403,
        'SignatureDoesNotMatch',
        (_, headers) => {
          headers['content-length'] = '8';
          return 'payload!';
        },
      ],
      [
        'another type',
        403,
        'SignatureDoesNotMatch',
        (_, headers) => {
          headers['content-type'] = 'text/html';
          return undefined;
        },
      ],
      [
        'another checksum, with the bytes to it',
        403,
        'SignatureDoesNotMatch',
        (_, headers) => {
          headers['x-amz-checksum-sha256'] = Buffer.from(sha256('PAYLOAD'), 'hex').toString('base64');
          return 'PAYLOAD';
        },
      ],
      [
        'no If-None-Match',
        403,
        'SignatureDoesNotMatch',
        (_, headers) => {
          delete headers['if-none-match'];
          return undefined;
        },
      ],
      [
        'no checksum',
        403,
        'SignatureDoesNotMatch',
        (_, headers) => {
          delete headers['x-amz-checksum-sha256'];
          return undefined;
        },
      ],
      [
        'a header that was not signed',
        403,
        'AccessDenied',
        (_, headers) => {
          headers['x-amz-meta-owner'] = 'me';
          return undefined;
        },
      ],
      [
        'a longer life',
        403,
        'SignatureDoesNotMatch',
        (url) => {
          flip(url, 'X-Amz-Expires', () => '604800');
          return undefined;
        },
      ],
      [
        'fewer signed headers',
        403,
        'SignatureDoesNotMatch',
        (url, headers) => {
          flip(url, 'X-Amz-SignedHeaders', (old) => old.replace('if-none-match;', ''));
          delete headers['if-none-match'];
          return undefined;
        },
      ],
      [
        'another signature',
        403,
        'SignatureDoesNotMatch',
        (url) => {
          flip(url, 'X-Amz-Signature', (old) => (old.startsWith('0') ? '1' : '0') + old.slice(1));
          return undefined;
        },
      ],
      [
        'one more query parameter',
        403,
        'SignatureDoesNotMatch',
        (url) => {
          url.searchParams.set('response-content-type', 'text/html');
          return undefined;
        },
      ],
      [
        'no signature',
        403,
        'AccessDenied',
        (url) => {
          url.search = '';
          return undefined;
        },
      ],
    ])('refuses an upload with %s', async (_, status, code, change) => {
      expect(await tampered(change)).toEqual([status, code]);
    });

    it('refuses the URL of one object for another method', async () => {
      await blobs().put(work('signed/method'), Buffer.from('x'), text);
      const request = await blobs().signGet(work('signed/method'), { expiresSeconds: 60 });
      expect((await fetch(request.url, { method: 'DELETE' })).status).toBe(403);
      expect((await fetch(request.url, { method: 'PUT', body: 'y' })).status).toBe(403);
      expect(await read(work('signed/method'))).toBe('x');
    });

    it('refuses to sign what S3 would not take', async () => {
      const put = { sha256: sha256(''), contentType: 'a/b', ifAbsent: true, expiresSeconds: 60 };
      await expect(blobs().signPut(work('big'), { ...put, size: 5 * 1024 ** 3 + 1 })).rejects.toMatchObject({
        code: 'blob.too_large',
      });
      await expect(blobs().signPut(work('big'), { ...put, size: -1 })).rejects.toThrow(RangeError);
      await expect(blobs().signPut(work('big'), { ...put, size: 0, sha256: 'abc' })).rejects.toThrow(RangeError);
      for (const expiresSeconds of [0, 1.5, 604_801]) {
        await expect(blobs().signGet(work('big'), { expiresSeconds })).rejects.toThrow(RangeError);
      }
    });
  });
}
