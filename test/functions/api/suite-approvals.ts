import { describe, expect, it } from 'vitest';
import { createApiKey } from '../../../core/access/key-repository.ts';
import { buildViewSchema } from '../../../core/builds/build-view.ts';
import { memberWith } from '../../support/members.ts';
import type { ApiUnderTest } from './api-under-test.ts';
import { approvalsUnder } from './approvals-under-test.ts';
import { exampleSpec } from './example-spec.ts';
import { problemOf } from './http-call.ts';
import { forceState } from './stored-build.ts';

/** Builds that wait for approval: who may give it, and what it is worth. */
export function describeApprovals(api: () => ApiUnderTest): void {
  describe('approvals', () => {
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
      eventsOf,
      auditOf,
    } = approvalsUnder(api);

    it('a build that a policy names waits, and the approval that fills the quorum queues it once', async () => {
      const tenant = await opened({ gate: 'build', quorum: 2, approvers: { roles: ['approver'] } });
      const [ada, bob] = [await person(tenant, 'approver'), await person(tenant, 'approver')];
      const build = await start(tenant.keys.builder);
      expect(build).toMatchObject({
        ...{ state: 'awaiting_approval', ended: false },
        approval: { gate: 'build', state: 'pending', needed: 2, given: 0, policies: [{ name: 'four-eyes' }] },
      });
      const id = requestOf(build);
      const seen = await read(id, ada.key);
      expect(seen).toMatchObject({
        ...{ buildId: build.id, name: 'edge-web', specDigest: build.specDigest, outputs: ['iso', 'tar'] },
        ...{ you: { mayDecide: true, approved: false }, spec: { name: 'edge-web' }, votes: [] },
      });
      expect(seen.costMicros).toBe(Math.round((build.estimate?.estimated.dollars ?? 0) * 1e6));
      const first = await approved(id, ada.key, { comment: 'Seen.' });
      expect(first).toMatchObject({ state: 'pending', given: 1, you: { approved: true } });
      expect(first.votes).toMatchObject([{ memberId: ada.memberId, comment: 'Seen.', counts: true }]);
      // One vote a member: the same person twice is one.
      expect(await approved(id, ada.key)).toMatchObject({ state: 'pending', given: 1 });
      expect((await buildOf(build.id, ada.key)).approval).toMatchObject({ given: 1 });
      expect(await approved(id, bob.key)).toMatchObject({ state: 'approved', given: 2 });
      expect((await buildOf(build.id, ada.key)).state).toBe('queued');
      const events = (await eventsOf(tenant.tenantId)).map(({ type }) => type);
      expect(events.filter((type) => type === 'build.queued' || type.startsWith('approval')).sort()).toEqual([
        ...['approval.decided', 'approval.requested', 'build.queued'],
      ]);
      const audit = (await auditOf(tenant.tenantId)).filter(({ action }) => action === 'approval.given');
      expect(audit.map(({ actor }) => actor?.memberId)).toEqual([ada.memberId, ada.memberId, bob.memberId]);
      expect(refusal(await decide('approve', id, bob.key))).toEqual([409, 'approval.decided']);
      expect(refusal(await decide('withdraw', id, bob.key))).toEqual([409, 'approval.decided']);
    });

    it('the last two approvals at once move a build once', async () => {
      const tenant = await opened({ gate: 'build', quorum: 3 });
      const build = await start(tenant.keys.builder);
      const people = await Promise.all(Array.from({ length: 5 }, () => person(tenant, 'approver')));
      const [first, ...rest] = people;
      await approved(requestOf(build), first?.key ?? '');
      const answers = await Promise.all(rest.map(({ key }) => decide('approve', requestOf(build), key)));
      const statuses = answers.map(({ status }) => status);
      expect(statuses.filter((status) => status === 200)).toHaveLength(2);
      expect(statuses.filter((status) => status === 409)).toHaveLength(2);
      const events = (await eventsOf(tenant.tenantId)).map(({ type }) => type);
      expect(events.filter((type) => type === 'build.queued')).toHaveLength(1);
      expect(events.filter((type) => type === 'approval.decided')).toHaveLength(1);
      expect((await read(requestOf(build), first?.key ?? '')).votes).toHaveLength(3);
    });

    it('the author approves with none of their keys, nor by a service account that they added', async () => {
      const tenant = await opened({ gate: 'build' });
      const { tenantId } = tenant;
      const ada = await person(tenant, 'owner');
      const build = await start(ada.key);
      const second = await createApiKey(api().ports, { tenantId, memberId: ada.memberId, name: 'second' });
      for (const key of [ada.key, second.text]) {
        expect(refusal(await decide('approve', requestOf(build), key))).toEqual([403, 'approval.self']);
      }
      const added = await send('POST', '/v1/members', { kind: 'service', name: 'CI', roles: ['approver'] }, ada.key);
      const { memberId, addedBy } = added.json() as { memberId: string; addedBy: string };
      expect(addedBy).toBe(ada.memberId);
      const { text } = await createApiKey(api().ports, { tenantId, memberId, name: 'ci' });
      expect(refusal(await decide('approve', requestOf(build), text))).toEqual([403, 'approval.self']);
      expect(await read(requestOf(build), ada.key)).toMatchObject({
        you: { mayDecide: false, code: 'approval.self' },
      });
      // The other way round too: what the service account asks for.
      await send('PATCH', `/v1/members/${memberId}`, { roles: ['builder'] }, ada.key);
      const theirs = await start(text, { name: 'of-ci' });
      expect(refusal(await decide('approve', requestOf(theirs), ada.key))).toEqual([403, 'approval.self']);
      expect(refusal(await decide('reject', requestOf(theirs), ada.key, { comment: 'x' }))[1]).toBe('approval.self');
      const refusals = (await auditOf(tenantId)).filter(({ action }) => action === 'access.refused');
      expect(refusals.map(({ detail }) => detail.code)).toContain('approval.self');
    });

    it('only those approve whom the policies name, and service accounts only by name', async () => {
      const [tenant, ports] = [await api().tenant('named'), api().ports];
      const { tenantId } = tenant;
      const robot = await memberWith(ports, tenantId, ['approver'], 'service');
      const key = (await createApiKey(ports, { tenantId, memberId: robot.memberId, name: 'robot' })).text;
      const [owner, approver] = [await person(tenant, 'owner'), await person(tenant, 'approver')];
      const put = (approvers: object) =>
        send('PUT', '/v1/approval-policies/named', { gate: 'build', approvers, quorum: 2 }, tenant.keys.owner);
      await put({ roles: ['approver'] });
      const id = requestOf(await start(tenant.keys.builder));
      for (const who of [key, owner.key]) {
        expect(refusal(await decide('approve', id, who))).toEqual([403, 'approval.not_eligible']);
      }
      expect((await list(owner.key, '?mine=true')).approvals).toEqual([]);
      expect((await list(approver.key, '?mine=true')).approvals.map((each) => each.id)).toEqual([id]);
      await put({ roles: ['approver'], members: [robot.memberId] });
      expect(await approved(id, key)).toMatchObject({ given: 1 });
      expect((await list(key, '?mine=true')).approvals).toEqual([]);
      const viewer = await send(
        'POST',
        `/v1/approvals/${id}:approve`,
        { specDigest: '0'.repeat(64) },
        tenant.keys.viewer,
      );
      expect(refusal(viewer)).toEqual([403, 'access.forbidden']);
    });

    it('an edited spec voids approvals, and says so', async () => {
      const tenant = await opened({ gate: 'build', quorum: 2 });
      const [ada, bob] = [await person(tenant, 'approver'), await person(tenant, 'approver')];
      const build = await start(tenant.keys.builder);
      await approved(requestOf(build), ada.key);
      await approved(requestOf(build), bob.key);
      await forceState(api().ports, build.id, 'failed');
      const resume = async (spec?: object) => {
        const answer = await send('POST', `/v1/builds/${build.id}:resume`, spec, tenant.keys.builder);
        const { id } = buildViewSchema.parse(answer.json());
        await planned(id);
        return buildOf(id, tenant.keys.builder);
      };
      // The very spec is covered by what was approved, with a trail of it.
      const same = await resume();
      expect(same).toMatchObject({ state: 'queued', approval: { state: 'approved', given: 2 } });
      expect((await auditOf(tenant.tenantId)).map(({ action }) => action)).toContain('approval.covered');
      const edited = await resume({ ...exampleSpec, packages: { install: ['openssh-server', 'netcat-openbsd'] } });
      expect(edited).toMatchObject({
        state: 'awaiting_approval',
        approval: {
          ...{ state: 'pending', given: 0 },
          voided: { code: 'approval.voided', reason: 'spec_changed', approvals: 2, buildId: build.id },
        },
      });
      // So it is where it is started anew under its name.
      const started = await start(tenant.keys.builder, { outputs: [{ type: 'tar' }] });
      expect(started).toMatchObject({ state: 'awaiting_approval', approval: { given: 0 } });
      // A word for the old spec is none for the new one.
      const answer = await decide('approve', requestOf(edited), ada.key, { specDigest: build.specDigest });
      expect(refusal(answer)).toEqual([409, 'approval.digest_mismatch']);
      expect((await read(requestOf(edited), ada.key)).given).toBe(0);
    });

    it('a changed policy voids approvals, before and after', async () => {
      const tenant = await opened({ gate: 'build', quorum: 2 });
      const [ada, bob] = [await person(tenant, 'approver'), await person(tenant, 'approver')];
      const build = await start(tenant.keys.builder);
      await approved(requestOf(build), ada.key);
      const put = { gate: 'build', quorum: 2, validSeconds: 3_600 };
      await send('PUT', '/v1/approval-policies/four-eyes', put, tenant.keys.owner);
      const view = await read(requestOf(build), bob.key);
      expect(view).toMatchObject({ given: 0, votes: [{ counts: false, code: 'approval.voided' }] });
      expect(await approved(requestOf(build), bob.key)).toMatchObject({ state: 'pending', given: 1 });
      expect(await approved(requestOf(build), ada.key)).toMatchObject({ state: 'approved' });
      await send('PUT', '/v1/approval-policies/four-eyes', { ...put, quorum: 1 }, tenant.keys.owner);
      expect(await start(tenant.keys.builder)).toMatchObject({
        ...{ state: 'awaiting_approval', approval: { voided: { reason: 'policy_changed', approvals: 2 } } },
      });
    });

    it('covers no build of the one who has approved', async () => {
      const tenant = await opened({ gate: 'build' });
      const [ada, bob] = [await person(tenant, 'approver', 'builder'), await person(tenant, 'builder')];
      await approved(requestOf(await start(bob.key)), ada.key);
      expect((await start(tenant.keys.builder)).state).toBe('queued');
      const own = await start(ada.key);
      expect(own).toMatchObject({ state: 'awaiting_approval', approval: { given: 0 } });
      expect((await read(requestOf(own), bob.key)).votes).toMatchObject([{ counts: false, code: 'approval.self' }]);
    });

    it('an approval counts no more when who gave it may not approve any more', async () => {
      const tenant = await opened({ gate: 'build', quorum: 2 });
      const [ada, bob] = [await person(tenant, 'approver'), await person(tenant, 'approver')];
      const eve = await person(tenant, 'approver');
      const id = requestOf(await start(tenant.keys.builder));
      await approved(id, ada.key);
      await send('PATCH', `/v1/members/${ada.memberId}`, { suspended: true }, tenant.keys.owner);
      expect(await approved(id, bob.key)).toMatchObject({ state: 'pending', given: 1 });
      expect(await approved(id, eve.key)).toMatchObject({ state: 'approved', given: 2 });
    });

    it('a withdrawn approval does not count', async () => {
      const tenant = await opened({ gate: 'build', quorum: 2 });
      const [ada, bob] = [await person(tenant, 'approver'), await person(tenant, 'approver')];
      const id = requestOf(await start(tenant.keys.builder));
      expect(refusal(await decide('withdraw', id, ada.key))).toEqual([409, 'approval.none_given']);
      await approved(id, ada.key);
      expect((await decide('withdraw', id, ada.key)).json()).toMatchObject({ given: 0, votes: [] });
      expect(await approved(id, bob.key)).toMatchObject({ state: 'pending', given: 1 });
    });

    it('a rejection is for good, tells its reason, and takes what was approved with it', async () => {
      const tenant = await opened({ gate: 'build', quorum: 2 });
      const [ada, bob] = [await person(tenant, 'approver'), await person(tenant, 'approver')];
      const build = await start(tenant.keys.builder);
      const id = requestOf(build);
      await approved(id, ada.key);
      const without = await send('POST', `/v1/approvals/${id}:reject`, { specDigest: build.specDigest }, bob.key);
      expect(problemOf(without).errors.map(({ path }) => path)).toEqual(['comment']);
      const answer = await decide('reject', id, bob.key, { comment: 'No telnet here.' });
      expect(answer.json()).toMatchObject({ state: 'rejected', reason: 'No telnet here.', rejectedBy: bob.memberId });
      expect(await buildOf(build.id, ada.key)).toMatchObject({
        ...{ state: 'rejected', ended: true, failure: { code: 'approval.rejected', reason: 'No telnet here.' } },
      });
      expect(refusal(await decide('approve', id, ada.key))).toEqual([409, 'approval.decided']);
      const again = await send('POST', `/v1/builds/${build.id}:retry`, undefined, tenant.keys.builder);
      const retried = buildViewSchema.parse(again.json());
      await planned(retried.id);
      expect((await buildOf(retried.id, ada.key)).approval).toMatchObject({ state: 'pending', given: 0 });
    });
  });
}
