import { generateKeyPairSync, verify } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createKeySigner } from '../../../adapters/signing/key-signer.ts';
import { openSqliteTable, type SqliteTable } from '../../../adapters/sqlite/sqlite-table.ts';
import { createSystemClock } from '../../../adapters/system/clock.ts';
import { createIds } from '../../../adapters/system/ids.ts';
import { readAnchors } from '../../../core/audit/anchor.ts';
import { checkAudit, type WholeLog } from '../../../core/audit/check.ts';
import { auditWrite } from '../../../core/audit/entry.ts';
import { listPending, listSealed, readHead } from '../../../core/audit/log-repository.ts';
import { pendingState } from '../../../core/audit/places.ts';
import { type SealPorts, sealAudit } from '../../../core/audit/sealer.ts';
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

async function key() {
  const { keyId } = await signer.key();
  return {
    keyId,
    verify: (bytes: Uint8Array, signature: Uint8Array) =>
      verify('sha256', bytes, { key: publicKey, dsaEncoding: 'der' }, signature),
  };
}

async function logOf(tenantId: string, blobs = ports.blobs): Promise<WholeLog> {
  const { anchors } = await readAnchors(blobs, tenantId, { limit: 100 });
  return { tenantId, anchors, head: await readHead(table, tenantId), links: await linksOf(tenantId) };
}

const reportOf = async (tenantId: string) => checkAudit(await logOf(tenantId), await key(), new Date(now));
const forget = async (partition: string, sortPrefix = '') => {
  const { records } = await table.query({ partition, sortPrefix, limit: 100 });
  await table.transact(records.map((record) => ({ kind: 'delete', key: record.key })));
};

it('chains what waits, in order, by tenant, and signs the heads', async () => {
  for (let number = 0; number < 100; number += 1) await write(number % 3 === 0 ? 'ten_b' : 'ten_a', String(number));
  expect(await sealAudit(ports)).toBe(100);
  const links = await linksOf('ten_a');
  expect(links.map(({ entry }) => Number(entry.target))).toEqual(
    Array.from({ length: 100 }, (_, n) => n).filter((n) => n % 3 !== 0),
  );
  expect(await listPending(table, 'ten_a')).toEqual([]);
  expect(await reportOf('ten_a')).toEqual({ anchors: 1, anchoredSequence: 66 });
  expect(await reportOf('ten_b')).toEqual({ anchors: 1, anchoredSequence: 34 });
  expect(await sealAudit(ports)).toBe(0);
});

it('keeps no log waiting behind one that has more than a run seals', async () => {
  const target = 'site';
  const behind = Array.from({ length: 100 }, (_, number) => `ten_b${number}`).find(
    (tenantId) => pendingState(tenantId, '').partition === pendingState('ten_a', '').partition,
  );
  if (behind === undefined) throw new Error('no tenant is in that shard');
  for (let written = 0; written < 10_000; written += 100) {
    now += 1;
    const fact = { action: 'secret.removed', target } as const;
    await table.transact(Array.from({ length: 100 }, () => auditWrite({ clock, ids }, { tenantId: 'ten_a' }, fact)));
  }
  await write(behind, target);
  expect(await sealAudit(ports)).toBe(1_001);
  expect(await linksOf(behind)).toHaveLength(1);
});

it('goes on from where it was, with an anchor an hour', async () => {
  await write('ten_a', 'one');
  await sealAudit(ports);
  await write('ten_a', 'two');
  await sealAudit(ports);
  now += 60 * 60_000;
  await write('ten_a', 'three');
  await sealAudit(ports);
  expect(await reportOf('ten_a')).toEqual({ anchors: 2, anchoredSequence: 3 });
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
    const ended = await sealAudit({ ...ports, table: cut }).catch(() => 'cut short');
    expect((await reportOf('ten_a')).flaw).toBeUndefined();
    if (ended !== 'cut short') break;
  }
  expect(await linksOf('ten_a')).toHaveLength(50);
});

