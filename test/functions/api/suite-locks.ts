import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { lockFile } from '../../../core/lock/build-lock.ts';
import { lockWrites } from '../../../core/lock/lock-store.ts';
import { planPreviewSchema } from '../../../core/plan/preview.ts';
import { resolvedSpecSchema } from '../../../core/spec/resolve.ts';
import { maxBodyBytes } from '../../../functions/shared/request-body.ts';
import { lockOf, samplePackage } from '../../core/lock/lock-samples.ts';
import type { ApiUnderTest, TenantUnderTest } from './api-under-test.ts';
import { exampleSpec } from './example-spec.ts';
import { call, problemOf } from './http-call.ts';
import { storeImage } from './stored-image.ts';

const storedSchema = z.strictObject({ sha256: z.string(), recorded: z.boolean() });

/** Locks: what a build was made of, and builds that are made of it again. */
export function describeLocks(api: () => ApiUnderTest): void {
  describe('locks', () => {
    const lock = lockOf(resolvedSpecSchema.parse(exampleSpec));
    const digest = lockFile(lock).sha256;
    let tenant: TenantUnderTest;
    let other: TenantUnderTest;
    beforeAll(async () => {
      tenant = await api().tenant('locks');
      other = await api().tenant('locks of others');
    });
    const send = (body: unknown, who = tenant, role: 'builder' | 'viewer' = 'builder') =>
      call(`${api().url}/v1/locks`, { key: who.keys[role], body: JSON.stringify(body) });
    const start = (body: unknown, query = '', who = tenant) =>
      call(`${api().url}/v1/builds${query}`, { key: who.keys.builder, body: JSON.stringify(body) });
    const plan = (body: unknown, query = '') =>
      call(`${api().url}/v1/builds:plan${query}`, { key: tenant.keys.builder, body: JSON.stringify(body) });

    it('are refused before they are known, to each tenant, and to whoever may start nothing', async () => {
      const refused = await start({ ...exampleSpec, lock: digest });
      expect([refused.status, problemOf(refused).code]).toEqual([404, 'lock.not_found']);
      expect((await send(lock, tenant, 'viewer')).status).toBe(403);
    });

    it('are kept under the digest of their file, and are their tenant’s alone', async () => {
      for (let time = 0; time < 2; time += 1) {
        const answer = await send(lock);
        expect([answer.status, storedSchema.parse(answer.json())]).toEqual([201, { sha256: digest, recorded: false }]);
      }
      const started = await start({ ...exampleSpec, lock: digest });
      expect([started.status, started.json()]).toMatchObject([202, { state: 'submitted' }]);
      const stranger = await start({ ...exampleSpec, lock: digest }, '', other);
      expect([stranger.status, problemOf(stranger).code]).toEqual([404, 'lock.not_found']);
    });

    it('may be larger than a spec, and have to be locks', async () => {
      const packages = Array.from({ length: 3_000 }, (_, number) => samplePackage(`libexample${number}`));
      const [first] = lock.steps;
      const large = { ...lock, steps: [{ ...first, packages }] };
      expect(JSON.stringify(large).length).toBeGreaterThan(2 * maxBodyBytes);
      expect((await send(large)).status).toBe(201);
      const evil = { ...lock, steps: [{ ...first, packages: [{ ...samplePackage('apt'), path: '../x.deb' }] }] };
      const refused = await send(evil);
      expect([refused.status, problemOf(refused).errors.map(({ path }) => path)]).toEqual([
        400,
        ['steps[0].packages[0].path'],
      ]);
    });

    it('are named by the request too, and by one of the two', async () => {
      const answer = await plan(exampleSpec, `?lock=${digest}`);
      const preview = planPreviewSchema.parse(answer.json());
      expect(preview.stages.map(({ trust }) => trust)).not.toContain('service');
      const twice = await plan({ ...exampleSpec, lock: 'a'.repeat(64) }, `?lock=${digest}`);
      expect(problemOf(twice).errors).toMatchObject([{ path: 'lock', code: 'spec.contradiction' }]);
      expect((await start(exampleSpec, `?lock=${digest}`)).status).toBe(202);
    });

    it('are refused where they do not fit, with all that is wrong, before a build is stored', async () => {
      const wrong = { ...exampleSpec, packages: { install: ['zsh', 'fish'] } };
      for (const ask of [start, plan]) {
        const answer = await ask(wrong, `?lock=${digest}`);
        expect([answer.status, problemOf(answer).code]).toEqual([422, 'lock.does_not_fit']);
        expect(problemOf(answer).errors.map(({ path, code }) => [path, code])).toEqual([
          ['packages.install[0]', 'lock.does_not_fit'],
          ['packages.install[1]', 'lock.does_not_fit'],
        ]);
      }
    });

    it('are the engine’s own where it made them, and are read of their build', async () => {
      const { id } = await storeImage(api().ports, tenant.tenantId, exampleSpec, {});
      const read = () => call(`${api().url}/v1/builds/${id}/lock`, { key: tenant.keys.viewer });
      const none = await read();
      expect([none.status, problemOf(none).code]).toEqual([409, 'lock.not_recorded']);
      await api().ports.table.transact([...lockWrites({ id, tenantId: tenant.tenantId }, digest)]);
      expect([(await read()).status, (await read()).json()]).toEqual([200, { sha256: digest, lock }]);
      const stranger = await call(`${api().url}/v1/builds/${id}/lock`, { key: other.keys.owner });
      expect([stranger.status, problemOf(stranger).code]).toEqual([404, 'build.not_found']);
      // Recorded for everybody: what is in it is of the distribution, whoever sends it.
      expect(storedSchema.parse((await send(lock, other)).json())).toEqual({ sha256: digest, recorded: true });
      const preview = planPreviewSchema.parse((await plan(exampleSpec, `?lock=${digest}`)).json());
      expect(preview.stages.map(({ trust }) => trust)).toContain('service');
    });
  });
}
