import { beforeAll, describe, expect, it } from 'vitest';
import type { ResultRecord, StepRecord } from '../../../core/builds/build-record.ts';
import { buildWrite, findBuild } from '../../../core/builds/build-repository.ts';
import { buildViewSchema } from '../../../core/builds/build-view.ts';
import { blobPlace } from '../../../core/builds/places.ts';
import { scopeOf, storePlan } from '../../../core/builds/plan-store.ts';
import { findResult, resultWrite, stepWrite } from '../../../core/builds/stage-repository.ts';
import { submitBuild } from '../../../core/builds/submit-build.ts';
import { buildExplanationSchema } from '../../../core/cache/explain-build.ts';
import { countHits } from '../../../core/cache/hit-rates.ts';
import { recordUse } from '../../../core/cache/uses.ts';
import { sha256 } from '../../../core/digest.ts';
import type { ArchiveState } from '../../../core/plan/archive-state.ts';
import { makePlan, planDigest } from '../../../core/plan/make-plan.ts';
import type { Plan, PlanStep } from '../../../core/plan/plan.ts';
import { resolvedSpecSchema } from '../../../core/spec/resolve.ts';
import { listCache } from '../../../functions/api/cache/list-cache.ts';
import { readCacheStats } from '../../../functions/api/cache/read-cache-stats.ts';
import { warmCache } from '../../../functions/api/cache/warm-cache.ts';
import { archive } from '../../core/plan/plan-fixtures.ts';
import type { ApiUnderTest, TenantUnderTest } from './api-under-test.ts';
import { exampleSpec, exampleYaml } from './example-spec.ts';
import { call, problemOf, withoutRequestId } from './http-call.ts';
import { forceState } from './stored-build.ts';

