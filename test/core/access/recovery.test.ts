import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteTable, type SqliteTable } from '../../../adapters/sqlite/sqlite-table.ts';
import { createSystemClock } from '../../../adapters/system/clock.ts';
import { createIds } from '../../../adapters/system/ids.ts';
import { authenticate } from '../../../core/access/authenticate.ts';
import { foundTenant } from '../../../core/access/found-tenant.ts';
import { memberPlace } from '../../../core/access/places.ts';
import { createOwnerKey } from '../../../core/access/recovery.ts';
import { toJsonObject } from '../../../core/json.ts';

let folder: string;
let table: SqliteTable;
const clock = createSystemClock();
const ids = createIds(clock);
const ports = () => ({ table, clock, ids });

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'lbuild-recovery-'));
  table = openSqliteTable({ file: path.join(folder, 'table.db'), clock });
});
afterEach(() => {
  table.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('a key for a tenant that has lost all of its own', () => {
  it('is its owner’s', async () => {
    const {
      tenant,
      member: owner,
      writes,
    } = foundTenant(ports(), { name: 'lost', owner: { name: 'Ada' }, keyName: 'gone' });
    await table.transact(writes);
    const { text } = await createOwnerKey(ports(), tenant.tenantId);
    expect(
      await authenticate(ports(), { authorization: `Bearer ${text}`, sourceAddress: undefined, requestId: 'req_1' }),
    ).toMatchObject({
      tenantId: tenant.tenantId,
      memberId: owner.memberId,
    });
  });

  it('is none where nobody could come in: the tenant is none, or its owner is suspended', async () => {
    const {
      tenant,
      member: owner,
      writes,
    } = foundTenant(ports(), { name: 'shut', owner: { name: 'Ada' }, keyName: 'gone' });
    await table.transact(writes);
    const suspended = { ...owner, suspendedAt: '2026-01-01T00:00:00.000Z' };
    const key = memberPlace(tenant.tenantId, owner.memberId);
    await table.transact([{ kind: 'put', key, data: toJsonObject(suspended) }]);
    for (const id of [tenant.tenantId, 'ten_nobody']) {
      await expect(createOwnerKey(ports(), id)).rejects.toMatchObject({ code: 'member.not_found' });
    }
  });
});
