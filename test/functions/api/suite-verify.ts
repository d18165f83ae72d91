import { beforeAll, describe, expect, it } from 'vitest';
import { buildWrite, findBuild } from '../../../core/builds/build-repository.ts';
import { buildViewSchema } from '../../../core/builds/build-view.ts';
import { planPlace } from '../../../core/builds/places.ts';
import { utf8 } from '../../../core/json.ts';
import { type VerificationRecord, verificationWrite } from '../../../core/verify/verification.ts';
import type { ApiUnderTest, TenantUnderTest } from './api-under-test.ts';
import { exampleSpec } from './example-spec.ts';
import { call, problemOf } from './http-call.ts';
import { forceState } from './stored-build.ts';
import { storeImage } from './stored-image.ts';

/** Verifications: builds that make once more what another one made. */
export function describeVerify(api: () => ApiUnderTest): void {
  describe('verifications', () => {
    let tenant: TenantUnderTest;
    let id: string;
    beforeAll(async () => {
      tenant = await api().tenant('verify');
      id = (await storeImage(api().ports, tenant.tenantId, exampleSpec, {})).id;
    });
    const verify = (build: string, headers: Readonly<Record<string, string>> = {}) =>
      call(`${api().url}/v1/builds/${build}/verify`, { method: 'POST', key: tenant.keys.builder, headers });

    it('start as builds of their own, once for an idempotency key', async () => {
      const answer = await verify(id, { 'idempotency-key': 'verify-1' });
      const started = buildViewSchema.parse(answer.json());
      expect(answer.status).toBe(202);
      expect(answer.headers.get('location')).toBe(`/v1/builds/${started.id}`);
      expect(started).toMatchObject({ state: 'submitted', purpose: 'verify', verifies: id, name: 'edge-web' });
      const again = await verify(id, { 'idempotency-key': 'verify-1' });
      expect(buildViewSchema.parse(again.json()).id).toBe(started.id);
      const itself = await api().ports.table.get({ partition: `BUILD#${started.id}`, sort: 'BUILD' });
      expect(itself?.data).toMatchObject({ verifies: id });
    });

    it('are refused where the build has made nothing, or is one itself', async () => {
      const other = (await storeImage(api().ports, tenant.tenantId, exampleSpec, {})).id;
      await forceState(api().ports, other, 'failed');
      const failed = await verify(other);
      expect([failed.status, problemOf(failed).code]).toEqual([409, 'build.not_succeeded']);
      await forceState(api().ports, other, 'succeeded');
      const stored = await findBuild(api().ports.table, other);
      if (stored === undefined) throw new Error('the build is gone');
      await api().ports.table.transact([
        buildWrite({ ...stored.value, purpose: 'verify', verifies: id }, stored.version),
      ]);
      const itself = await verify(other);
      expect([itself.status, problemOf(itself).code]).toEqual([409, 'verify.no_image']);
    });

    it('are refused where builders have other tools, before anything is started', async () => {
      const { plan, id: other } = await storeImage(api().ports, tenant.tenantId, exampleSpec, {});
      const put = (changed: object) =>
        api().ports.blobs.put(planPlace(other), utf8(JSON.stringify(changed)), { contentType: 'application/json' });
      await put({ ...plan, toolchain: 'another' });
      const tools = await verify(other);
      expect([tools.status, problemOf(tools).code]).toEqual([409, 'verify.toolchain_changed']);
      expect(problemOf(tools).detail).toContain('another');
      const [first, ...rest] = plan.steps;
      if (first === undefined) throw new Error('a plan has steps');
      await put({ ...plan, steps: [{ ...first, version: 99 }, ...rest] });
      const program = await verify(other);
      expect([program.status, problemOf(program).code]).toEqual([409, 'verify.toolchain_changed']);
      expect(problemOf(program).detail).toContain('version 99');
      await api().ports.blobs.delete(planPlace(other));
      expect(problemOf(await verify(other)).code).toBe('build.not_planned');
    });

    it('are listed with what they found, the latest first', async () => {
      const list = () => call(`${api().url}/v1/builds/${id}/verifications`, { key: tenant.keys.viewer });
      expect((await list()).json()).toEqual({ verifications: [] });
      const record = (build: string, verdict: VerificationRecord['verdict']): VerificationRecord => {
        const at = '2026-11-26T00:00:00.000Z';
        return { build, at, verdict, artifacts: [], layers: [{ step: 'bootstrap', same: verdict === 'identical' }] };
      };
      const records = [record('bld_2', 'different'), record('bld_1', 'identical')];
      await api().ports.table.transact(records.map((one) => verificationWrite(id, one)));
      expect((await list()).json()).toEqual({ verifications: records });
    });
  });
}