/** The cache as its tenants and its operator see it. */
export function describeCache(api: () => ApiUnderTest): void {
  describe('the cache', () => {
    let one: TenantUnderTest;
    let other: TenantUnderTest;
    let first: StoredBuild;
    let theirs: StoredBuild;
    beforeAll(async () => {
      [one, other] = await Promise.all([api().tenant('cache one'), api().tenant('cache other')]);
      first = await storedBuild(one, ['cache-only'], 'made');
      theirs = await storedBuild(other, ['cache-only'], 'hit');
    });

    interface StoredBuild {
      readonly id: string;
      readonly plan: Plan;
    }

    /** A build that has ended, its plan, results and steps, as its life would have left them. */
    async function storedBuild(
      who: TenantUnderTest,
      install: readonly string[],
      shared: 'made' | 'hit',
      state: ArchiveState = archive,
    ): Promise<StoredBuild> {
      const { ports } = api();
      const spec = resolvedSpecSchema.parse({ ...exampleSpec, packages: { install } });
      const plan = makePlan({ spec, archive: state, toolchain: ports.installation.toolchain });
      const { build } = await submitBuild(ports, { tenantId: who.tenantId, keyId: 'key_1', spec });
      await storePlan(ports.blobs, build.id, plan);
      for (const step of plan.steps) {
        const scope = scopeOf(step, who.tenantId);
        const how = scope === 'shared' ? shared : 'made';
        const result = resultOf(step, how === 'hit' ? 'bld_other' : build.id);
        if (how === 'made' && (await findResult(ports.table, scope, step.key)) === undefined) {
          await ports.table.transact([resultWrite(scope, result)]);
        }
        await recordUse(ports, build, step, result, how);
        const record: StepRecord = { id: step.id, program: step.program, hit: how === 'hit', attempt: 1, facts: {} };
        await ports.table.transact([stepWrite(build.id, record)]);
      }
      await countHits(ports, build);
      await forceState(ports, build.id, 'succeeded');
      const found = await findBuild(ports.table, build.id);
      if (found === undefined) throw new Error('the build is gone');
      await ports.table.transact([buildWrite({ ...found.value, planDigest: planDigest(plan) }, found.version)]);
      return { id: build.id, plan };
    }

    /** What a step's key points to: 1,000 bytes of its own, and an index of 10. */
    function resultOf(step: PlanStep, buildId: string): ResultRecord {
      const { key, id, program } = step;
      const digest = sha256(`blob ${key}`);
      const made = {
        layer: { layer: { step: id, digest, size: 1_000, diffId: digest, index: sha256(digest), indexSize: 10 } },
        module: { module: { step: id, digest, size: 1_000, layers: ['bootstrap'] } },
        artifact: { artifact: { type: 'tar' as const, size: 1_000, sha256: digest, mediaType: 'x/y' } },
        report: { test: { passed: true, log: { size: 1_000, sha256: digest } } },
        inspection: { inspection: { size: 1_000, sha256: digest } },
      };
      const at = api().ports.clock.now().toISOString();
      return { key, program, step: id, ...made[step.produces], facts: {}, buildId, at };
    }

    const get = (path: string, key: string) => call(`${api().url}/v1/cache${path}`, { key });
    const listed = async (query: string, key: string) => listOf(await get(query, key));
    const explained = async (id: string, key: string) =>
      buildExplanationSchema.parse((await get(`/explain?build=${id}`, key)).json());
    const keyOf = (build: StoredBuild, id: string) => build.plan.steps.find((step) => step.id === id)?.key ?? '';
    const remove = (key: string, who: string, query = '') =>
      call(`${api().url}/v1/cache/${key}${query}`, { method: 'DELETE', key: who });

    it('shows a tenant its own results, and of the shared ones what its builds used, page by page', async () => {
      const all = (await listed('?limit=100', one.keys.viewer)).entries;
      expect(new Set(all.map(({ key }) => key))).toEqual(new Set(first.plan.steps.map(({ key }) => key)));
      expect(all).toContainEqual(
        expect.objectContaining({
          ...{ key: keyOf(first, 'system'), scope: 'tenant', program: 'system', step: 'system', kind: 'layer' },
          ...{ bytes: 1_010, hits: 0, build: first.id },
        }),
      );
      expect(all.find(({ key }) => key === keyOf(first, 'kernel'))).toMatchObject({
        ...{ scope: 'shared', program: 'packages', step: 'kernel', kind: 'layer', build: first.id },
      });
      const paged: string[] = [];
      let cursor = '';
      do {
        const page = await listed(`?limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`, one.keys.viewer);
        expect(page.entries.length).toBeLessThanOrEqual(3);
        paged.push(...page.entries.map(({ key }) => key));
        cursor = page.cursor ?? '';
      } while (cursor !== '');
      expect(paged).toEqual(all.map(({ key }) => key));
      const times = all.map(({ lastUsedAt }) => lastUsedAt);
      expect(times).toEqual(times.toSorted().reverse());
    });

    it('tells a tenant nothing of another, not even who made what is shared', async () => {
      const shared = (await listed('?limit=100&scope=shared', other.keys.viewer)).entries;
      expect(shared.map(({ build }) => build)).toEqual(shared.map(() => theirs.id));
      const all = JSON.stringify((await listed('?limit=100', other.keys.owner)).entries);
      expect(all).not.toContain(first.id);
      expect(all).not.toContain(one.tenantId);
      const fresh = await api().tenant('cache fresh');
      expect((await listed('?limit=100', fresh.keys.owner)).entries).toEqual([]);
    });

    it('filters by scope and program, and takes a cursor for its own query only', async () => {
      const modules = await listed('?program=module&limit=2', one.keys.viewer);
      expect(modules.entries.map(({ program }) => program)).toEqual(['module', 'module']);
      const own = (await listed('?scope=tenant&limit=100', one.keys.viewer)).entries;
      expect(new Set(own.map(({ scope }) => scope))).toEqual(new Set(['tenant']));
      for (const [query, key] of [
        ['', one.keys.viewer],
        ['?program=module', other.keys.viewer],
        ['?program=iso', one.keys.viewer],
      ] as const) {
        const answer = await get(`${query}${query === '' ? '?' : '&'}cursor=${modules.cursor}`, key);
        expect([answer.status, problemOf(answer).code]).toEqual([400, 'cursor.invalid']);
      }
    });

    it('shows the whole pool to its operator, and to nobody else', async () => {
      for (const role of ['owner', 'builder', 'viewer'] as const) {
        const answer = await get('?scope=pool', other.keys[role]);
        expect([answer.status, problemOf(answer).code]).toEqual([403, 'access.forbidden']);
      }
      const fresh = await api().tenant('cache operator');
      const pool = (await listed('?scope=pool&limit=100', fresh.keys.operator)).entries;
      expect(pool.map(({ key }) => key)).toContain(keyOf(first, 'packages'));
      expect(pool.every(({ scope }) => scope === 'shared')).toBe(true);
    });

    it('adds up sizes by scope and kind, each blob once, and hits by program', async () => {
      const who = await api().tenant('cache sizes');
      const stored = await storedBuild(who, ['cache-only'], 'hit');
      const count = (scope: string, produces: string) =>
        stored.plan.steps.filter((step) => step.scope === scope && step.produces === produces).length;
      const answer = await get('/stats', who.keys.viewer);
      const stats = readCacheStats.response.parse(answer.json());
      expect(stats).toMatchObject({ complete: true, days: 30 });
      expect(stats.sizes).toContainEqual({
        ...{ scope: 'shared', kind: 'layer' },
        ...{ results: count('shared', 'layer'), bytes: 1_010 * count('shared', 'layer') },
      });
      expect(stats.sizes).toContainEqual({
        ...{ scope: 'tenant', kind: 'artifact' },
        ...{ results: count('tenant', 'artifact'), bytes: 1_000 * count('tenant', 'artifact') },
      });
      expect(stats.programs).toContainEqual({ program: 'bootstrap', hits: 1, misses: 0, hitRate: 1 });
      expect(stats.programs).toContainEqual({ program: 'system', hits: 0, misses: 1, hitRate: 0 });
      expect(stats).not.toHaveProperty('installation');
      const operator = (await get('/stats?days=7', who.keys.operator)).json();
      expect(operator).toMatchObject({ days: 7, installation: { limitBytes: 20 * 1024 ** 3 } });
      expect((await get('/stats?days=0', who.keys.viewer)).status).toBe(400);
    });

    it('explains a build by its plan and the one before', async () => {
      const who = await api().tenant('cache explained');
      const before = await storedBuild(who, ['explained'], 'made');
      const plain = await explained(before.id, who.keys.viewer);
      expect(plain).not.toHaveProperty('comparedWith');
      expect(plain.steps[0]).toMatchObject({ id: 'bootstrap', outcome: 'ran', reason: { kind: 'first' } });
      const [suite, ...suites] = archive.suites;
      if (suite === undefined) throw new Error('there is no suite');
      const changed = { ...suite, indexes: { 'main/binary-amd64/Packages': 'e'.repeat(64) } };
      const after = await storedBuild(who, ['explained'], 'made', { suites: [changed, ...suites] });
      const told = await explained(after.id, who.keys.viewer);
      expect(told).toMatchObject({ build: after.id, name: 'edge-web', comparedWith: before.id });
      expect(told.steps[0]).toMatchObject({
        outcome: 'ran',
        reason: { kind: 'changed', input: 'archive.trixie.main/binary-amd64/Packages', after: 'e'.repeat(64) },
      });
      expect(told.steps.at(-1)).toMatchObject({ reason: { kind: 'parent', root: 'bootstrap' } });
      const foreign = await get(`/explain?build=${after.id}`, one.keys.owner);
      const missing = await get('/explain?build=bld_missing', one.keys.owner);
      expect([foreign.status, problemOf(foreign).code]).toEqual([404, 'build.not_found']);
      expect(withoutRequestId(foreign)).toBe(withoutRequestId(missing));
    });

    it('has nothing to explain of a build without a plan', async () => {
      const started = await call(`${api().url}/v1/builds`, { key: one.keys.owner, body: JSON.stringify(exampleSpec) });
      const { id } = buildViewSchema.parse(started.json());
      const answer = await get(`/explain?build=${id}`, one.keys.viewer);
      expect([answer.status, problemOf(answer).code]).toEqual([409, 'build.not_planned']);
      await forceState(api().ports, id, 'cancelled');
    });

    it('lets go of a result of one’s own, and keeps its bytes for now', async () => {
      const who = await api().tenant('cache removing');
      const stored = await storedBuild(who, ['removed'], 'made');
      const { blobs } = api().ports;
      const key = keyOf(stored, 'system');
      const place = blobPlace(who.tenantId, sha256(`blob ${key}`));
      await blobs.put(place, new Uint8Array(3), { contentType: 'x/y' });
      const foreign = await remove(key, other.keys.operator);
      expect([foreign.status, problemOf(foreign).code]).toEqual([404, 'cache.not_found']);
      const answer = await remove(key, who.keys.builder);
      expect([answer.status, answer.json()]).toEqual([200, { key, scope: 'tenant', program: 'system', bytes: 1_010 }]);
      expect(await blobs.head(place)).toBeDefined();
      expect((await remove(key, who.keys.builder)).status).toBe(404);
      expect((await remove('nothing', who.keys.builder)).status).toBe(400);
      expect((await remove(keyOf(stored, 'iso'), who.keys.viewer)).status).toBe(403);
      expect((await listed('?limit=100', who.keys.viewer)).entries.map((entry) => entry.key)).not.toContain(key);
    });

    it('lets go of a shared result for its operator only; it is then nobody’s hit any more', async () => {
      const who = await api().tenant('cache shared');
      const stored = await storedBuild(who, ['shared-removed'], 'made');
      const key = keyOf(stored, 'packages');
      expect((await remove(key, who.keys.owner)).status).toBe(404);
      const refused = await remove(key, who.keys.owner, '?scope=shared');
      expect([refused.status, problemOf(refused).code]).toEqual([403, 'access.forbidden']);
      expect((await listed('?limit=100', who.keys.owner)).entries.map((entry) => entry.key)).toContain(key);
      expect((await remove(key, other.keys.operator, '?scope=shared')).status).toBe(200);
      expect((await listed('?limit=100', who.keys.owner)).entries.map((entry) => entry.key)).not.toContain(key);
    });

    it('keeps what a build needs that is queued or runs, of whichever tenant', async () => {
      const who = await api().tenant('cache needed');
      const { ports } = api();
      for (const state of ['queued', 'running'] as const) {
        const stored = await storedBuild(who, [`needed-${state}`], 'made');
        await forceState(ports, stored.id, state);
        const own = await remove(keyOf(stored, 'system'), who.keys.owner);
        expect([own.status, problemOf(own).code]).toEqual([409, 'cache.in_use']);
        const shared = await remove(keyOf(stored, 'packages'), other.keys.operator, '?scope=shared');
        expect([shared.status, problemOf(shared).code]).toEqual([409, 'cache.in_use']);
        await forceState(ports, stored.id, 'succeeded');
        expect((await remove(keyOf(stored, 'system'), who.keys.owner)).status).toBe(200);
        expect((await remove(keyOf(stored, 'packages'), other.keys.operator, '?scope=shared')).status).toBe(200);
      }
    });

    it('is warmed by its operator: a preset, a spec in JSON or YAML, or every preset', async () => {
      const who = await api().tenant('cache warming');
      const warm = (query: string, body?: string, more: { type?: string; headers?: Record<string, string> } = {}) =>
        call(`${api().url}/v1/cache:warm${query}`, {
          ...{ method: 'POST', key: who.keys.operator },
          ...(body === undefined ? {} : { body }),
          ...more,
        });
      const buildsOf = async (answer: Promise<Awaited<ReturnType<typeof call>>>) => {
        const { status, json } = await answer;
        expect(status).toBe(202);
        return warmCache.response.parse(json()).builds;
      };
      const [preset] = await buildsOf(warm('?preset=minimal'));
      expect(preset).toMatchObject({ purpose: 'warm', name: 'minimal', state: 'submitted' });
      const [json] = await buildsOf(warm('', JSON.stringify(exampleSpec)));
      const [yaml] = await buildsOf(warm('', exampleYaml, { type: 'application/yaml' }));
      expect([json?.name, yaml?.name]).toEqual(['edge-web', 'edge-web']);
      expect((await buildsOf(warm(''))).map(({ name }) => name)).toContain('minimal');
      const headers = { 'idempotency-key': 'once' };
      const [a, b] = [
        await buildsOf(warm('', undefined, { headers })),
        await buildsOf(warm('', undefined, { headers })),
      ];
      expect(a.map(({ id }) => id)).toEqual(b.map(({ id }) => id));

      const unknown = await warm('?preset=maximal');
      expect([unknown.status, problemOf(unknown).code]).toEqual([404, 'preset.not_found']);
      expect(problemOf(unknown).detail).toContain('minimal');
      expect(problemOf(await warm('?preset=minimal', JSON.stringify(exampleSpec))).code).toBe('request.invalid');
      expect(problemOf(await warm('', '{"name":"x"}')).code).toBe('spec.invalid');
      // They stand in the list of the operator's own builds, and wait there for a dispatcher.
      const list = await call(`${api().url}/v1/builds?limit=100`, { key: who.keys.viewer });
      expect(list.text).toContain(preset?.id ?? '-');
    });
  });
}

function listOf(answer: Awaited<ReturnType<typeof call>>) {
  expect(answer.status).toBe(200);
  return listCache.response.parse(answer.json());
}
