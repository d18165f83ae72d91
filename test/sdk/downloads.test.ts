import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createS3Blobs } from '../../adapters/s3/s3-blobs.ts';
import { openSqliteTable } from '../../adapters/sqlite/sqlite-table.ts';
import { createSystemClock } from '../../adapters/system/clock.ts';
import { artifactPlace } from '../../core/builds/places.ts';
import { artifactWrite } from '../../core/builds/stage-repository.ts';
import type { Table } from '../../core/ports/table.ts';
import { startS3Server } from '../../local/s3/server.ts';
import { LinuxBuilderClient } from '../../sdk/client.ts';
import { EngineUnreachable } from '../../sdk/engine-error.ts';
import { ChecksumMismatch, DownloadChanged } from '../../sdk/resuming.ts';
import { type ApiUnderTest, openApi, type TenantUnderTest } from '../functions/api/api-under-test.ts';
import { startExample } from '../functions/api/example-spec.ts';
import { type CuttingProxy, startCuttingProxy } from './cutting-proxy.ts';

const run = promisify(execFile);
const size = 1_000_000;
const bytes = randomBytes(size);
const sha256 = createHash('sha256').update(bytes).digest('hex');
const at = (part: number) => Math.floor(size * part);

let root: string;
let folder: string;
let store: Awaited<ReturnType<typeof startS3Server>>;
let proxy: CuttingProxy;
let blobs: ReturnType<typeof createS3Blobs>;
let s3: S3Client;
let table: Table & { close(): void };
let api: ApiUnderTest;
let tenant: TenantUnderTest;
let client: LinuxBuilderClient;
let build: string;

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'lbuild-downloads-'));
  const clock = createSystemClock();
  const credentials = { accessKeyId: 'LBUILDTEST0000000000', secretAccessKey: 'secret' };
  store = await startS3Server({ directory: path.join(root, 'store'), ...credentials, clock });
  proxy = await startCuttingProxy(() => store.endpoint);
  s3 = new S3Client({
    ...{ endpoint: proxy.url, region: 'us-east-1', forcePathStyle: true, credentials },
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });
  blobs = createS3Blobs({ client: s3, buckets: { work: 'work', artifacts: 'artifacts' }, clock });
  table = openSqliteTable({ file: path.join(root, 'table.db'), clock });
  api = await openApi(table, {}, { blobs });
  tenant = await api.tenant('downloads');
  client = new LinuxBuilderClient({ url: api.url, apiKey: tenant.keys.owner });
  build = await startExample(api.url, tenant.keys.owner);
});
afterAll(async () => {
  await api?.close();
  table?.close();
  s3?.destroy();
  await proxy?.close();
  await store?.close();
  await rm(root, { recursive: true, force: true });
});
beforeEach(async () => {
  await put(bytes);
  folder = await mkdtemp(path.join(root, 'to-'));
  proxy.accidents = [];
  proxy.downloads.length = 0;
});
afterEach(() => {
  proxy.accidents = [];
});

/** Puts an artifact where the build's is, whose digest and size the engine tells. */
async function put(content: Uint8Array): Promise<void> {
  await blobs.put(artifactPlace(tenant.tenantId, sha256), content, { contentType: 'application/octet-stream' });
  const artifact = { name: 'image.iso', type: 'iso' as const, step: 'iso', size, sha256 };
  await table.transact([artifactWrite(build, { ...artifact, mediaType: 'application/octet-stream' })]);
}

const download = (options: Parameters<LinuxBuilderClient['downloadArtifact']>[3] = {}) =>
  client.downloadArtifact(build, 'image.iso', folder, options);
const digestOf = async (file: string) =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
const starts = () => proxy.downloads.map(({ range }) => Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0));

/** Whether each goes on where the one before was cut: what had not left the connection's buffers is asked for again. */
function expectStarts(cuts: readonly number[]): void {
  expect(starts()).toHaveLength(cuts.length);
  for (const [place, start] of starts().entries()) {
    expect(start).toBeLessThanOrEqual(cuts[place] ?? 0);
    expect(start).toBeGreaterThanOrEqual(Math.max(0, (cuts[place] ?? 0) - 200_000));
  }
}

