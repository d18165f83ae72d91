import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createS3Blobs } from '../../../adapters/s3/s3-blobs.ts';
import { createSystemClock } from '../../../adapters/system/clock.ts';
import { partBytes } from '../../../core/builds/parts.ts';
import type { Blobs } from '../../../core/ports/blobs.ts';
import { openStore } from '../../../local/s3/open-store.ts';
import type { StoreLimits } from '../../../local/s3/operation.ts';
import { type S3Server, startS3Server } from '../../../local/s3/server.ts';
import { describeParts } from './parts-contract.ts';

const clock = createSystemClock();
const buckets = { work: 'lb-work', artifacts: 'lb-artifacts' };
const keys = { accessKeyId: 'AKTEST', secretAccessKey: 'secret-for-tests' };

interface Opened {
  readonly blobs: Blobs;
  readonly server: S3Server;
  close(): Promise<void>;
}

async function open(directory: string, limits: Partial<StoreLimits> = {}, copyPartSize?: number): Promise<Opened> {
  const server = await startS3Server({ directory, ...keys, clock, limits });
  const client = new S3Client({
    ...{ endpoint: server.endpoint, region: 'us-east-1', forcePathStyle: true, credentials: keys },
  });
  const { largestSingle } = limits;
  return {
    server,
    blobs: createS3Blobs({
      ...{ client, buckets, clock },
      ...(largestSingle === undefined ? {} : { largestSingle }),
      ...(copyPartSize === undefined ? {} : { copyPartSize }),
    }),
    close: async () => {
      client.destroy();
      await server.close();
    },
  };
}

/** Files that hold bytes of objects or parts. */
function bodies(directory: string): number {
  const folder = join(directory, 'bodies');
  return readdirSync(folder).reduce((sum, name) => sum + readdirSync(join(folder, name)).length, 0);
}

describe('on a store of small bounds', () => {
  const directory = mkdtempSync(join(tmpdir(), 'lb-parts-'));
  const part = 20_000;
  const single = 100_000;
  let opened: Opened;
  beforeAll(async () => {
    opened = await open(directory, { smallestPart: part, largestSingle: single }, part);
  });
  afterAll(async () => {
    await opened.close();
    const again = await openStore(directory, clock);
    try {
      // Each test aborts or completes what it began: of parts and of racing copies nothing is left but objects.
      const objects = Object.values(buckets).flatMap((bucket) =>
        again.store.objects.list(bucket, { prefix: '', after: '', limit: 1_000 }).map(({ object }) => object.body.id),
      );
      expect(objects.length).toBeGreaterThan(0);
      expect(bodies(directory)).toBe(new Set(objects).size);
    } finally {
      await again.close();
      rmSync(directory, { recursive: true });
    }
  });

  describeParts('S3 adapter on the local server', () => ({ blobs: opened.blobs, part, single }));
});

describe('an object that S3 copies in parts only', () => {
  const directory = mkdtempSync(join(tmpdir(), 'lb-large-'));
  const size = 6 * 1024 ** 3;
  let opened: Opened;
  beforeAll(async () => {
    // 6 GiB without a byte on the disk, put into the store as a builder of this machine hands a file over.
    const file = join(directory, 'sparse');
    writeFileSync(file, '');
    truncateSync(file, size);
    const { store, close } = await openStore(join(directory, 'store'), clock);
    const id = await store.files.adopt(file);
    const body = { id, size, sha256: 'a'.repeat(64) };
    const object = { body, etag: 'e'.repeat(32), headers: {}, checksum: undefined, modifiedAt: clock.now() };
    store.objects.put({ bucket: buckets.work, key: 'from' }, object, { ifAbsent: true });
    await close();
    opened = await open(join(directory, 'store'));
  });
  afterAll(async () => {
    await opened.close();
    rmSync(directory, { recursive: true });
  });

  it('is copied with S3’s own bounds, and shares its bytes', async () => {
    const to = { bucket: 'artifacts', path: 'to' } as const;
    const before = performance.now();
    expect(await opened.blobs.copy({ bucket: 'work', path: 'from' }, to, { ifAbsent: true })).toBe('written');
    console.log(`6 GiB in ${size / partBytes} parts: ${((performance.now() - before) / 1_000).toFixed(1)} s`);
    expect(await opened.blobs.head(to)).toMatchObject({ size, partsSha256: expect.any(String) });
    const file = opened.server.fileOf({ bucket: buckets.artifacts, path: 'to' });
    expect(statSync(file).ino).toBe(statSync(join(directory, 'sparse')).ino);
    expect(await opened.blobs.copy({ bucket: 'work', path: 'from' }, to, { ifAbsent: true })).toBe('exists');
  }, 180_000);
});
