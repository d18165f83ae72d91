import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildViewSchema } from '../../../core/builds/build-view.ts';
import { uploadKey, uploadUseKey } from '../../../core/builds/keys.ts';
import { uploadPlace } from '../../../core/builds/places.ts';
import { sha256 } from '../../../core/digest.ts';
import { uploadLimits } from '../../../core/uploads/limits.ts';
import { readUploadRecord, type UploadRecord, uploadWrite } from '../../../core/uploads/upload-record.ts';
import { declaredUploadSchema, removedUploadSchema } from '../../../core/uploads/upload-view.ts';
import type { ApiUnderTest, TenantUnderTest } from './api-under-test.ts';
import { exampleSpec } from './example-spec.ts';
import { call, problemOf, withoutRequestId } from './http-call.ts';
import { forceState } from './stored-build.ts';

/** Tenants remove what they have uploaded. */
export function describeUploadRemoval(api: () => ApiUnderTest): void {
  describe('uploads that their tenant removes', () => {
    let one: TenantUnderTest;
    let other: TenantUnderTest;
    beforeAll(async () => {
      [one, other] = await Promise.all([api().tenant('remover'), api().tenant('another')]);
    });
    const post = (path: string, body: unknown) =>
      call(`${api().url}${path}`, { key: one.keys.builder, body: JSON.stringify(body) });
    const at = (digest: string, method: 'GET' | 'DELETE', tenant = one) =>
      call(`${api().url}/v1/uploads/${digest}`, { method, key: tenant.keys.builder });
    const remove = (digest: string, tenant = one) => at(digest, 'DELETE', tenant);
    const start = (digest: string) =>
      post('/v1/builds', { ...exampleSpec, files: [{ path: '/srv/model', upload: digest }] });
    const bytesThere = (digest: string) => api().ports.blobs.head(uploadPlace(one.tenantId, digest));
    const room = async () => (await api().ports.table.get(uploadUseKey(one.tenantId)))?.counters.bytes ?? 0;
    async function stored(bytes = randomBytes(2_000)): Promise<string> {
      const digest = sha256(bytes);
      expect((await post('/v1/uploads', { sha256: digest, size: bytes.length, name: 'model' })).status).toBe(201);
      await api().ports.blobs.put(uploadPlace(one.tenantId, digest), bytes, {
        contentType: 'application/octet-stream',
      });
      expect((await at(digest, 'GET')).json()).toMatchObject({ state: 'stored' });
      return digest;
    }
    /** Changes the stored record, as time does. */
    async function alter(digest: string, change: Partial<UploadRecord>): Promise<void> {
      const record = await api().ports.table.get(uploadKey(one.tenantId, digest));
      if (record === undefined) throw new Error('there is no such upload');
      await api().ports.table.transact([uploadWrite({ ...readUploadRecord(record).value, ...change }, record.version)]);
    }
    const ago = (milliseconds: number) => new Date(Date.now() - milliseconds).toISOString();

    it('are gone, bytes and all, and once only', async () => {
      const before = await room();
      const digest = await stored();
      await alter(digest, { addressedAt: ago(uploadLimits.pendingMilliseconds) });
      const answer = await remove(digest);
      expect([answer.status, answer.json()]).toEqual([200, { sha256: digest, size: 2_000, name: 'model' }]);
      expect([await bytesThere(digest), await room()]).toEqual([undefined, before]);
      for (const method of ['DELETE', 'GET'] as const) {
        const again = await at(digest, method);
        expect([again.status, problemOf(again).code]).toEqual([404, 'upload.not_found']);
      }
      expect(JSON.stringify((await call(`${api().url}/v1/uploads`, { key: one.keys.viewer })).json())).not.toContain(
        digest,
      );
      expect(problemOf(await start(digest)).errors).toMatchObject([{ code: 'spec.unknown_upload' }]);
    });

    it('count as long as an address that was given may bring bytes, and can be uploaded again at once', async () => {
      const before = await room();
      const bytes = randomBytes(3_000);
      const digest = await stored(bytes);
      const { countedUntil = '' } = removedUploadSchema.parse((await remove(digest)).json());
      expect(Date.parse(countedUntil)).toBeGreaterThan(Date.now() + uploadLimits.pendingMilliseconds - 60_000);
      expect([await bytesThere(digest), await room()]).toEqual([undefined, before + 3_000]);
      expect((await remove(digest)).status).toBe(404);
      const again = await post('/v1/uploads', { sha256: digest, size: bytes.length });
      expect([again.status, declaredUploadSchema.parse(again.json())]).toEqual([
        201,
        expect.objectContaining({ state: 'pending', put: expect.anything() }),
      ]);
      expect(again.json()).not.toHaveProperty('name');
      expect(await room()).toBe(before + 3_000);
    });

    it('may be declared only: their bytes need not have come', async () => {
      const digest = sha256(randomBytes(8));
      expect((await post('/v1/uploads', { sha256: digest, size: 10 })).status).toBe(201);
      expect((await remove(digest)).status).toBe(200);
      expect((await at(digest, 'GET')).status).toBe(404);
    });

    it('are of one tenant: what is another’s answers as what nobody has', async () => {
      const digest = await stored();
      const theirs = await remove(digest, other);
      expect([theirs.status, problemOf(theirs).code]).toEqual([404, 'upload.not_found']);
      expect(withoutRequestId(theirs)).toBe(withoutRequestId(await remove('0'.repeat(64), other)));
      expect(await bytesThere(digest)).toBeDefined();
      expect((await remove('x')).status).toBe(400);
    });

    it('stay while a build that has not ended uses them, which is named, and a while from when it began to', async () => {
      const digest = await stored();
      const ids: string[] = [];
      for (let count = 0; count < 2; count += 1) ids.push(buildViewSchema.parse((await start(digest)).json()).id);
      const [first = '', second = ''] = ids;
      const refused = await remove(digest);
      expect([refused.status, problemOf(refused).code]).toEqual([409, 'upload.in_use']);
      for (const id of ids) expect(problemOf(refused).detail).toContain(id);
      await forceState(api().ports, first, 'failed');
      const still = problemOf(await remove(digest)).detail;
      expect([still.includes(first), still.includes(second)]).toEqual([false, true]);
      await forceState(api().ports, second, 'cancelled');
      const soon = await remove(digest);
      expect([soon.status, problemOf(soon).code]).toEqual([409, 'upload.in_use']);
      expect(Number(soon.headers.get('retry-after'))).toBeGreaterThan(50);
      expect(await bytesThere(digest)).toBeDefined();
      await alter(digest, { usedAt: ago(uploadLimits.settleMilliseconds) });
      expect((await remove(digest)).status).toBe(200);
      const resumed = await call(`${api().url}/v1/builds/${first}:resume`, { method: 'POST', key: one.keys.builder });
      expect(problemOf(resumed).errors).toMatchObject([{ code: 'spec.unknown_upload' }]);
    });

    it('are removed once, whoever asks at the same time', async () => {
      const digest = await stored();
      const answers = await Promise.all(Array.from({ length: 5 }, () => remove(digest)));
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 404, 404, 404, 404]);
    });
  });
}
