import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createS3Blobs } from '../../../adapters/s3/s3-blobs.ts';
import { openSqliteTable } from '../../../adapters/sqlite/sqlite-table.ts';
import { createSystemClock } from '../../../adapters/system/clock.ts';
import { largestObject, type PartDigests } from '../../../core/builds/parts.ts';
import { type Claim, promoteClaims } from '../../../core/builds/promotion.ts';
import { sha256 } from '../../../core/digest.ts';
import type { BlobPlace, Blobs } from '../../../core/ports/blobs.ts';
import { type S3Server, startS3Server } from '../../../local/s3/server.ts';

const directory = mkdtempSync(join(tmpdir(), 'lb-promotion-'));
const clock = createSystemClock();
const table = openSqliteTable({ file: ':memory:', clock });
const keys = { accessKeyId: 'AKTEST', secretAccessKey: 'secret-for-tests' };
const partSize = 1_000;
/** What the store copies by one request, and then knows the digest of. */
const single = 10_000;
let server: S3Server;
let client: S3Client;
let blobs: Blobs;
let number = 0;

beforeAll(async () => {
  const limits = { smallestPart: partSize, largestSingle: single };
  server = await startS3Server({ directory, ...keys, clock, limits });
  client = new S3Client({
    ...{ endpoint: server.endpoint, region: 'us-east-1', forcePathStyle: true, credentials: keys },
  });
  const buckets = { work: 'lb-work', artifacts: 'lb-artifacts' };
  blobs = createS3Blobs({ client, buckets, clock, largestSingle: single, copyPartSize: partSize });
});
afterAll(async () => {
  client.destroy();
  await server.close();
  table.close();
  rmSync(directory, { recursive: true });
});

/** Puts bytes in parts into staging and answers what an honest receipt says of them. */
async function staged(bytes: Buffer): Promise<{ from: BlobPlace; parts: PartDigests }> {
  number += 1;
  const from: BlobPlace = { bucket: 'work', path: `staging/${number}` };
  const uploadId = await blobs.startParts(from, { contentType: 'application/octet-stream' });
  const sent = [];
  for (let at = 0; at * partSize < bytes.length; at += 1) {
    const part = bytes.subarray(at * partSize, (at + 1) * partSize);
    const signed = { uploadId, number: at + 1, size: part.length, sha256: sha256(part), expiresSeconds: 60 };
    const { url, headers } = await blobs.signPart(from, signed);
    const answer = await fetch(url, { method: 'PUT', headers, body: new Uint8Array(part) });
    sent.push({ sha256: sha256(part), etag: answer.headers.get('etag') ?? '' });
  }
  await blobs.completeParts(from, uploadId, sent);
  return { from, parts: { size: partSize, sha256: sent.map((part) => part.sha256) } };
}

async function claimOf(bytes: Buffer, change: Partial<Claim> = {}): Promise<Claim> {
  const { from, parts } = await staged(bytes);
  const digest = change.digest ?? sha256(bytes);
  const place: BlobPlace = { bucket: 'work', path: `blobs/ten_1/${digest}` };
  return { from, place, size: bytes.length, digest, parts, trust: 'service', scope: 'ten_1', ...change };
}

const promote = (...claims: Claim[]) => promoteClaims({ table, blobs }, claims);
const stored = async ({ place }: Claim) => Buffer.from((await blobs.get(place)) ?? []);

describe('an output that went up in parts', () => {
  it.each([
    ['that one request copies', single - 1],
    ['that is copied in parts', single + 1],
  ])('is promoted, and again: one %s', async (_, size) => {
    const bytes = randomBytes(size);
    const claim = await claimOf(bytes);
    expect(await promote(claim)).toBe(true);
    expect(await promote(claim)).toBe(true);
    expect((await stored(claim)).equals(bytes)).toBe(true);
  });

  it('has the store’s own digest where one request copies it', async () => {
    const claim = await claimOf(randomBytes(single - 2));
    expect(await promote(claim)).toBe(true);
    expect((await blobs.head(claim.place))?.sha256).toBe(claim.digest);
  });

  it.each<[string, (claim: Claim, parts: PartDigests) => Partial<Claim>]>([
    ['no parts', () => ({ parts: undefined })],
    ['another part', (_, { size, sha256: [, ...rest] }) => ({ parts: { size, sha256: [sha256('x'), ...rest] } })],
    ['a part too few', (_, { size, sha256: all }) => ({ parts: { size, sha256: all.slice(1) } })],
    ['parts of a size that makes more of them', (_, parts) => ({ parts: { ...parts, size: 500 } })],
    ['another size', ({ size }) => ({ size: size + 1 })],
    ['more than an object may have', () => ({ size: largestObject + 1 })],
  ])('is refused where its receipt names %s', async (_, change) => {
    const claim = await claimOf(randomBytes(2_500));
    const { parts } = claim;
    if (parts === undefined) throw new Error('it has parts');
    expect(await promote({ ...claim, ...change(claim, parts) })).toBe(false);
    expect(await blobs.head(claim.place)).toBeUndefined();
  });

  it('is refused where the digest of the whole is a lie, as soon as the store can tell', async () => {
    const claim = await claimOf(randomBytes(single - 3), { digest: sha256('a lie'), trust: 'tenant' });
    expect(await promote(claim)).toBe(false);
    expect(await blobs.head(claim.place)).toBeUndefined();
  });

  it('takes nothing with it: beside one that is refused none is promoted', async () => {
    const [good, bad] = [await claimOf(randomBytes(1_500)), await claimOf(randomBytes(1_600), { parts: undefined })];
    expect(await promote(good, bad)).toBe(false);
    expect(await blobs.head(good.place)).toBeUndefined();
  });

  it('replaces nothing on a tenant’s word, and what is damaged on the engine’s own', async () => {
    const bytes = randomBytes(single + 7);
    const honest = await claimOf(bytes);
    expect(await promote(honest)).toBe(true);
    const forged = await claimOf(randomBytes(single + 7), { digest: honest.digest, trust: 'tenant' });
    expect(await promote(forged)).toBe(false);
    expect((await stored(honest)).equals(bytes)).toBe(true);
    // Somebody else's bytes lie there first: those of a stage that runs no tenant's code take their place.
    const later = randomBytes(single + 9);
    const first = await claimOf(randomBytes(single + 9), { digest: sha256(later), trust: 'tenant' });
    expect(await promote(first)).toBe(true);
    expect(await promote(await claimOf(later))).toBe(true);
    expect((await stored(first)).equals(later)).toBe(true);
  });
});
