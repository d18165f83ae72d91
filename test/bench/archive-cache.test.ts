import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type ArchiveCache, startArchiveCache } from '../../bench/peers/archive-cache.ts';

let directory: string;
let archive: Server;
let base: string;
let asked: string[];
let broken: boolean;
const open: ArchiveCache[] = [];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'lbuild-archive-cache-'));
  asked = [];
  broken = false;
  archive = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push(path);
    if (broken) response.writeHead(503).end();
    else if (path.endsWith('/absent')) response.writeHead(404).end('no such file');
    else
      response
        .writeHead(200, { 'content-type': 'text/x', 'last-modified': 'Mon, 01 Jun 2026 00:00:00 GMT' })
        .end(`body of ${path}`);
  });
  await new Promise<void>((resolve) => archive.listen(0, '127.0.0.1', resolve));
  const place = archive.address();
  if (place === null || typeof place === 'string') throw new Error('no port');
  base = `http://127.0.0.1:${place.port}`;
});

afterEach(async () => {
  for (const cache of open.splice(0)) await cache.close();
  archive.closeAllConnections();
  await new Promise((resolve) => archive.close(resolve));
  rmSync(directory, { recursive: true, force: true });
});

async function start(now = () => 0): Promise<ArchiveCache> {
  const cache = await startArchiveCache({
    directory: join(directory, 'kept'),
    upstream: { debian: `${base}/main-archive`, security: `${base}/security-archive` },
    now,
  });
  open.push(cache);
  return cache;
}

it('asks the archive once for a file, also when many ask at once and when it was started again', async () => {
  const cache = await start();
  const address = `${cache.addresses.debian}/pool/main/c/curl.deb`;
  const texts = await Promise.all([1, 2, 3].map(async () => (await fetch(address)).text()));
  expect(new Set(texts)).toEqual(new Set(['body of /main-archive/pool/main/c/curl.deb']));
  const again = await start();
  const response = await fetch(`${again.addresses.debian}/pool/main/c/curl.deb`);
  expect(await response.text()).toBe('body of /main-archive/pool/main/c/curl.deb');
  expect(response.headers.get('content-type')).toBe('text/x');
  expect(asked).toEqual(['/main-archive/pool/main/c/curl.deb']);
  expect([cache.fetched, again.fetched]).toEqual([1, 0]);
});

it('takes the security archive from its own address', async () => {
  const cache = await start();
  await (await fetch(`${cache.addresses.security}/dists/x/InRelease`)).text();
  expect(asked).toEqual(['/security-archive/dists/x/InRelease']);
});

it('takes indexes again when they are a day old, and package files never', async () => {
  let now = 0;
  const cache = await start(() => now);
  for (const path of ['dists/bookworm/InRelease', 'pool/a.deb']) await fetch(`${cache.addresses.debian}/${path}`);
  now = 25 * 3_600_000;
  for (const path of ['dists/bookworm/InRelease', 'pool/a.deb']) await fetch(`${cache.addresses.debian}/${path}`);
  expect(asked.map((path) => path.split('/').at(-1))).toEqual(['InRelease', 'a.deb', 'InRelease']);
});

it('remembers what the archive has not, and no failure of it', async () => {
  const cache = await start();
  const absent = `${cache.addresses.debian}/dists/absent`;
  expect([(await fetch(absent)).status, (await fetch(absent)).status, asked.length]).toEqual([404, 404, 1]);
  broken = true;
  const file = `${cache.addresses.debian}/pool/b.deb`;
  expect((await fetch(file)).status).toBe(502);
  broken = false;
  expect((await fetch(file)).status).toBe(200);
});

it('tells that a file has not changed', async () => {
  const cache = await start();
  const headers = { 'if-modified-since': 'Mon, 01 Jun 2026 00:00:00 GMT' };
  expect((await fetch(`${cache.addresses.debian}/dists/Release`, { headers })).status).toBe(304);
});

it('asks no other address', async () => {
  const cache = await start();
  const root = cache.addresses.debian.replace(/\/debian$/, '');
  const paths = ['/', '/other/x', '/debian'];
  const statuses = await Promise.all(paths.map(async (path) => (await fetch(`${root}${path}`)).status));
  expect(statuses).toEqual([404, 404, 404]);
  expect((await fetch(`${cache.addresses.debian}/x`, { method: 'POST' })).status).toBe(404);
  expect(asked).toEqual([]);
});
