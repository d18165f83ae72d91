import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Loopback, onLoopback } from '../support/loopback.ts';
import { runCli } from './engine-under-test.ts';

/** An engine that has one large file, of which it sends the half. */
let engine: Loopback;
let url: string;
let folder: string;
let begun: () => void = () => undefined;
const artifact = { name: 'a.iso', type: 'iso', size: 100_000, sha256: '0'.repeat(64), mediaType: 'text/plain' };

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lbuild-interrupted-'));
  const server = createServer((request, response) => {
    if (request.url === '/half') {
      response.writeHead(200, { 'content-length': String(artifact.size) });
      response.write(Buffer.alloc(artifact.size / 2), () => begun());
    } else if (request.url?.endsWith('/artifacts') === true) {
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ artifacts: [artifact] }));
    } else response.writeHead(307, { location: `${url}/half` }).end();
  });
  engine = await onLoopback(server);
  url = engine.url;
});
afterAll(async () => {
  await engine?.close();
  await rm(folder, { recursive: true, force: true });
});

it.each(['SIGINT', 'SIGTERM'] as const)('a download that %s ends leaves nothing, not even a part', async (signal) => {
  const to = path.join(folder, signal);
  let parts: readonly string[] = [];
  const child = runCli(['download', 'bld_1', '--to', to], {
    cwd: folder,
    environment: { LBUILD_URL: url, LBUILD_API_KEY: 'lbk_1' },
    started: (process) => {
      begun = () => {
        // What came is in the file by then.
        setTimeout(async () => {
          parts = await readdir(to);
          process.kill(signal);
        }, 300);
      };
    },
  });
  const ended = await child;
  expect(parts).toEqual([expect.stringMatching(/a\.iso/)]);
  expect([ended.code, ended.err]).toEqual([130, expect.stringContaining('cli.interrupted')]);
  expect(await readdir(to)).toEqual([]);
});