describe('a download that is cut', () => {
  it('at 30, 60 and 90 % goes on where it was, each time of the same version, and is verified', async () => {
    proxy.accidents = [{ at: at(0.3) }, { at: at(0.6) }, { at: at(0.9) }];
    const progress: number[] = [];
    const file = await download({ onProgress: (received) => progress.push(received) });
    expect(file).toEqual({ path: path.join(folder, 'image.iso'), name: 'image.iso', size, sha256 });
    expect(await digestOf(file.path)).toBe(sha256);
    expect(await readdir(folder)).toEqual(['image.iso']);
    expectStarts([0, at(0.3), at(0.6), at(0.9)]);
    expect(proxy.downloads.map(({ status }) => status)).toEqual([200, 206, 206, 206]);
    const versions = proxy.downloads.slice(1).map(({ ifMatch }) => ifMatch);
    expect(new Set(versions)).toEqual(new Set([expect.stringMatching(/^"[0-9a-f-]+"$/)]));
    expect(progress.at(-1)).toBe(size);
    expect(progress).toEqual([...progress].sort((one, other) => one - other));
  });

  it.each([0.3, 0.6, 0.9])('once, at %d of it, gives the same file', async (part) => {
    proxy.accidents = [{ at: at(part) }];
    expect(await digestOf((await download()).path)).toBe(sha256);
    expectStarts([0, at(part)]);
  });

  it('asks for another address where the one it has is no longer good', async () => {
    proxy.accidents = [{ at: at(0.5) }, { refused: 403 }];
    expect(await digestOf((await download()).path)).toBe(sha256);
    expect(proxy.downloads.map(({ status }) => status)).toEqual([200, 403, 206]);
    expectStarts([0, at(0.5), at(0.5)]);
  });

  it('goes on where the store is busy, or sends all of it once more', async () => {
    proxy.accidents = [{ at: at(0.5) }, { refused: 503 }, { rangeless: true }];
    expect(await digestOf((await download()).path)).toBe(sha256);
    expect(proxy.downloads.map(({ status }) => status)).toEqual([200, 503, 200]);
  });

  it('after its last byte is whole', async () => {
    // A connection that breaks takes with it what came and was not yet read: it breaks once all was read.
    const read = Promise.withResolvers<void>();
    proxy.accidents = [{ at: size, lengthless: true, meanwhile: () => read.promise }];
    const onProgress = (received: number) => {
      if (received === size) read.resolve();
    };
    expect(await digestOf((await download({ onProgress })).path)).toBe(sha256);
    expect(proxy.downloads.map(({ status }) => status)).toEqual([200]);
  });

  it('gives up after so many tries that bring nothing, and leaves nothing', async () => {
    proxy.accidents = [{ at: at(0.5) }, ...Array(5).fill({ at: 0 })];
    await expect(download({ maxRetries: 1 })).rejects.toThrow(EngineUnreachable);
    // The one that brought half of it does not count.
    expect(proxy.downloads).toHaveLength(2);
    expect(await readdir(folder)).toEqual([]);
  });

  it('and changed meanwhile is found out, and leaves nothing', async () => {
    proxy.accidents = [{ at: at(0.3), meanwhile: () => put(randomBytes(size)) }];
    await expect(download()).rejects.toThrow(DownloadChanged);
    expect(proxy.downloads.map(({ status }) => status)).toEqual([200, 412]);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('a download', () => {
  it.each([
    ['other bytes', () => put(randomBytes(size)), sha256],
    ['fewer bytes', () => put(bytes.subarray(0, size - 1)), 'image.iso'],
    ['more bytes', () => put(Buffer.concat([bytes, Buffer.alloc(1)])), `${size + 1} bytes`],
  ])('of %s is refused and leaves nothing', async (_, change, said) => {
    await change();
    await expect(download()).rejects.toThrow(said);
    expect(await readdir(folder)).toEqual([]);
  });

  it('of other bytes than were promised is damaged', async () => {
    await put(randomBytes(size));
    await expect(download()).rejects.toThrow(ChecksumMismatch);
  });

  it('that is aborted throws the reason and leaves nothing', async () => {
    proxy.accidents = [{ at: at(0.3), hangs: true }];
    const stop = new AbortController();
    const onProgress = (received: number) => {
      if (received >= at(0.2)) stop.abort(new Error('enough'));
    };
    await expect(download({ signal: stop.signal, onProgress })).rejects.toThrow('enough');
    expect(await readdir(folder)).toEqual([]);
  });

  it('replaces a file only when it is whole', async () => {
    await download();
    proxy.accidents = [{ at: at(0.3), meanwhile: () => put(randomBytes(size)) }];
    await expect(download()).rejects.toThrow(DownloadChanged);
    expect(await readdir(folder)).toEqual(['image.iso']);
    expect(await digestOf(path.join(folder, 'image.iso'))).toBe(sha256);
  });

  it('to a disk that is full leaves nothing', async () => {
    const program = `
      import { readdirSync } from 'node:fs';
      import { LinuxBuilderClient } from ${JSON.stringify(path.join(import.meta.dirname, '../../sdk/client.ts'))};
      const client = new LinuxBuilderClient({ url: process.env.URL, apiKey: process.env.KEY });
      const code = await client.downloadArtifact(process.env.BUILD, 'image.iso', process.env.TO).then(
        () => 'downloaded', (error) => error.code);
      console.log(JSON.stringify([code, readdirSync(process.env.TO)]));`;
    const script = 'mount -t tmpfs -o size=512k tmpfs "$TO" && exec "$@"';
    const { stdout } = await run(
      'unshare',
      [
        ...['--mount', '--map-root-user', 'sh', '-c', script, 'sh'],
        ...[process.execPath, '--no-warnings', '--input-type=module', '--eval', program],
      ],
      { env: { PATH: process.env.PATH, URL: api.url, KEY: tenant.keys.owner, BUILD: build, TO: folder } },
    );
    expect(JSON.parse(stdout)).toEqual(['ENOSPC', []]);
  });

  it('of what there is not says so', async () => {
    await expect(client.downloadArtifact(build, 'none.iso', folder)).rejects.toMatchObject({
      code: 'artifact.not_found',
    });
    await expect(client.downloadArtifact('bld_none', 'image.iso', folder)).rejects.toMatchObject({ status: 404 });
  });

  it('goes to a stream, which is closed at its end and aborted where it fails', async () => {
    const hash = createHash('sha256');
    const ends: string[] = [];
    const target = () =>
      new WritableStream<Uint8Array>({
        write: (piece) => void hash.update(piece),
        close: () => void ends.push('closed'),
        abort: (reason: Error) => void ends.push(reason.name),
      });
    proxy.accidents = [{ at: at(0.6) }];
    expect(await client.downloadArtifact(build, 'image.iso', target())).toEqual({ name: 'image.iso', size, sha256 });
    expect(hash.digest('hex')).toBe(sha256);
    await put(randomBytes(size));
    const other = new WritableStream<Uint8Array>({ abort: (reason: Error) => void ends.push(reason.name) });
    await expect(client.downloadArtifact(build, 'image.iso', other)).rejects.toThrow(ChecksumMismatch);
    expect(ends).toEqual(['closed', 'ChecksumMismatch']);
  });

  it('goes by the fetch that is given, though that makes its answers itself', async () => {
    const asked: string[] = [];
    const own: typeof fetch = async (input, init) => {
      asked.push(new URL(input instanceof Request ? input.url : input).origin);
      const { body, status, headers } = await fetch(input, init);
      return new Response(body, { status, headers });
    };
    const other = new LinuxBuilderClient({ url: api.url, apiKey: tenant.keys.owner, fetch: own });
    proxy.accidents = [{ at: at(0.5) }, { refused: 403 }, { refused: 503 }];
    expect(await digestOf((await other.downloadArtifact(build, 'image.iso', folder)).path)).toBe(sha256);
    expect(asked.filter((origin) => origin === proxy.url)).toHaveLength(4);
  });

  it('waits as long as the client says for where it is, and asks again', async () => {
    const asked: number[] = [];
    const slow: typeof fetch = async (input, init) => {
      const isPlace = !(input instanceof Request) || input.url.endsWith('/artifacts/image.iso');
      if (!isPlace) return fetch(input, init);
      asked.push(performance.now());
      if (asked.length === 1) return new Promise((_, reject) => init?.signal?.addEventListener('abort', reject));
      return fetch(input, init);
    };
    const options = { url: api.url, apiKey: tenant.keys.owner, fetch: slow, timeoutMilliseconds: 1_000 };
    await new LinuxBuilderClient(options).builds.artifactAddress(build, 'image.iso');
    const [first = 0, second = 0] = asked;
    expect(Math.floor((second - first) / 1_000)).toBe(1);
  });

  it('gives a Blob', async () => {
    proxy.accidents = [{ at: at(0.6) }];
    const blob = await client.readArtifact(build, 'image.iso');
    expect(
      createHash('sha256')
        .update(Buffer.from(await blob.arrayBuffer()))
        .digest('hex'),
    ).toBe(sha256);
    expect([blob.size, blob.type]).toEqual([size, 'application/octet-stream']);
  });
});
