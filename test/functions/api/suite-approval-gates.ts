import { beforeAll, describe, expect, it } from 'vitest';
import { wholeTenant } from '../../../core/access/reach.ts';
import { sweepRequests } from '../../../core/approvals/sweep.ts';
import { buildWrite, findBuild } from '../../../core/builds/build-repository.ts';
import { buildViewSchema } from '../../../core/builds/build-view.ts';
import { eventEnvelope } from '../../../core/events/envelope.ts';
import { setTeamMember } from '../../../core/teams/team-members.ts';
import { versionPlace } from '../../../core/templates/places.ts';
import { handle as cancelBuild } from '../../../functions/events/cancel-build/cancel-build.ts';
import { principalWith, teamOfTenant } from '../../support/teams.ts';
import type { ApiUnderTest, TenantUnderTest } from './api-under-test.ts';
import { approvalsUnder } from './approvals-under-test.ts';
import { exampleSpec } from './example-spec.ts';
import { problemOf } from './http-call.ts';
import { forceState, storeArtifact } from './stored-build.ts';

/** What waits at the gates, how long, and that no way leads around them. */
export function describeApprovalGates(api: () => ApiUnderTest): void {
  describe('approval gates', () => {
    const {
      send,
      refusal,
      opened,
      person,
      planned,
      buildOf,
      start,
      requestOf,
      read,
      decide,
      approved,
      list,
      lapse,
      eventsOf,
    } = approvalsUnder(api);
    let other: TenantUnderTest;
    beforeAll(async () => {
      other = await api().tenant('strangers to approvals');
    });

    it.each(['\u0000', 'two\nlines', '\u001b[2J', 'a\u202eb', '', 'x'.repeat(1_001)])(
      'takes no comment %j',
      async (comment) => {
        const { keys } = other;
        const body = { specDigest: '0'.repeat(64), comment };
        const answer = await send('POST', '/v1/approvals/apr_none:approve', body, keys.approver);
        expect([answer.status, problemOf(answer).errors[0]?.path]).toEqual([400, 'comment']);
      },
    );

    it('an expired request ends its build, and takes no approval any more', async () => {
      const tenant = await opened({ gate: 'build' });
      const ada = await person(tenant, 'approver');
      const [late, swept] = [await start(tenant.keys.builder), await start(tenant.keys.builder)];
      await lapse(requestOf(late));
      await lapse(requestOf(swept));
      expect(refusal(await decide('approve', requestOf(late), ada.key))).toEqual([409, 'approval.expired']);
      expect(await sweepRequests(api().ports)).toContain(requestOf(swept));
      expect(await sweepRequests(api().ports)).not.toContain(requestOf(swept));
      for (const { id } of [late, swept]) {
        const build = await buildOf(id, ada.key);
        expect(build).toMatchObject({ state: 'rejected', failure: { code: 'approval.expired' } });
        expect(build.approval).toMatchObject({ state: 'expired' });
      }
      expect(refusal(await decide('approve', requestOf(swept), ada.key))).toEqual([409, 'approval.expired']);
      const events = await eventsOf(tenant.tenantId);
      expect(events.filter(({ type }) => type === 'build.rejected')).toHaveLength(2);
    });

    it('a build that waits is cancelled like any other', async () => {
      const tenant = await opened({ gate: 'build' });
      const ada = await person(tenant, 'approver');
      const build = await start(tenant.keys.builder);
      expect((await send('POST', `/v1/builds/${build.id}/cancel`, undefined, tenant.keys.builder)).status).toBe(202);
      expect(refusal(await decide('approve', requestOf(build), ada.key))).toEqual([409, 'approval.decided']);
      const at = new Date().toISOString();
      const detail = { buildId: build.id };
      const { tenantId } = tenant;
      await cancelBuild(
        api().ports,
        eventEnvelope({ id: 'evt_1', type: 'build.cancel_requested', version: 1, tenantId, at, detail }),
      );
      expect(await buildOf(build.id, ada.key)).toMatchObject({ state: 'cancelled', approval: { state: 'closed' } });
      expect((await list(ada.key, '?state=pending')).approvals).toEqual([]);
    });

    it('a policy that is removed holds nobody any more', async () => {
      const tenant = await opened({ gate: 'build' });
      const build = await start(tenant.keys.builder);
      await send('DELETE', '/v1/approval-policies/four-eyes', undefined, tenant.keys.owner);
      await sweepRequests(api().ports);
      expect(await buildOf(build.id, tenant.keys.viewer)).toMatchObject({ state: 'queued' });
    });

    it('one approval serves all builds of the spec that wait', async () => {
      const tenant = await opened({ gate: 'build' });
      const ada = await person(tenant, 'approver');
      const builds = [await start(tenant.keys.builder), await start(tenant.keys.builder)];
      await approved(requestOf(builds[0] ?? {}), ada.key);
      await sweepRequests(api().ports);
      for (const { id } of builds) expect((await buildOf(id, ada.key)).state).toBe('queued');
    });

    it('asks by outputs and cost', async () => {
      const tenant = await opened({ gate: 'build', when: { outputs: ['iso'] } });
      expect((await start(tenant.keys.builder, { outputs: [{ type: 'tar' }] })).state).toBe('queued');
      expect((await start(tenant.keys.builder)).state).toBe('awaiting_approval');
      const costs = await opened({ gate: 'build', when: { costAboveMicros: 1 } });
      expect((await start(costs.keys.builder)).state).toBe('awaiting_approval');
      const dear = await opened({ gate: 'build', when: { outputs: ['iso'], costAboveMicros: 1_000_000_000 } });
      expect(await start(dear.keys.builder)).toMatchObject({ state: 'queued' });
      expect((await start(dear.keys.builder)).approval).toBeUndefined();
    });

    it('asks by template: of what a build is, repeats, or is laid over', async () => {
      const { ports } = api();
      const unknown = await send(
        'PUT',
        '/v1/approval-policies/x',
        { gate: 'build', when: { templates: ['none'] } },
        other.keys.owner,
      );
      expect(refusal(unknown)).toEqual([404, 'template.not_found']);
      const tenant = await opened({ gate: 'build', when: { templates: ['preset-minimal'] } });
      expect((await start(tenant.keys.builder)).state).toBe('queued');
      const own = `tpl_${tenant.tenantId.slice(4)}`;
      const version = {
        ...{ version: 1, notes: '', publishedAt: new Date().toISOString(), publishedBy: tenant.ownerId },
        ...{ digest: '0'.repeat(64), extends: [{ id: 'preset-minimal', version: 1 }] },
      };
      await ports.table.transact([{ kind: 'put', key: versionPlace(own, 1), data: version }]);
      for (const template of ['preset-minimal', own, 'preset-rescue']) {
        const answer = await send('POST', '/v1/builds', exampleSpec, tenant.keys.builder);
        const { id } = buildViewSchema.parse(answer.json());
        const found = await findBuild(ports.table, id);
        if (found === undefined) throw new Error('there is no build');
        const build = { ...found.value, template: { id: template, version: 1 } };
        await ports.table.transact([buildWrite(build, found.version)]);
        await planned(id);
        const held = template !== 'preset-rescue';
        expect((await buildOf(id, tenant.keys.viewer)).state).toBe(held ? 'awaiting_approval' : 'queued');
        await forceState(ports, id, 'failed');
        const resumed = await send('POST', `/v1/builds/${id}:resume`, undefined, tenant.keys.builder);
        const again = buildViewSchema.parse(resumed.json());
        await planned(again.id);
        expect((await buildOf(again.id, tenant.keys.viewer)).state).toBe(held ? 'awaiting_approval' : 'queued');
      }
    });

    it('is not passed by repeating, nor by verifying', async () => {
      const tenant = await api().tenant('no way around');
      const build = await start(tenant.keys.builder);
      expect(build.state).toBe('queued');
      await send('PUT', '/v1/approval-policies/late', { gate: 'build' }, tenant.keys.owner);
      // A policy is for builds that come to the gate after it was made.
      expect((await buildOf(build.id, tenant.keys.viewer)).state).toBe('queued');
      await forceState(api().ports, build.id, 'succeeded');
      for (const verb of [':retry', '/verify']) {
        const answer = await send('POST', `/v1/builds/${build.id}${verb}`, undefined, tenant.keys.builder);
        const { id } = buildViewSchema.parse(answer.json());
        await planned(id);
        expect((await buildOf(id, tenant.keys.viewer)).state).toBe('awaiting_approval');
      }
    });

    it('plans twice, waits once', async () => {
      const tenant = await opened({ gate: 'build' });
      const build = await start(tenant.keys.builder);
      await planned(build.id);
      expect((await list(tenant.keys.approver)).approvals).toHaveLength(1);
    });

    it('in a team: who approves there decides what belongs to it, and nothing else', async () => {
      const tenant = await opened({ gate: 'build', approvers: { roles: ['approver'] } });
      const { ports } = api();
      const operator = await principalWith(ports, tenant.keys.operator);
      const [web, edge] = [await teamOfTenant(ports, operator, 'web'), await teamOfTenant(ports, operator, 'edge')];
      const ada = await person(tenant, 'member');
      const reach = wholeTenant(tenant.tenantId);
      await setTeamMember(ports, operator, { reach, teamId: web, memberId: ada.memberId }, ['approver']);
      const [ofWeb, ofEdge, ofNone] = [
        await start(tenant.keys.owner, {}, `?team=${web}`),
        await start(tenant.keys.owner, {}, `?team=${edge}`),
        await start(tenant.keys.owner),
      ];
      expect((await list(ada.key)).approvals.map(({ id }) => id)).toEqual([requestOf(ofWeb)]);
      for (const build of [ofEdge, ofNone]) {
        const body = { specDigest: build.specDigest };
        const answer = await send('POST', `/v1/approvals/${requestOf(build)}:approve`, body, ada.key);
        expect(refusal(answer)).toEqual([404, 'approval.not_found']);
      }
      expect(await approved(requestOf(ofWeb), ada.key)).toMatchObject({ state: 'approved', teamId: web });
      // Of what belongs to another team her word is none, though the spec is the same.
      await sweepRequests(ports);
      expect((await read(requestOf(ofEdge), tenant.keys.owner)).votes).toMatchObject([
        { counts: false, code: 'approval.not_eligible' },
      ]);
      const teams = await opened({ gate: 'build' });
      const missing = { gate: 'build', when: { teams: [web] } };
      const unknown = await send('PUT', '/v1/approval-policies/x', missing, teams.keys.owner);
      expect(refusal(unknown)).toEqual([404, 'team.not_found']);
    });

    it('hold it from the first on', async () => {
      const tenant = await opened({ gate: 'publish' });
      const build = await start(tenant.keys.builder);
      expect(build).toMatchObject({ state: 'queued', publication: 'held' });
      await storeArtifact(api().ports, tenant.tenantId, build.id, 'edge-web.iso', build.id);
      const { viewer } = tenant.keys;
      for (const state of ['running', 'failed', 'succeeded'] as const) {
        await forceState(api().ports, build.id, state);
        for (const path of ['artifacts', 'artifacts/edge-web.iso']) {
          const answer = await send('GET', `/v1/builds/${build.id}/${path}`, undefined, viewer);
          expect(refusal(answer)).toEqual([409, 'artifact.held']);
        }
      }
    });

    it('are held by no way around: what a verification made is nobody’s', async () => {
      const tenant = await api().tenant('verified');
      const build = await start(tenant.keys.builder);
      await forceState(api().ports, build.id, 'succeeded');
      const answer = await send('POST', `/v1/builds/${build.id}/verify`, undefined, tenant.keys.builder);
      const { id } = buildViewSchema.parse(answer.json());
      await storeArtifact(api().ports, tenant.tenantId, id, 'edge-web.iso', id);
      const listed = await send('GET', `/v1/builds/${id}/artifacts`, undefined, tenant.keys.viewer);
      expect(listed.json()).toEqual({ artifacts: [] });
      const file = await send('GET', `/v1/builds/${id}/artifacts/edge-web.iso`, undefined, tenant.keys.viewer);
      expect(refusal(file)).toEqual([404, 'artifact.not_found']);
    });
  });
}