describe('who can write the table, and not sign, is found out', () => {
  beforeEach(async () => {
    for (const target of ['one', 'two', 'three']) await write('ten_a', target);
    await sealAudit(ports);
  });

  it('with a chain made anew, whole in itself, whatever times its entries tell', async () => {
    now += 3_600_000;
    await forget('AUDIT#ten_a');
    for (const target of ['one', 'another', 'three']) await write('ten_a', target);
    await sealAudit(ports);
    expect((await reportOf('ten_a')).flaw).toMatchObject({
      sequence: 3,
      reason: expect.stringContaining('was signed'),
    });
    const log = await logOf('ten_a');
    const unsigned = log.anchors.map((anchor) => ({ ...anchor, hash: log.head.hash }));
    const forged = checkAudit({ ...log, anchors: unsigned }, await key(), new Date(now));
    expect(forged.flaw?.reason).toContain('signature');
    const other = checkAudit(log, { ...(await key()), keyId: 'another' }, new Date(now));
    expect(other.flaw?.reason).toContain('another key');
    expect(checkAudit(log, await key(), new Date(now - 7_200_000)).flaw?.reason).toContain('to come');
  });

  it('within the hour: the sealer signs nothing that contradicts what it has signed', async () => {
    await forget('AUDIT#ten_a');
    await write('ten_a', 'one');
    await expect(sealAudit(ports)).rejects.toMatchObject({
      errors: [expect.objectContaining({ message: expect.stringContaining('number 3 was signed') })],
    });
    expect((await reportOf('ten_a')).flaw).toMatchObject({ sequence: 3, reason: expect.stringContaining('missing') });
  });

  it('where the end was cut off, by the head and by the anchor', async () => {
    await forget('AUDIT#ten_a', 'SEALED#000000000003');
    expect((await reportOf('ten_a')).flaw).toMatchObject({ sequence: 3, reason: expect.stringContaining('missing') });
    const hash = (await linksOf('ten_a')).at(-1)?.hash ?? '';
    const key = { partition: 'AUDIT#ten_a', sort: 'HEAD' };
    await table.transact([{ kind: 'put', key, data: { sequence: 2, hash } }]);
    expect((await reportOf('ten_a')).flaw).toMatchObject({
      sequence: 3,
      reason: expect.stringContaining('was signed'),
    });
  });

  it('where the head was set back: the chain goes on nowhere, and other tenants’ logs do', async () => {
    const hash = (await linksOf('ten_a')).at(0)?.hash ?? '';
    const head = { partition: 'AUDIT#ten_a', sort: 'HEAD' };
    await table.transact([{ kind: 'put', key: head, data: { sequence: 1, hash } }]);
    await write('ten_a', 'four');
    await write('ten_b', 'one');
    await expect(sealAudit(ports)).rejects.toThrow('could not be sealed');
    expect(await linksOf('ten_b')).toHaveLength(1);
    expect(await listPending(table, 'ten_a')).toHaveLength(1);
    await table.transact([{ kind: 'put', key: head, data: { sequence: 'one' } }]);
    expect((await reportOf('ten_a')).flaw?.reason).toContain('noted as the last');
  });

  it('with another tenant’s log in place of it, anchors and all', async () => {
    const theirs = await logOf('ten_a');
    const report = checkAudit({ ...theirs, tenantId: 'ten_b' }, await key(), new Date(now));
    expect(report.flaw?.reason).toContain('tenant');
  });

  it('where the anchors are gone, once that is not for want of time', async () => {
    const log = { ...(await logOf('ten_a')), anchors: [] };
    expect(checkAudit(log, await key(), new Date(now)).flaw).toBeUndefined();
    const later = checkAudit(log, await key(), new Date(now + 3 * 3_600_000));
    expect(later.flaw).toMatchObject({ sequence: 1, reason: expect.stringContaining('hours after') });
  });
});

it('an anchor that could not be written is written by the next run', async () => {
  await write('ten_a', 'one');
  const failing = { ...ports, signer: { ...signer, sign: () => Promise.reject(new Error('no key')) } };
  await expect(sealAudit(failing)).rejects.toThrow('could not be sealed');
  expect(await reportOf('ten_a')).toEqual({ anchors: 0, anchoredSequence: 0 });
  expect(await sealAudit(ports)).toBe(0);
  expect(await reportOf('ten_a')).toEqual({ anchors: 1, anchoredSequence: 1 });
});

it('what nobody can read is sealed as it stands, and found', async () => {
  await write('ten_a', 'one');
  const [pending] = (await table.query({ partition: 'AUDITPENDING#ten_a', limit: 1 })).records;
  if (pending === undefined) throw new Error('nothing waits');
  await table.transact([{ kind: 'put', key: pending.key, data: { entryId: 7 }, indexes: pending.indexes }]);
  expect(await sealAudit(ports)).toBe(1);
  expect((await reportOf('ten_a')).flaw).toMatchObject({ sequence: 1 });
});

it('an entry is there with its change, or neither is', async () => {
  const key = { partition: 'X', sort: 'X' };
  const audit = auditWrite({ clock, ids }, { tenantId: 'ten_a' }, { action: 'secret.removed', target: 'x' });
  await expect(table.transact([{ kind: 'check', key, condition: { kind: 'exists' } }, audit])).rejects.toThrow(
    ConditionFailed,
  );
  expect(await listPending(table, 'ten_a')).toEqual([]);
});
