import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../../core/digest.ts';
import { EngineError } from '../../../core/errors.ts';
import type { BlobPlace, Blobs } from '../../../core/ports/blobs.ts';

/** What every object store must do; `blobs` gives the one under test, whose `work` and `artifacts` start empty. */
export function describeBlobs(name: string, blobs: () => Blobs): void {
  const text = { contentType: 'text/plain' };
  const work = (path: string): BlobPlace => ({ bucket: 'work', path });
  const read = async (place: BlobPlace, range?: { start: number; end?: number }) => {
    const bytes = await blobs().get(place, range);
    return bytes === undefined ? undefined : Buffer.from(bytes).toString();
  };
  const sign = (place: BlobPlace, body: string, options: { ifAbsent?: boolean; contentType?: string } = {}) =>
    blobs().signPut(place, {
      size: Buffer.byteLength(body),
      sha256: sha256(body),
      contentType: options.contentType ?? 'text/plain',
      ifAbsent: options.ifAbsent ?? true,
      expiresSeconds: 60,
    });

  describe(`${name}: objects`, () => {
    it('gives back what was put, with its size and SHA-256', async () => {
      const place = work('objects/one');
      expect(await blobs().put(place, Buffer.from('hello'), text)).toBe('written');
      expect(await read(place)).toBe('hello');
      const info = await blobs().head(place);
      expect(info).toMatchObject({ size: 5, sha256: sha256('hello') });
      expect(info?.modifiedAt).toBeInstanceOf(Date);
    });

    it('holds empty objects', async () => {
      const place = work('objects/empty');
      await blobs().put(place, new Uint8Array(), text);
      expect(await read(place)).toBe('');
      expect(await blobs().head(place)).toMatchObject({ size: 0, sha256: sha256('') });
    });

    it('holds bytes that are no text', async () => {
      const bytes = randomBytes(3_000_001);
      await blobs().put(work('objects/binary'), bytes, { contentType: 'application/octet-stream' });
      expect(sha256((await blobs().get(work('objects/binary'))) ?? new Uint8Array())).toBe(sha256(bytes));
    });

    it('tells absence apart from failure', async () => {
      expect(await blobs().head(work('objects/absent'))).toBeUndefined();
      expect(await blobs().get(work('objects/absent'))).toBeUndefined();
      expect(await blobs().get(work('objects/absent'), { start: 2, end: 4 })).toBeUndefined();
      expect(await blobs().get(work('objects/absent'), { start: 2, end: 2 })).toBeUndefined();
    });

    it('replaces an object whole', async () => {
      await blobs().put(work('objects/log'), Buffer.from('first, and long'), text);
      await blobs().put(work('objects/log'), Buffer.from('second'), text);
      expect(await read(work('objects/log'))).toBe('second');
      expect(await blobs().head(work('objects/log'))).toMatchObject({ size: 6, sha256: sha256('second') });
    });

    it('leaves an existing object under ifAbsent', async () => {
      const place = work('objects/once');
      expect(await blobs().put(place, Buffer.from('a'), { ...text, ifAbsent: true })).toBe('written');
      expect(await blobs().put(place, Buffer.from('b'), { ...text, ifAbsent: true })).toBe('exists');
      expect(await read(place)).toBe('a');
    });

    it('lets one of many racing puts under ifAbsent win', async () => {
      const place = work('objects/race');
      const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
      const results = await Promise.all(
        names.map((body) => blobs().put(place, Buffer.from(body.repeat(200_000)), { ...text, ifAbsent: true })),
      );
      expect(results.filter((result) => result === 'written')).toHaveLength(1);
      const winner = names[results.indexOf('written')];
      expect(await read(place)).toBe(winner?.repeat(200_000));
    });

    it('never shows a reader anything but one whole version while an object is replaced', async () => {
      const place = work('objects/torn');
      const versions = ['1', '2', '3', '4', '5', '6'].map((letter) => letter.repeat(300_000));
      await blobs().put(place, Buffer.from(versions[0] ?? ''), text);
      const writes = versions.map((body) => blobs().put(place, Buffer.from(body), text));
      const reads = await Promise.all(Array.from({ length: 12 }, () => read(place)));
      await Promise.all(writes);
      for (const seen of reads) expect(versions.includes(seen ?? '')).toBe(true);
    });

    it('deletes, and deletes again', async () => {
      await blobs().put(work('objects/gone'), Buffer.from('x'), text);
      await blobs().delete(work('objects/gone'));
      await blobs().delete(work('objects/gone'));
      expect(await blobs().head(work('objects/gone'))).toBeUndefined();
    });

    it.each([
      [{ start: 0, end: 4 }, '0123'],
      [{ start: 3, end: 4 }, '3'],
      [{ start: 7 }, '789'],
      [{ start: 8, end: 99 }, '89'],
      [{ start: 5, end: 5 }, ''],
      [{ start: 10 }, ''],
      [{ start: 99, end: 100 }, ''],
    ])('reads the range %o', async (range, expected) => {
      await blobs().put(work('objects/digits'), Buffer.from('0123456789'), text);
      expect(await read(work('objects/digits'), range)).toBe(expected);
    });

    it('refuses a range that ends before it begins', async () => {
      await expect(blobs().get(work('objects/digits'), { start: 4, end: 3 })).rejects.toThrow(RangeError);
    });
  });

  describe(`${name}: copies`, () => {
    it('keeps bytes and SHA-256, across buckets', async () => {
      await blobs().put(work('copies/from'), Buffer.from('copied'), text);
      const to: BlobPlace = { bucket: 'artifacts', path: 'copies/to' };
      expect(await blobs().copy(work('copies/from'), to)).toBe('written');
      expect(await read(to)).toBe('copied');
      expect(await blobs().head(to)).toMatchObject({ size: 6, sha256: sha256('copied') });
    });

    it('stays as it was when its source is replaced or deleted', async () => {
      await blobs().put(work('copies/source'), Buffer.from('before'), text);
      await blobs().copy(work('copies/source'), work('copies/kept'));
      await blobs().put(work('copies/source'), Buffer.from('after'), text);
      expect(await read(work('copies/kept'))).toBe('before');
      await blobs().delete(work('copies/source'));
      expect(await read(work('copies/kept'))).toBe('before');
    });

    it('leaves an existing target under ifAbsent, and replaces it otherwise', async () => {
      await blobs().put(work('copies/a'), Buffer.from('a'), text);
      await blobs().put(work('copies/b'), Buffer.from('b'), text);
      expect(await blobs().copy(work('copies/a'), work('copies/b'), { ifAbsent: true })).toBe('exists');
      expect(await read(work('copies/b'))).toBe('b');
      expect(await blobs().copy(work('copies/a'), work('copies/b'))).toBe('written');
      expect(await read(work('copies/b'))).toBe('a');
    });

    it('lets one of many racing copies under ifAbsent win', async () => {
      const names = ['a', 'b', 'c', 'd'];
      for (const body of names) await blobs().put(work(`copies/race-${body}`), Buffer.from(body), text);
      const results = await Promise.all(
        names.map((body) => blobs().copy(work(`copies/race-${body}`), work('copies/race'), { ifAbsent: true })),
      );
      expect(results.filter((result) => result === 'written')).toHaveLength(1);
      expect(await read(work('copies/race'))).toBe(names[results.indexOf('written')]);
    });

    it('says that there is nothing to copy', async () => {
      const copy = blobs().copy(work('copies/absent'), work('copies/nowhere'));
      await expect(copy).rejects.toMatchObject({ code: 'blob.not_found' });
      expect(await blobs().head(work('copies/nowhere'))).toBeUndefined();
    });
  });

  describe(`${name}: lists`, () => {
    it('lists by prefix in the order of bytes, within one bucket', async () => {
      for (const path of ['b', 'a/2', 'a/10', 'a-', 'a/B', 'ab'])
        await blobs().put(work(`list/${path}`), Buffer.from(path), text);
      await blobs().put({ bucket: 'artifacts', path: 'list/other' }, Buffer.from('x'), text);
      expect(await blobs().list('work', 'list/')).toEqual({
        paths: ['list/a-', 'list/a/10', 'list/a/2', 'list/a/B', 'list/ab', 'list/b'],
      });
      expect((await blobs().list('work', 'list/a/')).paths).toEqual(['list/a/10', 'list/a/2', 'list/a/B']);
      expect((await blobs().list('work', 'list/a')).paths).toHaveLength(5);
      expect(await blobs().list('work', 'list/none')).toEqual({ paths: [] });
    });

    it('pages by cursor, each object once', async () => {
      const count = 1003;
      const paths = Array.from({ length: count }, (_, at) => `pages/${String(at).padStart(4, '0')}`);
      await blobs().put(work('page'), Buffer.from('page'), text);
      for (let at = 0; at < count; at += 40) {
        await Promise.all(paths.slice(at, at + 40).map((path) => blobs().copy(work('page'), work(path))));
      }
      const seen: string[] = [];
      let cursor: string | undefined;
      let pages = 0;
      do {
        const page = await blobs().list('work', 'pages/', cursor);
        seen.push(...page.paths);
        cursor = page.cursor;
        pages += 1;
      } while (cursor !== undefined);
      expect(pages).toBe(2);
      expect(seen).toEqual(paths);
    });
  });

  describe(`${name}: places`, () => {
    it.each([
      '',
      '/',
      '/a',
      'a/',
      'a//b',
      '.',
      '..',
      'a/../b',
      './a',
      'a b',
      'a?b',
      'a#b',
      'a%2fb',
      'ä',
      'a\0b',
      'a\\b',
      'a\n',
    ])('refuses the path %j before anything is sent', async (path) => {
      const calls: (() => Promise<unknown>)[] = [
        () => blobs().head(work(path)),
        () => blobs().get(work(path)),
        () => blobs().put(work(path), new Uint8Array(), text),
        () => blobs().copy(work(path), work('fine')),
        () => blobs().copy(work('fine'), work(path)),
        () => blobs().delete(work(path)),
        () => blobs().signGet(work(path), { expiresSeconds: 60 }),
        () => sign(work(path), 'x'),
      ];
      for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'blob.place_invalid' });
    });

    it.each(['..', 'a/../', '/a', 'a//', 'a b'])('refuses the prefix %j', async (prefix) => {
      await expect(blobs().list('work', prefix)).rejects.toBeInstanceOf(EngineError);
    });

    it('takes a path of 900 bytes and no longer', async () => {
      const place = work('x'.repeat(900));
      await blobs().put(place, Buffer.from('long'), text);
      expect(await read(place)).toBe('long');
      await expect(blobs().head(work('x'.repeat(901)))).rejects.toMatchObject({ code: 'blob.place_invalid' });
    });

    it('keeps paths apart that a file system might not', async () => {
      for (const path of ['odd/A', 'odd/a', 'odd/a/b', 'odd/...', 'odd/-', 'odd/.hidden']) {
        await blobs().put(work(path), Buffer.from(path), text);
      }
      for (const path of ['odd/A', 'odd/a', 'odd/a/b', 'odd/...', 'odd/-', 'odd/.hidden']) {
        expect(await read(work(path))).toBe(path);
      }
    });
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

    const tampered = async (change: (url: URL, headers: Record<string, string>) => string | undefined) => {
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

    it.each<[string, number, string, (url: URL, headers: Record<string, string>) => string | undefined]>([
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
