import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bytesToText,
  compareBytes,
  parentOf,
  pathInside,
  textToBytes,
} from '../../../containers/builder/layers/path-text.ts';

const latin1 = (...bytes: number[]) => Buffer.from(bytes).toString('latin1');

describe('the text of a path', () => {
  it.each([
    ['a plain name', latin1(0x61, 0x20, 0x7e), 'a ~'],
    ['two bytes of UTF-8', latin1(0xc3, 0xa4), 'ä'],
    ['the first and the last of two', latin1(0xc2, 0x80, 0xdf, 0xbf), '\u0080\u07ff'],
    ['three bytes', latin1(0xe0, 0xa0, 0x80, 0xe2, 0x82, 0xac, 0xef, 0xbf, 0xbd), '\u0800€\ufffd'],
    ['four bytes', latin1(0xf0, 0x9f, 0x98, 0x80, 0x61), '😀a'],
    ['a byte that is none', latin1(0x61, 0xff, 0x62), 'a\\xffb'],
    ['a sequence that is cut off', latin1(0xe2, 0x82), '\\xe2\\x82'],
    ['a control character', latin1(0x61, 0x0a), 'a\n'],
    ['a backslash', 'a\\b', 'a\\\\b'],
  ])('says %s', (_, bytes, text) => {
    expect(bytesToText(bytes)).toBe(text);
    expect(textToBytes(text)).toBe(bytes);
  });

  it('gives back all bytes (property)', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const path = Buffer.from(bytes).toString('latin1');
        expect(textToBytes(bytesToText(path))).toBe(path);
      }),
    );
  });
});

describe('a path as bytes', () => {
  it('lies in its folder, byte for byte', () => {
    expect(pathInside('/tree', latin1(0x61, 0xff))).toEqual(Buffer.from([...Buffer.from('/tree/a'), 0xff]));
  });

  it.each([
    ['a', ''],
    ['', ''],
    ['a/b', 'a'],
    ['a/b/c', 'a/b'],
    ['/a', ''],
  ])('of %j has the folder %j', (path, folder) => {
    expect(parentOf(path)).toBe(folder);
  });

  it('is ordered by bytes', () => {
    expect([compareBytes('a', 'b'), compareBytes('b', 'a'), compareBytes('a', 'a')]).toEqual([-1, 1, 0]);
    expect(['b', latin1(0xff), 'a/b', 'a'].sort(compareBytes)).toEqual(['a', 'a/b', 'b', latin1(0xff)]);
  });
});
