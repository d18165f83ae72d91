import { type ChildProcess, fork } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { createS3Blobs } from '../../../adapters/s3/s3-blobs.ts';
import { sha256 } from '../../../core/digest.ts';
import type { Blobs } from '../../../core/ports/blobs.ts';
import { startS3Server } from '../../../local/s3/server.ts';
import { connect, systemClock } from './server-fixture.ts';
import { keys } from './signed-request.ts';

const started = z.object({ endpoint: z.string() });
const weighed = z.object({ residentBytes: z.number() });
const buckets = { work: 'lb-work', artifacts: 'lb-artifacts' };
let directory: string;
let children: ChildProcess[] = [];
let clients: S3Client[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lb-s3-'));
});

afterEach(async () => {
  for (const client of clients) client.destroy();
  for (const child of children) await kill(child);
  [children, clients] = [[], []];
  await rm(directory, { recursive: true });
});

async function serve(): Promise<{ child: ChildProcess; blobs: Blobs }> {
  const child = fork(join(import.meta.dirname, 'serve.ts'), [directory], { execArgv: [] });
  children.push(child);
  const [message] = await once(child, 'message');
  const client = connect(started.parse(message).endpoint);
  clients.push(client);
  return { child, blobs: createS3Blobs({ client, buckets, clock: systemClock }) };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

const work = (path: string) => ({ bucket: 'work', path }) as const;
const text = { contentType: 'text/plain' };

function bodyFiles(): string[] {
  return readdirSync(join(directory, 'bodies'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

describe('a server that is killed', () => {
  it('has all that it acknowledged, and nothing of an upload that was under way', async () => {
    const first = await serve();
    await first.blobs.put(work('kept'), Buffer.from('kept'), text);
    await first.blobs.copy(work('kept'), work('copy'));
    await first.blobs.put(work('replaced'), Buffer.from('old'), text);
    await first.blobs.put(work('replaced'), Buffer.from('new'), text);
    await first.blobs.put(work('deleted'), Buffer.from('gone'), text);
    await first.blobs.delete(work('deleted'));
    const signed = await first.blobs.signPut(work('half'), {
      ...text,
      size: 8_000_000,
      sha256: sha256(Buffer.alloc(8_000_000)),
      ifAbsent: true,
      expiresSeconds: 60,
    });
    const upload = request(signed.url, { method: 'PUT', headers: signed.headers });
    upload.on('error', () => undefined);
    upload.write(Buffer.alloc(4_000_000));
    await expect.poll(() => bodyFiles().filter((file) => statSync(file).size > 1_000_000)).toHaveLength(1);
    await kill(first.child);

    const second = await serve();
    expect(bodyFiles()).toHaveLength(2);
    expect(Buffer.from((await second.blobs.get(work('kept'))) ?? []).toString()).toBe('kept');
    expect(await second.blobs.head(work('copy'))).toMatchObject({ size: 4, sha256: sha256('kept') });
    expect(Buffer.from((await second.blobs.get(work('replaced'))) ?? []).toString()).toBe('new');
    expect((await second.blobs.list('work', '')).paths).toEqual(['copy', 'kept', 'replaced']);
    expect(await second.blobs.put(work('half'), Buffer.from('whole'), { ...text, ifAbsent: true })).toBe('written');
    expect(await second.blobs.put(work('kept'), Buffer.from('x'), { ...text, ifAbsent: true })).toBe('exists');
  });
});

describe('a directory', () => {
  const open = () => startS3Server({ directory, ...keys, clock: systemClock });
  const blobsOf = (endpoint: string) => {
    const client = connect(endpoint);
    clients.push(client);
    return createS3Blobs({ client, buckets, clock: systemClock });
  };

  it('serves one server at a time, and the next after it', async () => {
    const one = await open();
    await expect(open()).rejects.toThrow('another server may hold it');
    expect(statSync(join(directory, 'index.sqlite')).mode & 0o777).toBe(0o600);
    await one.close();
    await (await open()).close();
  });

  it('gives up objects whose bytes a power cut took, and says so', async () => {
    const one = await open();
    const blobs = blobsOf(one.endpoint);
    await blobs.put(work('short'), Buffer.from('will be cut'), text);
    await blobs.copy(work('short'), work('short-copy'));
    await blobs.put(work('whole'), Buffer.from('whole'), text);
    const file = one.fileOf({ bucket: buckets.work, path: 'short' });
    await one.close();
    chmodSync(file, 0o644);
    truncateSync(file, 3);
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const two = await open();
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('2 objects lost their bytes'));
    warn.mockRestore();
    const after = blobsOf(two.endpoint);
    expect((await after.list('work', '')).paths).toEqual(['whole']);
    expect(await after.put(work('short'), Buffer.from('again'), { ...text, ifAbsent: true })).toBe('written');
    await two.close();
  });

  it('compares what the disk was not seen to hold with its SHA-256', async () => {
    const one = await open();
    const blobs = blobsOf(one.endpoint);
    await blobs.put(work('zeroed'), Buffer.from('zeroed'), text);
    await blobs.put(work('whole'), Buffer.from('whole'), text);
    const file = one.fileOf({ bucket: buckets.work, path: 'zeroed' });
    await one.close();
    // As a power cut can leave it: the name and the size are there, the bytes are not, and nothing was marked settled.
    chmodSync(file, 0o644);
    writeFileSync(file, Buffer.alloc(6));
    const index = new DatabaseSync(join(directory, 'index.sqlite'));
    expect(index.prepare('SELECT count(*) AS count FROM bodies WHERE settled = 1').get()).toEqual({ count: 2 });
    index.exec('UPDATE bodies SET settled = 0');
    index.close();
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const two = await open();
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('1 objects lost their bytes'));
    warn.mockRestore();
    expect((await blobsOf(two.endpoint).list('work', '')).paths).toEqual(['whole']);
    await two.close();
  });

  it('keeps no bytes that no object has', async () => {
    const one = await open();
    const blobs = blobsOf(one.endpoint);
    await blobs.put(work('a'), Buffer.from('a'), text);
    await blobs.copy(work('a'), work('b'));
    await blobs.put(work('a'), Buffer.from('other'), text);
    await expect.poll(() => bodyFiles().length).toBe(2);
    await blobs.delete(work('b'));
    await expect.poll(() => bodyFiles().length).toBe(1);
    await blobs.delete(work('a'));
    await expect.poll(() => bodyFiles().length).toBe(0);
    await one.close();
  });
});

describe('memory', () => {
  it('does not grow with the object, sent or received', async () => {
    const { child, blobs } = await serve();
    const weigh = async () => {
      child.send('weigh');
      const [message] = await once(child, 'message');
      return weighed.parse(message).residentBytes;
    };
    const piece = randomBytes(1 << 20);
    const pieces = 200;
    const hash = createHash('sha256');
    for (let at = 0; at < pieces; at += 1) hash.update(piece);
    const digest = hash.digest('hex');
    await blobs.put(work('first'), Buffer.from('so that everything is loaded'), text);
    const before = await weigh();
    const signed = await blobs.signPut(work('large'), {
      ...text,
      size: pieces * piece.length,
      sha256: digest,
      ifAbsent: true,
      expiresSeconds: 60,
    });
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const upload = request(signed.url, { method: 'PUT', headers: signed.headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      upload.on('error', reject);
      void (async () => {
        for (let at = 0; at < pieces; at += 1) if (!upload.write(piece)) await once(upload, 'drain');
        upload.end();
      })().catch(reject);
    });
    expect(status).toBe(200);
    const answer = await fetch((await blobs.signGet(work('large'), { expiresSeconds: 60 })).url);
    let size = 0;
    for await (const chunk of answer.body ?? []) size += chunk.length;
    expect(size).toBe(pieces * piece.length);
    const after = await weigh();
    expect((after - before) / 2 ** 20).toBeLessThan(40);
    expect(after / 2 ** 20).toBeLessThan(150);
  }, 120_000);
});
