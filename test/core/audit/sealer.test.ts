import { generateKeyPairSync, verify } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createKeySigner } from '../../../adapters/signing/key-signer.ts';
import { openSqliteTable, type SqliteTable } from '../../../adapters/sqlite/sqlite-table.ts';
import { createSystemClock } from '../../../adapters/system/clock.ts';
import { createIds } from '../../../adapters/system/ids.ts';
import { readAnchors } from '../../../core/audit/anchor.ts';
import { checkAudit } from '../../../core/audit/check.ts';
import { auditWrite } from '../../../core/audit/entry.ts';
import { listPending, listSealed } from '../../../core/audit/log-repository.ts';
import { readHead, type SealPorts, sealAudit } from '../../../core/audit/sealer.ts';
import type { Blobs } from '../../../core/ports/blobs.ts';
import type { Clock } from '../../../core/ports/clock.ts';
import { ConditionFailed, type Table } from '../../../core/ports/table.ts';
import { openObjects } from '../../../local/object-store.ts';

let folder: string;
let table: SqliteTable;
let ports: SealPorts;
let now: number;
const clock: Clock = { now: () => new Date(now), sleep: () => Promise.reject(new Error('nothing here sleeps')) };
const ids = createIds(clock);
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const signer = createKeySigner(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
let stores: Awaited<ReturnType<typeof openObjects>>[];

async function openBlobs(name: string): Promise<Blobs> {
  const secrets = {
    s3AccessKeyId: 'LBUILDTEST0000000000',
    s3SecretAccessKey: ids.secret(32),
    cursorSecret: ids.secret(32),
  };
  const objects = await openObjects({ directory: path.join(folder, name), secrets, clock: createSystemClock() });
  stores.push(objects);
  return objects.blobs;
}

beforeEach(async () => {
  now = Date.UTC(2026, 10, 26, 23, 30);
  folder = mkdtempSync(path.join(tmpdir(), 'lbuild-audit-'));
  table = openSqliteTable({ file: path.join(folder, 'table.db'), clock });
  stores = [];
  ports = { table, clock, blobs: await openBlobs('objects'), signer };
});
afterEach(async () => {
  for (const objects of stores) await objects.close();
  table.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Entries of one millisecond have no order among them. */
async function write(tenantId: string, target: string): Promise<void> {
  now += 1;
  await table.transact([auditWrite({ clock, ids }, { tenantId }, { action: 'secret.removed', target })]);
}
const linksOf = async (tenantId: string) => (await listSealed(table, tenantId, { limit: 1_000 })).links;

async function reportOf(tenantId: string) {
  const { keyId } = await ports.signer.key();
  const anchors = await readAnchors(ports.blobs, tenantId, '2026-11');
  return checkAudit(await linksOf(tenantId), await readHead(table, tenantId), anchors, {
    keyId,
    verify: (bytes, signature) => verify('sha256', bytes, { key: publicKey, dsaEncoding: 'der' }, signature),
  });
}

it('chains what waits, in order, by tenant, and signs the heads', async () => {
  for (let number = 0; number < 100; number += 1) await write(number % 3 === 0 ? 'ten_b' : 'ten_a', String(number));
  expect(await sealAudit(ports)).toBe(100);
  const links = await linksOf('ten_a');
  expect(links.map(({ entry }) => Number(entry.target))).toEqual(
    Array.from({ length: 100 }, (_, n) => n).filter((n) => n % 3 !== 0),
  );
  expect(await listPending(table, 'ten_a')).toEqual([]);
  expect(await reportOf('ten_a')).toMatchObject({ head: { sequence: 66 }, anchors: 1, anchoredSequence: 66 });
  expect(await reportOf('ten_b')).toMatchObject({ head: { sequence: 34 } });
  expect(await sealAudit(ports)).toBe(0);
});

it('goes on from where it was, with an anchor an hour', async () => {
  await write('ten_a', 'one');
  await sealAudit(ports);
  await write('ten_a', 'two');
  await sealAudit(ports);
  now += 60 * 60_000;
  await write('ten_a', 'three');
  await sealAudit(ports);
  expect(await reportOf('ten_a')).toMatchObject({ head: { sequence: 3 }, anchors: 2, anchoredSequence: 3 });
});

it('seals each entry once, by five sealers at once', async () => {
  for (let number = 0; number < 90; number += 1) await write('ten_a', String(number));
  const sealed = await Promise.all(Array.from({ length: 5 }, () => sealAudit(ports)));
  expect(sealed.reduce((sum, count) => sum + count, 0)).toBe(90);
  expect(new Set((await linksOf('ten_a')).map(({ entry }) => entry.entryId)).size).toBe(90);
  expect((await reportOf('ten_a')).flaw).toBeUndefined();
});

it('loses and doubles nothing where it is cut short before any of its writes', async () => {
  for (let number = 0; number < 50; number += 1) await write('ten_a', String(number));
  for (let allowed = 0; ; allowed += 1) {
    let left = allowed;
    const cut: Table = {
      get: (key) => table.get(key),
      query: (query) => table.query(query),
      transact: async (writes) => {
        if (left === 0) throw new Error('cut short');
        left -= 1;
        await table.transact(writes);
      },
    };
    const ended = await sealAudit({ ...ports, table: cut }).catch((error: Error) => error.message);
    expect((await reportOf('ten_a')).flaw).toBeUndefined();
    if (ended !== 'cut short') break;
  }
  expect(await linksOf('ten_a')).toHaveLength(50);
});

it('finds a log that somebody made anew: who writes the table cannot sign', async () => {
  for (const target of ['one', 'two', 'three']) await write('ten_a', target);
  await sealAudit(ports);
  const anchors = await readAnchors(ports.blobs, 'ten_a', '2026-11');
  // All that the table holds of it is replaced by a chain that is whole in itself.
  const { records } = await table.query({ partition: 'AUDIT#ten_a', limit: 100 });
  await table.transact(records.map(({ key }) => ({ kind: 'delete', key })));
  for (const target of ['one', 'another', 'three']) await write('ten_a', target);
  const forged: SealPorts = { ...ports, blobs: await openBlobs('forged') };
  await sealAudit(forged);
  const { keyId } = await ports.signer.key();
  const key = {
    keyId,
    verify: (bytes: Uint8Array, signature: Uint8Array) =>
      verify('sha256', bytes, { key: publicKey, dsaEncoding: 'der' }, signature),
  };
  const found = checkAudit(await linksOf('ten_a'), await readHead(table, 'ten_a'), anchors, key);
  expect(found.flaw).toMatchObject({ sequence: 3, reason: expect.stringContaining('anchored') });
  const unsigned = anchors.map((anchor) => ({ ...anchor, hash: 'f'.repeat(64) }));
  expect(checkAudit(await linksOf('ten_a'), await readHead(table, 'ten_a'), unsigned, key).flaw?.reason).toContain(
    'signature',
  );
});

it('finds that the end was cut off, by the head and by the anchor', async () => {
  for (const target of ['one', 'two', 'three']) await write('ten_a', target);
  await sealAudit(ports);
  const { records } = await table.query({
    partition: 'AUDIT#ten_a',
    sortPrefix: 'SEALED#',
    descending: true,
    limit: 1,
  });
  await table.transact(records.map(({ key }) => ({ kind: 'delete', key })));
  expect((await reportOf('ten_a')).flaw).toMatchObject({ sequence: 3, reason: expect.stringContaining('missing') });
  const shorter = (await linksOf('ten_a')).at(-1);
  await table.transact([
    { kind: 'put', key: { partition: 'AUDIT#ten_a', sort: 'HEAD' }, data: { sequence: 2, hash: shorter?.hash ?? '' } },
  ]);
  expect((await reportOf('ten_a')).flaw).toMatchObject({ sequence: 3, reason: expect.stringContaining('anchored on') });
});

it('an entry is there with its change, or neither is', async () => {
  const key = { partition: 'X', sort: 'X' };
  const audit = auditWrite({ clock, ids }, { tenantId: 'ten_a' }, { action: 'secret.removed', target: 'x' });
  await expect(table.transact([{ kind: 'check', key, condition: { kind: 'exists' } }, audit])).rejects.toThrow(
    ConditionFailed,
  );
  expect(await listPending(table, 'ten_a')).toEqual([]);
});
