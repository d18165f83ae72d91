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
    }, 120_000);
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
        () => blobs().signPut(work(path), { ...text, size: 0, sha256: sha256(''), ifAbsent: true, expiresSeconds: 60 }),
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
}
