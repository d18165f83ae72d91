import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { newMember } from '../../core/access/member-repository.ts';
import { wholeTenant } from '../../core/access/reach.ts';
import { approve, reject } from '../../core/approvals/decide.ts';
import { policyContentSchema } from '../../core/approvals/policy.ts';
import { removePolicy, setPolicy } from '../../core/approvals/policy-repository.ts';
import { sweepRequests } from '../../core/approvals/sweep.ts';
import type { BuildRecord } from '../../core/builds/build-record.ts';
import { findBuild } from '../../core/builds/build-repository.ts';
import { type BuildDetail, buildDetail } from '../../core/builds/build-view.ts';
import { publishedArtifacts } from '../../core/builds/published-artifacts.ts';
import { requestCancel } from '../../core/sharing/cancel.ts';
import { principalWith } from '../core/approvals/approval-samples.ts';
import { archive, specWith } from '../core/plan/plan-fixtures.ts';
import { type ControlPlane, useControlPlane } from '../support/control-plane.ts';

let plane: ControlPlane;
useControlPlane(archive, (opened) => {
  plane = opened;
});

let tenants = 0;
const spec = specWith({ outputs: [{ type: 'tar' }] });

/** A tenant with a policy, and somebody who may approve. */
async function opened(content: object) {
  tenants += 1;
  const tenantId = `ten_approvals${tenants}`;
  const { ports } = plane;
  const { member, writes } = newMember(ports, tenantId, { kind: 'person', name: 'Ada', roles: ['approver'] });
  await ports.table.transact(writes);
  const principal = principalWith(tenantId, member.memberId);
  await setPolicy(ports, principal, 'eyes', policyContentSchema.parse(content));
  return { tenantId, principal };
}

async function until(id: string, holds: (build: BuildRecord) => boolean): Promise<BuildDetail> {
  for (;;) {
    const build = (await findBuild(plane.ports.table, id))?.value;
    if (build !== undefined && holds(build)) return buildDetail(plane.ports.table, build, 'http://127.0.0.1');
    await sleep(10);
  }
}

const start = async (tenantId: string) => (await plane.submit(spec, {}, tenantId)).id;
const isWaiting = ({ state }: BuildRecord) => state === 'awaiting_approval';

async function names(id: string): Promise<string[]> {
  const build = (await findBuild(plane.ports.table, id))?.value;
  if (build === undefined) throw new Error('the build is gone');
  return (await publishedArtifacts(plane.ports.table, build)).map(({ name }) => name);
}

describe('a build that must be approved before the queue', () => {
  it('begins nothing until it is, and then runs to its end', async () => {
    const { tenantId, principal } = await opened({ gate: 'build' });
    const id = await start(tenantId);
    const waiting = await until(id, isWaiting);
    await sleep(100);
    expect(plane.agent.began).toEqual([]);
    expect((await until(id, isWaiting)).approval).toMatchObject({ gate: 'build', state: 'pending', needed: 1 });
    await approve(plane.ports, principal, waiting.approval?.id ?? '', { specDigest: waiting.specDigest });
    expect((await plane.ended(id)).state).toBe('succeeded');
    expect(await names(id)).toEqual(['example.tar.zst']);
    // The same spec again is covered.
    expect((await plane.ended(await start(tenantId))).state).toBe('succeeded');
  });

  it('ends with a rejection, and with its cancellation', async () => {
    const { tenantId, principal } = await opened({ gate: 'build' });
    const [first, second] = [await start(tenantId), await start(tenantId)];
    const { approval, specDigest } = await until(first, isWaiting);
    await reject(plane.ports, principal, approval?.id ?? '', { specDigest, comment: 'no' });
    expect(await plane.ended(first)).toMatchObject({ state: 'rejected', failure: { code: 'approval.rejected' } });
    await until(second, isWaiting);
    await requestCancel(plane.ports, wholeTenant(tenantId), second);
    await plane.ended(second);
    for (;;) {
      const build = await until(second, () => true);
      if (build.approval?.state === 'closed') break;
      await sleep(10);
    }
    expect(plane.agent.began).toEqual([]);
  });
});

