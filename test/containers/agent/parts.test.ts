import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LineSplitter } from '../../../containers/builder/agent/lines.ts';
import { AttemptLog } from '../../../containers/builder/agent/log.ts';
import { withRetries } from '../../../containers/builder/agent/retry.ts';
import { resolveInTree } from '../../../containers/builder/agent/tree-path.ts';
import { Uploads } from '../../../containers/builder/agent/uploads.ts';
import { bytesToText, textToBytes } from '../../../containers/builder/layers/path-text.ts';
import { logLineSchema } from '../../../core/builds/manifest.ts';

describe('lines of an output', () => {
  const split = (...chunks: (string | Buffer)[]) => {
    const lines: string[] = [];
    const splitter = new LineSplitter((line) => lines.push(line));
    for (const chunk of chunks) splitter.write(Buffer.from(chunk));
    splitter.end();
    return lines;
  };

  it('are cut at line ends, wherever the chunks end', () => {
    expect(split('one\ntw', 'o\r\n\nthree')).toEqual(['one', 'two', '', 'three']);
    const [first, second] = [Buffer.from('é').subarray(0, 1), Buffer.from('é').subarray(1)];
    expect(split(first, second, '\n')).toEqual(['é']);
  });

  it('stay bounded where nobody ends the line', () => {
    expect(split(...Array.from({ length: 100 }, () => 'x'.repeat(1_000)))[0]?.length).toBe(16_289);
  });
});

describe('the log of an attempt', () => {
  it('is NDJSON of bounded, well-formed lines', () => {
    const log = new AttemptLog(100_000, () => 12.6);
    log.add('site', 'out', `${'x'.repeat(5_000)}`);
    log.add('site', 'err', 'half a pair: \ud800');
    const lines = log
      .bytes()
      .toString('utf8')
      .trimEnd()
      .split('\n')
      .map((line) => logLineSchema.parse(JSON.parse(line)));
    expect(lines.map((line) => line.text.length)).toEqual([4_000, 14]);
    expect(lines[1]).toEqual({ at: 13, step: 'site', stream: 'err', text: 'half a pair: \ufffd' });
  });

  it('keeps the last 40 lines of each step, also when it is full', () => {
    const log = new AttemptLog(1_000, () => 0);
    for (let line = 0; line < 100; line += 1) log.add('site', 'out', `line ${line}`);
    log.add('other', 'out', 'alone');
    expect(log.size).toBeLessThanOrEqual(1_000);
    expect(log.tail('site')).toEqual(Array.from({ length: 40 }, (_, at) => `line ${at + 60}`));
    expect(log.tail('other')).toEqual(['alone']);
  });
});

describe('a path of the tree', () => {
  const root = mkdtempSync(join(tmpdir(), 'lbuild-path-'));
  const tree = join(root, 'tree');
  beforeAll(() => {
    mkdirSync(join(tree, 'usr/bin'), { recursive: true });
    writeFileSync(join(tree, 'usr/bin/tool'), '');
    symlinkSync('usr/bin', join(tree, 'bin'));
    symlinkSync('/usr', join(tree, 'absolute'));
    symlinkSync('../../../../etc', join(tree, 'usr/up'));
    symlinkSync('loop', join(tree, 'loop'));
  });
  afterAll(() => rmSync(root, { recursive: true }));

  it.each([
    ['/bin/tool', 'usr/bin/tool'],
    ['absolute/bin/tool', 'usr/bin/tool'],
    ['/usr/up/passwd', 'etc/passwd'],
    ['/../../etc/passwd', 'etc/passwd'],
    ['/bin/../new/file', 'usr/new/file'],
  ])('%s lies at %s', async (path, place) => {
    expect(await resolveInTree(tree, path)).toBe(`${tree}/${place}`);
  });

  it('that goes in a circle is refused', async () => {
    await expect(resolveInTree(tree, '/loop/x')).rejects.toThrow(/ELOOP/);
  });
});

describe('names of bytes', () => {
  it.each([
    'plain',
    'caf\xc3\xa9',
    'caf\xe9',
    '\\',
    '\\x41',
    '\xff\xfe/\x80',
    'line\nend',
    '\xf0\x9f\x98\x80',
    '\xf0\x9f',
  ])('come back as they were: %j', (bytes) => {
    expect(textToBytes(bytesToText(bytes))).toBe(bytes);
  });

  it('are UTF-8 where they can be', () => {
    expect(bytesToText('caf\xc3\xa9')).toBe('café');
    expect(bytesToText('caf\xe9')).toBe('caf\\xe9');
    expect(bytesToText('a\\b')).toBe('a\\\\b');
  });
});

describe('what may fail', () => {
  const options = { signal: new AbortController().signal, random: () => 0 };

  it('is done again while the failure may pass, and not otherwise', async () => {
    let calls = 0;
    const action = async () => {
      calls += 1;
      if (calls < 3) throw new Error('busy');
      return calls;
    };
    expect(await withRetries(action, () => true, options)).toBe(3);
    calls = 0;
    await expect(withRetries(action, () => false, options)).rejects.toThrow('busy');
    expect(calls).toBe(1);
  });

  it('leaves later uploads undone, and tells the first failure', async () => {
    const uploads = new Uploads();
    const done: string[] = [];
    uploads.add(async () => void done.push('one'));
    uploads.add(async () => {
      throw new Error('refused');
    });
    uploads.add(async () => void done.push('three'));
    await expect(uploads.all()).rejects.toThrow('refused');
    expect(done).toEqual(['one']);
  });
});
