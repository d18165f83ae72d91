import { beforeAll, describe, expect, it } from 'vitest';
import { policyViewSchema } from '../../../core/approvals/views.ts';
import type { ApiUnderTest, TenantUnderTest } from './api-under-test.ts';
import { approvalsUnder } from './approvals-under-test.ts';
import { problemOf, withoutRequestId } from './http-call.ts';

/** What must be approved, and by whom. */
export function describeApprovalPolicies(api: () => ApiUnderTest): void {
  describe('approval policies', () => {
    const { send: sendAs, refusal, auditOf } = approvalsUnder(api);
    let one: TenantUnderTest;
    let other: TenantUnderTest;
    beforeAll(async () => {
      [one, other] = await Promise.all([api().tenant('policies'), api().tenant('elsewhere')]);
    });
    const send = (method: string, path: string, body?: unknown, key = one.keys.owner) =>
      sendAs(method, path, body, key);

    const policy = {
      gate: 'build',
      quorum: 2,
      when: { outputs: ['iso', 'iso'] },
      approvers: { roles: ['approver'] },
    };

    it('are made, read, listed, changed and removed', async () => {
      const made = await send('PUT', '/v1/approval-policies/isos', policy);
      expect(made.status).toBe(201);
      const view = policyViewSchema.parse(made.json());
      expect(view).toMatchObject({ name: 'isos', quorum: 2, when: { outputs: ['iso'] }, validSeconds: 604_800 });
      expect((await send('GET', '/v1/approval-policies/isos', undefined, one.keys.approver)).json()).toEqual(view);
      const same = await send('PUT', '/v1/approval-policies/isos', policy);
      expect([same.status, same.json()]).toEqual([200, view]);
      const changed = policyViewSchema.parse(
        (await send('PUT', '/v1/approval-policies/isos', { ...policy, quorum: 1 })).json(),
      );
      expect(changed).toMatchObject({ quorum: 1, revision: view.revision + 1, createdAt: view.createdAt });
      await send('PUT', '/v1/approval-policies/all', { gate: 'publish' });
      const first = (await send('GET', '/v1/approval-policies?limit=1')).json() as {
        policies: { name: string }[];
        cursor: string;
      };
      const second = (await send('GET', `/v1/approval-policies?limit=1&cursor=${first.cursor}`)).json();
      expect([first.policies[0]?.name, second]).toMatchObject(['all', { policies: [{ name: 'isos' }] }]);
      expect((await send('DELETE', '/v1/approval-policies/isos')).json()).toEqual({ removed: true });
      expect((await send('DELETE', '/v1/approval-policies/all')).status).toBe(200);
      expect(refusal(await send('GET', '/v1/approval-policies/isos'))).toEqual([404, 'approval.policy_not_found']);
      const again = policyViewSchema.parse((await send('PUT', '/v1/approval-policies/isos', policy)).json());
      // What was approved under the one that is gone is not approved under this one.
      expect(again.revision).toBeGreaterThan(changed.revision);
      await send('DELETE', '/v1/approval-policies/isos');
      const actions = (await auditOf(one.tenantId)).map(({ action }) => action);
      expect(actions.filter((action) => action.startsWith('approval_policy'))).toHaveLength(7);
    });

    it.each([
      ['complianceStates', { gate: 'build', when: { complianceStates: ['fail'] } }, 'known when a build has ended'],
      ['costAboveMicros', { gate: 'publish', when: { costAboveMicros: 5 } }, 'is spent'],
    ])('hold no condition that nothing judges: %s', async (field, content, reason) => {
      const answer = await send('PUT', '/v1/approval-policies/vain', content);
      expect(refusal(answer)).toEqual([422, 'approval.condition_unsupported']);
      expect(problemOf(answer).errors).toMatchObject([
        { path: `when.${field}`, reason: expect.stringContaining(reason) },
      ]);
      expect((await send('GET', '/v1/approval-policies/vain')).status).toBe(404);
    });

    it.each([
      [{}, 'gate'],
      [{ gate: 'deploy' }, 'gate'],
      [{ gate: 'build', quorum: 0 }, 'quorum'],
      [{ gate: 'build', quorum: 11 }, 'quorum'],
      [{ gate: 'build', validSeconds: 1 }, 'validSeconds'],
      [{ gate: 'build', when: { outputs: [] } }, 'when.outputs'],
      [{ gate: 'publish', when: { complianceStates: ['passed'] } }, 'when.complianceStates[0]'],
      [{ gate: 'build', when: { outputs: ['floppy'] } }, 'when.outputs[0]'],
      [{ gate: 'build', when: { colour: 'red' } }, 'when.colour'],
      [{ gate: 'build', when: { costAboveMicros: 0.5 } }, 'when.costAboveMicros'],
      [{ gate: 'build', description: 'two\nlines' }, 'description'],
    ])('are not made of %j', async (content, path) => {
      const answer = await send('PUT', '/v1/approval-policies/wrong', content);
      expect(answer.status).toBe(400);
      expect(problemOf(answer).errors.map((error) => error.path)).toContain(path);
    });

    it('name roles and members that there are', async () => {
      const role = await send('PUT', '/v1/approval-policies/x', { gate: 'build', approvers: { roles: ['nobody'] } });
      expect(refusal(role)).toEqual([404, 'role.not_found']);
      const members = [other.ownerId];
      const member = await send('PUT', '/v1/approval-policies/x', { gate: 'build', approvers: { members } });
      expect(refusal(member)).toEqual([404, 'member.not_found']);
    });

    it('get each a revision of its own where many are set at once', async () => {
      const tenant = await api().tenant('at once');
      const answers = await Promise.all(
        Array.from({ length: 6 }, (_, at) =>
          send('PUT', `/v1/approval-policies/p${at}`, { gate: 'build' }, tenant.keys.owner),
        ),
      );
      const revisions = answers.map((answer) => policyViewSchema.parse(answer.json()).revision);
      expect(revisions.sort()).toEqual([1, 2, 3, 4, 5, 6]);
    });
  });

  describe('lists of approvals', () => {
    const { send, refusal, opened, person, start, requestOf, approved, list } = approvalsUnder(api);
    let other: TenantUnderTest;
    beforeAll(async () => {
      other = await api().tenant('strangers to lists');
    });

    it('page, by state, and are those of the tenant', async () => {
      const tenant = await opened({ gate: 'build' });
      const ada = await person(tenant, 'approver');
      const ids: string[] = [];
      for (let at = 0; at < 3; at += 1) ids.push(requestOf(await start(tenant.keys.builder, { name: `n${at}` })));
      await approved(ids[1] ?? '', ada.key);
      const first = await list(ada.key, '?limit=2');
      const second = await list(ada.key, `?limit=2&cursor=${first.cursor}`);
      expect([...first.approvals, ...second.approvals].map(({ id }) => id)).toEqual(ids.toReversed());
      const mine = await list(ada.key, '?mine=true');
      expect(mine.approvals.map(({ id }) => id)).toEqual([ids[2], ids[0]]);
      expect((await list(ada.key, '?state=approved')).approvals.map(({ id }) => id)).toEqual([ids[1]]);
      expect((await list(other.keys.owner)).approvals).toEqual([]);
      const stolen = await send('GET', `/v1/approvals?limit=2&cursor=${first.cursor}`, undefined, other.keys.owner);
      expect(refusal(stolen)).toEqual([400, 'cursor.invalid']);
    });

    it('another tenant’s request is as one that is missing', async () => {
      const tenant = await opened({ gate: 'build' });
      const id = requestOf(await start(tenant.keys.builder));
      const body = { specDigest: '0'.repeat(64), comment: 'x' };
      for (const [method, path, given] of [
        ['GET', '', undefined],
        ['POST', ':approve', body],
        ['POST', ':reject', body],
        ['POST', ':withdraw', undefined],
      ] as const) {
        const theirs = await send(method, `/v1/approvals/${id}${path}`, given, other.keys.approver);
        const none = await send(method, `/v1/approvals/apr_${'0'.repeat(26)}${path}`, given, other.keys.approver);
        expect(refusal(theirs)).toEqual([404, 'approval.not_found']);
        expect(withoutRequestId(theirs)).toBe(withoutRequestId(none));
      }
    });
  });
}