describe('a build whose artifacts must be approved', () => {
  it('publishes them when they are', async () => {
    const { tenantId, principal } = await opened({ gate: 'publish' });
    const ended = await plane.ended(await start(tenantId));
    expect(ended).toMatchObject({ state: 'succeeded', publication: 'held', approval: { gate: 'publish', given: 0 } });
    expect(ended.evidence.map(({ name }) => name)).toContain('SHA256SUMS');
    await expect(names(ended.id)).rejects.toMatchObject({ code: 'artifact.held' });
    const { id = '' } = ended.approval ?? {};
    await approve(plane.ports, principal, id, { specDigest: ended.specDigest });
    expect(await names(ended.id)).toEqual(['example.tar.zst']);
    expect(await until(ended.id, () => true)).toMatchObject({ state: 'succeeded', publication: 'published' });
    // Another build of the same spec may have made other bytes.
    expect(await plane.ended(await start(tenantId))).toMatchObject({ publication: 'held', approval: { given: 0 } });
  });

  it('holds them of each build that shares a work, for itself', async () => {
    const { tenantId, principal } = await opened({ gate: 'publish' });
    plane.agent.scripts.set('script', [{ milliseconds: 1_000 }]);
    const slow = specWith({ outputs: [{ type: 'tar' }], steps: [{ id: 'script', run: 'true' }] });
    const [one, two] = [await plane.submit(slow, {}, tenantId), await plane.submit(slow, {}, tenantId)];
    const [first, second] = [await plane.ended(one.id), await plane.ended(two.id)];
    expect([first.sharedWith, second.sharedWith].filter((id) => id !== undefined)).toHaveLength(1);
    for (const { id } of [first, second]) await expect(names(id)).rejects.toMatchObject({ code: 'artifact.held' });
    expect(first.approval?.id).not.toBe(second.approval?.id);
    await approve(plane.ports, principal, second.approval?.id ?? '', { specDigest: second.specDigest });
    expect(await names(second.id)).toEqual(['example.tar.zst']);
    await expect(names(first.id)).rejects.toMatchObject({ code: 'artifact.held' });
  });

  it('publishes them never when they are rejected', async () => {
    const { tenantId, principal } = await opened({ gate: 'publish' });
    const { id, approval, specDigest } = await plane.ended(await start(tenantId));
    await reject(plane.ports, principal, approval?.id ?? '', { specDigest, comment: 'no' });
    expect(await until(id, () => true)).toMatchObject({
      ...{ state: 'succeeded', publication: 'refused', approval: { state: 'rejected', reason: 'no' } },
    });
    await removePolicy(plane.ports, principal, 'eyes');
    await sweepRequests(plane.ports);
    await expect(names(id)).rejects.toMatchObject({ code: 'artifact.held' });
  });

  it('publishes nothing where it fails', async () => {
    const { tenantId } = await opened({ gate: 'publish' });
    plane.agent.scripts.set('script', [{ fails: 'script.failed' }]);
    const failing = specWith({ outputs: [{ type: 'tar' }], steps: [{ id: 'script', run: 'false' }] });
    const ended = await plane.ended((await plane.submit(failing, { keepGoing: true }, tenantId)).id);
    expect(ended).toMatchObject({ state: 'failed', publication: 'held' });
    expect(ended.approval).toBeUndefined();
    await expect(names(ended.id)).rejects.toMatchObject({ code: 'artifact.held' });
  });

  it('is asked for both gates, each by its own policy', async () => {
    const { tenantId, principal } = await opened({ gate: 'publish' });
    await setPolicy(plane.ports, principal, 'first', policyContentSchema.parse({ gate: 'build' }));
    const id = await start(tenantId);
    const { approval, specDigest } = await until(id, isWaiting);
    await approve(plane.ports, principal, approval?.id ?? '', { specDigest });
    const ended = await plane.ended(id);
    expect(ended).toMatchObject({ publication: 'held', approval: { gate: 'publish', state: 'pending' } });
  });
});
