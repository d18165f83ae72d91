import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openExchange } from '../../../containers/builder/agent/exchange-client.ts';
import {
  exchangeCache,
  folderCache,
  noCache,
  type PackageCache,
} from '../../../containers/builder/agent/package-cache.ts';
import { openPackageStore } from '../../../containers/builder/agent/package-store.ts';
import { stageStep, startStageEngine } from '../../support/stage-engine.ts';

const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const files = new Map(Array.from({ length: 20 }, (_, number) => [`/pool/${number}.deb`, randomBytes(50_000 + number)]));

let folder: string;
let server: Server;
let url: string;
let handle: (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lbuild-store-'));
  handle = (_, response, body) => response.end(body);
  server = createServer((request, response) => {
    const body = files.get(request.url ?? '');
    if (body === undefined) response.writeHead(404).end();
    else handle(request, response, body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

const wanted = (count: number) =>
  [...files].slice(0, count).map(([path, body], number) => ({
    ...{ address: url + path, size: body.length, sha256: digest(body) },
    place: join(folder, `place-${number}`),
  }));
const open = (cache: PackageCache = noCache, keeps = true) =>
  openPackageStore({
    ...{ cache, keeps, random: () => 0, now: () => new Date() },
    signal: new AbortController().signal,
  });

describe('files of the archive', () => {
  it('come eight at a time, with progress', async () => {
    let now = 0;
    let most = 0;
    const eight = Promise.withResolvers<void>();
    handle = async (_, response, body) => {
      now += 1;
      most = Math.max(most, now);
      // None is answered before eight have come; then a ninth has time to come.
      if (now === 8) eight.resolve();
      await eight.promise;
      await sleep(20);
      now -= 1;
      response.end(body);
    };
    const fractions: number[] = [];
    const all = wanted(20);
    const answer = await open().fetch(all, { onProgress: (fraction) => fractions.push(fraction) });
    expect(answer).toEqual({ cached: 0 });
    expect(most).toBe(8);
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    expect(fractions.at(-1)).toBe(1);
    for (const { place, sha256 } of all) expect(digest(readFileSync(place))).toBe(sha256);
  });

  it('go on from where a connection broke', async () => {
    const ranges: (string | undefined)[] = [];
    handle = (request, response, body) => {
      ranges.push(request.headers.range);
      const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
      response.writeHead(from > 0 ? 206 : 200, { 'content-length': body.length - from });
      if (ranges.length > 2) return response.end(body.subarray(from));
      return response.write(body.subarray(from, from + 20_000), () => setTimeout(() => response.destroy(), 50));
    };
    const [file] = wanted(1);
    await open().fetch(file === undefined ? [] : [file]);
    expect(ranges).toEqual([undefined, 'bytes=20000-', 'bytes=40000-']);
    expect(digest(readFileSync(join(folder, 'place-0')))).toBe(file?.sha256);
  });

  it('come from a server that knows no ranges, and after one that was busy', async () => {
    let count = 0;
    handle = (_, response, body) => {
      count += 1;
      if (count === 1) return response.writeHead(503).end();
      if (count > 2) return response.end(body);
      response.writeHead(200, { 'content-length': body.length });
      return response.write(body.subarray(0, 20_000), () => setTimeout(() => response.destroy(), 50));
    };
    await open().fetch(wanted(1));
    expect(count).toBe(3);
  });

  it.each<[string, (response: ServerResponse, body: Buffer) => void, string]>([
    ['has other bytes', (response, body) => response.end(Buffer.alloc(body.length)), 'archive.untrusted'],
    ['never ends', (response) => response.end(Buffer.alloc(100_000)), 'archive.unreachable'],
    ['is gone', (response) => response.writeHead(404).end(), 'archive.gone'],
  ])('are refused where one %s, and it is not kept', async (_, answer, code) => {
    handle = (_request, response, body) => answer(response, body);
    const cache = join(folder, 'cache');
    const failure = open(folderCache(cache)).fetch(wanted(1));
    await expect(failure).rejects.toMatchObject({ code, message: expect.not.stringContaining('127.0.0.1') });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('that the archive no longer has are all named at once', async () => {
    handle = (_request, response) => response.writeHead(404).end();
    const failure = open(folderCache(join(folder, 'cache'))).fetch(wanted(3));
    const names = wanted(3).map(({ address }) => new URL(address).pathname);
    await expect(failure).rejects.toMatchObject({ message: `The archive no longer has ${names.sort().join(', ')}.` });
  });

  it('are kept by their digest, and used from there, unless the stage keeps nothing', async () => {
    const cache = join(folder, 'cache');
    await open(folderCache(cache), false).fetch(wanted(2));
    expect(readdirSync(folder)).not.toContain('cache');
    await open(folderCache(cache)).fetch(wanted(2));
    expect(readdirSync(cache).sort()).toEqual(
      wanted(2)
        .map(({ sha256 }) => sha256)
        .sort(),
    );
    handle = (_, response) => response.writeHead(500).end();
    expect(await open(folderCache(cache), false).fetch(wanted(2))).toEqual({ cached: 2 });
  });

  it('are kept once where two of the same bytes are kept at once', async () => {
    const cache = folderCache(join(folder, 'cache'));
    const place = join(folder, 'empty');
    writeFileSync(place, '');
    const empty = digest(Buffer.alloc(0));
    await Promise.all(Array.from({ length: 20 }, () => cache.keep(empty, place)));
    expect(readdirSync(join(folder, 'cache'))).toEqual([empty]);
  });
});

describe('the package cache behind the exchange', () => {
  it('gives what is there, fetches what is not, and sends that up', async () => {
    const [first, second] = wanted(2);
    if (first === undefined || second === undefined) throw new Error('no files');
    const there = [...files.values()][0] ?? Buffer.alloc(0);
    const engine = await startStageEngine({
      steps: [stageStep({ id: 'x', program: 'packages', options: {} })],
      blobs: new Map([[first.sha256, there]]),
    });
    try {
      const signal = new AbortController().signal;
      const { exchangeUrl, ticket } = engine.manifest;
      const exchange = openExchange({ url: exchangeUrl, ticket, signal, random: () => 0 });
      const cache = exchangeCache({ exchange, signal, folder: join(folder, 'kept') });
      expect(await open(cache).fetch([first, second])).toEqual({ cached: 1 });
      expect(digest(readFileSync(first.place))).toBe(first.sha256);
      // What runs in the tree afterwards cannot change what was kept: the store checks the digest.
      await cache.settle(10_000);
      expect([...engine.outputs.keys()]).toEqual([`packages/${second.sha256}`]);
      expect(readdirSync(join(folder, 'kept'))).toEqual([]);

      // Two suites may have one index: it goes up once, and what is kept beside it goes too.
      const [, , fourth] = wanted(3);
      if (fourth === undefined) throw new Error('no files');
      await open().fetch([fourth]);
      await Promise.all(Array.from({ length: 3 }, () => cache.keep(fourth.sha256, fourth.place)));
      await cache.settle(10_000);
      expect([...engine.outputs.keys()]).toContain(`packages/${fourth.sha256}`);
      expect(engine.requests.filter(({ kind }) => kind === 'declare-package')).toHaveLength(2);
      expect(readdirSync(join(folder, 'kept'))).toEqual([]);

      const third = { ...second, place: join(folder, 'third') };
      writeFileSync(third.place, 'evil');
      await cache.keep(second.sha256, third.place);
      await cache.settle(10_000);
      expect(engine.outputs.get(`packages/${second.sha256}`)).toEqual([...files.values()][1]);
    } finally {
      await engine.close();
    }
  });
});
