import { beforeAll, describe, expect, it, vi } from 'vitest';
import { buildWrite, findBuild } from '../../../core/builds/build-repository.ts';
import { buildDetailSchema } from '../../../core/builds/build-view.ts';
import { resultWrite, stepWrite } from '../../../core/builds/stage-repository.ts';
import { eventEnvelope } from '../../../core/events/envelope.ts';
import { makePlan, planDigest } from '../../../core/plan/make-plan.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import { type PlanPreview, planPreviewSchema } from '../../../core/plan/preview.ts';
import { resolvedSpecSchema } from '../../../core/spec/resolve.ts';
import { handle as planBuild } from '../../../functions/orchestration/plan-build/plan-build.ts';
import { archive } from '../../core/plan/plan-fixtures.ts';
import type { ApiUnderTest, TenantUnderTest } from './api-under-test.ts';
import { exampleSpec, exampleYaml } from './example-spec.ts';
import { call, problemOf } from './http-call.ts';
import { forceState, storeStage } from './stored-build.ts';

/** Plans of builds that are not started. */
export function describePlans(api: () => ApiUnderTest): void {
  describe('plans', () => {
    let tenant: TenantUnderTest;
    beforeAll(async () => {
      tenant = await api().tenant('plans');
    });
    const ask = (body: unknown, query = '', who = tenant) =>
      call(`${api().url}/v1/builds:plan${query}`, { key: who.keys.builder, body: JSON.stringify(body) });
    const preview = async (body: unknown, who = tenant): Promise<PlanPreview> =>
      planPreviewSchema.parse((await ask(body, '', who)).json());
    const stepOf = (plan: PlanPreview, id: string) => plan.steps.find((step) => step.id === id);
    const planOf = (spec: object): Plan =>
      makePlan({ spec: resolvedSpecSchema.parse(spec), archive, toolchain: api().ports.installation.toolchain });

    /** A build of a spec that was planned by the engine itself, and has ended. */
    async function plannedBuild(spec: object, who: TenantUnderTest): Promise<string> {
      const answer = await call(`${api().url}/v1/builds`, { key: who.keys.owner, body: JSON.stringify(spec) });
      const id = String(Reflect.get(Object(answer.json()), 'id'));
      const { clock, ids } = api().ports;
      const event = {
        id: ids.next('evt'),
        type: 'build.submitted',
        version: 1,
        tenantId: who.tenantId,
        at: clock.now().toISOString(),
        detail: { buildId: id },
      } as const;
      await planBuild(api().ports, eventEnvelope(event));
      return id;
    }

    it('show what a build would do, and write and start nothing', async () => {
      const { table, blobs } = api().ports;
      // That the key is used is written down once in a while, at its first call.
      await preview(exampleSpec);
      const objects = async () => (await blobs.list('work', '')).paths.length;
      const before = await objects();
      const writes = vi.spyOn(table, 'transact');
      try {
        const plan = await preview(exampleSpec);
        expect(writes).not.toHaveBeenCalled();
        expect(plan).toMatchObject({ name: 'edge-web', planDigest: planDigest(planOf(exampleSpec)), hits: 0 });
        expect(plan.misses).toBe(plan.steps.length);
        for (const step of plan.steps) expect(step.reason?.kind, step.id).toBe('first');
        expect(plan.criticalPath.at(-1)).toMatch(/^(iso|tar)$/);
        expect(plan.estimate.seconds).toBeGreaterThan(45);
        expect(plan.estimate.dollars).toBeGreaterThan(0);
        expect(plan.mermaid).toMatch(/^flowchart LR\n/);
        expect(plan).not.toHaveProperty('svg');
      } finally {
        writes.mockRestore();
      }
      expect(await objects()).toBe(before);
      const list = await call(`${api().url}/v1/builds`, { key: tenant.keys.owner });
      expect(list.json()).toEqual({ builds: [] });
    });

    it('come as SVG where that is asked for, and from YAML', async () => {
      const answer = await call(`${api().url}/v1/builds:plan?svg=true`, {
        key: tenant.keys.builder,
        body: exampleYaml,
        type: 'application/yaml',
      });
      expect(planPreviewSchema.parse(answer.json()).svg).toMatch(/^<svg xmlns=.*<\/svg>\n$/s);
      expect(problemOf(await ask(exampleSpec, '?svg=yes')).code).toBe('request.invalid');
    });

    it('refuse what starting a build refuses, with the same errors', async () => {
      const spec = { ...exampleSpec, name: 'No Name', pakages: {} };
      const [plan, start] = await Promise.all([
        ask(spec),
        call(`${api().url}/v1/builds`, { key: tenant.keys.builder, body: JSON.stringify(spec) }),
      ]);
      expect([plan.status, problemOf(plan).code]).toEqual([422, 'spec.invalid']);
      expect(problemOf(plan).errors).toEqual(problemOf(start).errors);
    });

    it('tell that the archive does not answer, which starting a build does not ask', async () => {
      const spec = { ...exampleSpec, base: { ...exampleSpec.base, release: 'bookworm' } };
      const answer = await ask(spec);
      expect([answer.status, problemOf(answer).code]).toEqual([502, 'archive.unreachable']);
      const reads = api().archiveReads.length;
      const other = await api().tenant('no archive');
      const start = await call(`${api().url}/v1/builds`, { key: other.keys.owner, body: JSON.stringify(spec) });
      expect([start.status, api().archiveReads.length]).toEqual([202, reads]);
    });

    it('are asked for by POST', async () => {
      const answer = await call(`${api().url}/v1/builds:plan`, { key: tenant.keys.builder });
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
    });

    it('know what is cached: what is shared, and the tenant’s own', async () => {
      const [one, other] = await Promise.all([api().tenant('one cache'), api().tenant('other cache')]);
      const plan = planOf({ ...exampleSpec, packages: { install: ['only-here'] } });
      const result = (id: string, size: number) => ({
        key: plan.steps.find((step) => step.id === id)?.key ?? '',
        program: id,
        artifact: { type: 'tar' as const, size, sha256: 'a'.repeat(64), mediaType: 'x/y' },
        facts: {},
        buildId: 'bld_1',
        at: new Date(0).toISOString(),
      });
      await api().ports.table.transact([
        resultWrite('shared', result('packages', 123)),
        resultWrite(one.tenantId, result('system', 45)),
      ]);
      const spec = { ...exampleSpec, packages: { install: ['only-here'] } };
      const [mine, theirs] = [await preview(spec, one), await preview(spec, other)];
      expect(stepOf(mine, 'packages')).toMatchObject({ hit: true, bytes: { value: 123, from: 'cache' } });
      expect(stepOf(mine, 'system')).toMatchObject({ hit: true, bytes: { value: 45, from: 'cache' } });
      expect(stepOf(theirs, 'packages')?.hit).toBe(true);
      expect(stepOf(theirs, 'system')).toMatchObject({ hit: false, reason: { kind: 'first' } });
    });

    it('compare with the latest build of the name, and of the tenant', async () => {
      const [one, other] = await Promise.all([api().tenant('comparing'), api().tenant('not comparing')]);
      await plannedBuild({ ...exampleSpec, packages: { install: ['curl'] } }, one);
      const latest = await plannedBuild(exampleSpec, one);
      await plannedBuild({ ...exampleSpec, name: 'another' }, one);
      const changed = { ...exampleSpec, packages: { install: ['openssh-server', 'vim'] } };
      const plan = await preview(changed, one);
      expect(plan.comparedWith).toBe(latest);
      expect(stepOf(plan, 'packages')?.reason).toMatchObject({
        kind: 'changed',
        input: 'options.install',
        before: '',
        after: 'vim',
      });
      expect(stepOf(plan, 'iso')?.reason).toMatchObject({ kind: 'parent', root: 'packages' });
      expect(stepOf(plan, 'bootstrap')?.reason?.kind).toBe('missing');
      expect(await preview(changed, other)).not.toHaveProperty('comparedWith');
    });

    it('estimate from past runs, and show after a build by how much that was wrong', async () => {
      const who = await api().tenant('estimating');
      const { ports } = api();
      const first = await plannedBuild(exampleSpec, who);
      const at = (second: number) => new Date(Date.UTC(2026, 10, 26, 0, 0, second)).toISOString();
      await storeStage(ports, first, { id: 's1', state: 'succeeded', steps: ['bootstrap', 'packages'], attempt: 1 });
      await ports.table.transact(
        ['bootstrap', 'packages'].map((id, place) =>
          stepWrite(first, {
            id,
            program: id,
            hit: false,
            bytes: 1_000,
            attempt: 1,
            milliseconds: { program: 3_000, capture: 1_000 },
            startedAt: at(10 + 4 * place),
            endedAt: at(14 + 4 * place),
            facts: {},
          }),
        ),
      );
      await forceState(ports, first, 'succeeded');
      const stored = await findBuild(ports.table, first);
      if (stored === undefined) throw new Error('the build is gone');
      const ended = { ...stored.value, startedAt: at(9), endedAt: at(20) };
      await ports.table.transact([buildWrite(ended, stored.version)]);

      const plan = await preview(exampleSpec, who);
      expect(stepOf(plan, 'bootstrap')?.seconds).toEqual({ value: 4, from: 'history', runs: 1 });
      // Of the same program, though not of the same step.
      expect(stepOf(plan, 'kernel')?.seconds).toEqual({ value: 4, from: 'history', runs: 1 });
      expect(stepOf(plan, 'iso')?.seconds.from).toBe('table');
      const read = await call(`${api().url}/v1/builds/${first}`, { key: who.keys.viewer });
      const { estimate } = buildDetailSchema.parse(read.json());
      expect(estimate?.actual).toMatchObject({ seconds: 11 });
      expect(estimate?.error?.seconds).toBeCloseTo((estimate?.estimated.seconds ?? 0) / 11 - 1, 2);
    });

    it('are estimated with each build', async () => {
      const who = await api().tenant('estimated');
      const id = await plannedBuild(exampleSpec, who);
      const build = (await findBuild(api().ports.table, id))?.value;
      expect(build?.estimate?.seconds).toBeGreaterThan(45);
      expect(Object.keys(build?.estimate?.dollarsPerSecond ?? {})).toEqual(
        planOf(exampleSpec).stages.map((stage) => stage.id),
      );
    });
  });
}
