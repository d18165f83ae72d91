import { generateKeyPairSync, verify } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createKeySigner } from '../../../adapters/signing/key-signer.ts';
import { openSqliteTable, type SqliteTable } from '../../../adapters/sqlite/sqlite-table.ts';
import { createSystemClock } from '../../../adapters/system/clock.ts';
import { createIds } from '../../../adapters/system/ids.ts';
import { anchorBytes } from '../../../core/audit/anchor.ts';
import { auditWrite } from '../../../core/audit/entry.ts';
import { type AuditExport, checkExports, exportFile, readExport } from '../../../core/audit/export-file.ts';
import { exportAudit } from '../../../core/audit/exporter.ts';
import { sealedPlace } from '../../../core/audit/places.ts';
import { sealAudit } from '../../../core/audit/sealer.ts';
import type { AuditArchive } from '../../../core/ports/audit-archive.ts';
import type { Clock } from '../../../core/ports/clock.ts';
import { newTenant } from '../../../core/tenancy/tenant.ts';
import { handle } from '../../../functions/events/export-audit/export-audit.ts';
import { openObjects } from '../../../local/object-store.ts';

let folder: string;
let table: SqliteTable;
let objects: Awaited<ReturnType<typeof openObjects>>;
let now: number;
const clock: Clock = { now: () => new Date(now), sleep: () => Promise.reject(new Error('nothing here sleeps')) };
const ids = createIds(clock);
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const signer = createKeySigner(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
let keyId: string;

/** What was put into the archive, which is the bucket of this machine's S3. */
let written: Map<string, string>;
let archive: AuditArchive;

beforeEach(async () => {
  now = Date.UTC(2026, 10, 26, 22, 30);
  folder = mkdtempSync(path.join(tmpdir(), 'lbuild-export-'));
  table = openSqliteTable({ file: path.join(folder, 'table.db'), clock });
  const secrets = {
    s3AccessKeyId: 'LBUILDTEST0000000000',
    s3SecretAccessKey: 'x'.repeat(43),
    cursorSecret: 'y'.repeat(43),
  };
  objects = await openObjects({ directory: path.join(folder, 'objects'), secrets, clock: createSystemClock() });
  written = new Map();
  archive = {
    names: (prefix, cursor) => objects.auditArchive.names(prefix, cursor),
    put: async (name, body) => {
      written.set(name, new TextDecoder().decode(body));
      await objects.auditArchive.put(name, body);
    },
  };
  keyId = (await signer.key()).keyId;
});
afterEach(async () => {
  await objects.close();
  table.close();
  rmSync(folder, { recursive: true, force: true });
});

async function makeTenant(name: string): Promise<string> {
  const { record, write } = newTenant(clock, ids, { name });
  await table.transact([write]);
  return record.tenantId;
}
async function change(tenantId: string, ...targets: readonly string[]): Promise<void> {
  for (const target of targets) {
    now += 1;
    await table.transact([auditWrite({ clock, ids }, { tenantId }, { action: 'secret.removed', target })]);
  }
}
const seal = () => sealAudit({ table, blobs: objects.blobs, signer, clock });
const run = () => exportAudit({ table, blobs: objects.blobs, archive });
const key = () => ({
  keyId,
  verify: (bytes: Uint8Array, signature: Uint8Array) =>
    verify('sha256', bytes, { key: publicKey, dsaEncoding: 'der' }, signature),
});
const filesOf = (tenantId: string): AuditExport[] =>
  [...written]
    .filter(([name]) => name.startsWith(`${tenantId}/`))
    .map(([, text]) => readExport(text))
    .map((file) => {
      if (file === undefined) throw new Error('what was exported cannot be read');
      return file;
    });
const check = (files: readonly AuditExport[]) => checkExports(files, key(), new Date(now));

describe('the export of audit logs', () => {
  it('copies what was sealed since the last one, each tenant into files of its own', async () => {
    const [one, two] = [await makeTenant('one'), await makeTenant('two')];
    await change(one, 'a', 'b');
    await change(two, 'c');
    expect(await run()).toBe(0);
    await seal();
    expect(await handle({ table, blobs: objects.blobs, auditArchive: archive }, {})).toEqual({ exported: 3 });
    expect(await run()).toBe(0);
    now += 24 * 3_600_000;
    await change(one, 'd');
    await seal();
    expect(await run()).toBe(1);
    const names = [...written.keys()];
    expect(names).toHaveLength(3);
    for (const name of names) expect(name).toMatch(/^ten_\w{26}\/\d{12}\.2026-11-2[67]T22\.[0-9a-f]{64}\.ndjson$/);
    const targets = filesOf(one).map(({ links }) => links.map(({ entry }) => entry.target));
    expect(targets).toEqual([['a', 'b'], ['d']]);
    expect(check(filesOf(one))).toMatchObject({ tenantId: one, first: 1, last: 3 });
    expect(check(filesOf(one))).not.toHaveProperty('flaw');
    expect(check(filesOf(two))).not.toHaveProperty('flaw');
  });

  it('goes on within the hour that was exported last', async () => {
    const one = await makeTenant('one');
    await change(one, 'a');
    await seal();
    await run();
    await change(one, 'b');
    await seal();
    expect(await run()).toBe(1);
    expect(check(filesOf(one))).toMatchObject({ first: 1, last: 2 });
  });

  it('copies nothing that no head was signed for', async () => {
    const one = await makeTenant('one');
    await change(one, 'a');
    await seal();
    await change(one, 'b');
    expect(await run()).toBe(1);
  });

  it('can be read from the store as it was written', async () => {
    const one = await makeTenant('one');
    await change(one, 'a', 'b');
    await seal();
    await run();
    const [file] = filesOf(one);
    const [text] = written.values();
    expect(new TextDecoder().decode(exportFile(file as AuditExport))).toBe(text);
  });

  it('does not copy a log that was changed, says whose it is, and copies the others', async () => {
    const [one, two] = [await makeTenant('one'), await makeTenant('two')];
    await change(one, 'a', 'b');
    await change(two, 'c');
    await seal();
    const place = sealedPlace(one, 2);
    const stored = await table.get(place);
    await table.transact([{ kind: 'put', key: place, data: { ...stored?.data, hash: 'f'.repeat(64) } }]);
    const failure = await run().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(AggregateError);
    expect(String((failure as AggregateError).errors)).toMatch(new RegExp(`${one} is broken: number 2`));
    expect([...written.keys()].every((name) => name.startsWith(two))).toBe(true);
  });

  it('does not copy a chain that was made anew, whole in itself', async () => {
    const one = await makeTenant('one');
    await change(one, 'a');
    await seal();
    await run();
    // Who can write the table begins the log again, with the same number of entries and others behind.
    const { partition } = sealedPlace(one, 1);
    for (const { key: place } of (await table.query({ partition, limit: 10 })).records) {
      await table.transact([{ kind: 'delete', key: place }]);
    }
    now += 24 * 3_600_000;
    await change(one, 'x', 'y');
    await seal();
    await expect(run()).rejects.toBeInstanceOf(AggregateError);
    expect(written.size).toBe(1);
  });

  it('is refused where no archive is known', async () => {
    await expect(handle({ table, blobs: objects.blobs }, {})).rejects.toMatchObject({ code: 'configuration.invalid' });
  });

  it('makes files that fit together however often and at whatever times it runs, two at once too', async () => {
    const acts = fc.array(fc.constantFrom('change', 'change', 'seal', 'export', 'exports', 'hour'), { maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(acts, async (list) => {
        const tenantId = await makeTenant('one');
        let entries = 0;
        for (const act of [...list, 'seal', 'export'] as const) {
          if (act === 'change') entries += 1;
          if (act === 'change') await change(tenantId, `t${entries}`);
          if (act === 'hour') now += 3_600_000;
          if (act === 'seal') await seal();
          if (act === 'export') await run();
          if (act === 'exports') await Promise.all([run(), seal().then(run)]);
        }
        const files = filesOf(tenantId);
        if (entries === 0) expect(files).toEqual([]);
        else {
          expect(check(files)).toMatchObject({ first: 1, last: entries });
          expect(check(files)).not.toHaveProperty('flaw');
        }
      }),
      { numRuns: 25 },
    );
  }, 120_000);
});

describe('the check of exported files', () => {
  let files: AuditExport[];
  let tenantId: string;
  beforeEach(async () => {
    tenantId = await makeTenant('one');
    for (const targets of [['a', 'b'], ['c'], ['d', 'e']]) {
      await change(tenantId, ...targets);
      await seal();
      await run();
      now += 24 * 3_600_000;
    }
    files = filesOf(tenantId);
    expect(files).toHaveLength(3);
  });
  const flawOf = (changed: readonly AuditExport[]) => check(changed).flaw;
  const at = (index: number): AuditExport => files[index] as AuditExport;

  it('takes the files in any order, and some of them as that', () => {
    expect(flawOf([...files].reverse())).toBeUndefined();
    expect(check(files.slice(1))).toMatchObject({ first: 3, last: 5 });
    expect(flawOf(files.slice(1))).toBeUndefined();
  });

  it('finds any bit of any line that is another', () => {
    fc.assert(
      fc.property(fc.nat(2), fc.nat(), fc.nat(7), (index, place, bit) => {
        const bytes = Buffer.from(exportFile(at(index)));
        const position = place % bytes.length;
        bytes[position] = (bytes[position] ?? 0) ^ (1 << bit);
        const read = readExport(bytes.toString());
        if (read === undefined) return;
        const changed = files.map((file, position) => (position === index ? read : file));
        const same = JSON.stringify(read) === JSON.stringify(at(index));
        expect(flawOf(changed) === undefined).toBe(same);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each<[string, (all: AuditExport[]) => AuditExport[], number, RegExp]>([
    ['a file that is missing', ([a, , c]) => [a, c] as AuditExport[], 3, /no file has it/],
    [
      'an entry that was taken out at the end',
      ([a, b, c]) => [a, b, { ...(c as AuditExport), links: (c as AuditExport).links.slice(0, 1) }] as AuditExport[],
      4,
      /does not end with the head that was signed, number 5/,
    ],
    [
      'a beginning that is none',
      ([a]) => [{ ...(a as AuditExport), from: { sequence: 0, hash: 'f'.repeat(64) } }],
      1,
      /not the empty chain/,
    ],
  ])('finds %s', (_name, mangle, sequence, reason) => {
    expect(flawOf(mangle(files))).toMatchObject({ sequence, reason: expect.stringMatching(reason) });
  });

  it('finds a head that somebody else signed, under the name of the key too', async () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const strange = createKeySigner(other.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    const { anchor } = at(0);
    for (const name of [keyId, (await strange.key()).keyId]) {
      const unsigned = { ...anchor, keyId: name };
      const signature = Buffer.from(await strange.sign(anchorBytes(unsigned))).toString('base64');
      const changed = [{ ...at(0), anchor: { ...unsigned, signature } }];
      expect(flawOf(changed)?.reason).toMatch(name === keyId ? /signature of its head/ : /another key/);
    }
  });
});
