import { beforeEach, describe, expect, it } from 'vitest';
import { createApiKey } from '../../core/access/key-repository.ts';
import { sweepRequests } from '../../core/approvals/sweep.ts';
import { LinuxBuilderClient } from '../../sdk/client.ts';
import type { BuildDetail } from '../../sdk/generated/types.gen.ts';
import { type Caller, type OpenedApi, until } from '../support/callers.ts';
import type { ControlPlane } from '../support/control-plane.ts';
import { memberWith } from '../support/members.ts';
import { usePluginPlane } from '../support/plugin-plane.ts';

let plane: ControlPlane;
let api: OpenedApi;
/** Who writes plugins and asks for builds, and whoever judges these. */
let owner: Caller;
let ada: LinuxBuilderClient;

usePluginPlane((opened, its) => {
  [plane, api] = [opened, its];
});
beforeEach(async () => {
  plane.agent.began.length = 0;
  owner = await api.caller('asking');
  ada = await personWith('approver');
});

async function personWith(...roles: string[]): Promise<LinuxBuilderClient> {
  const { tenantId } = owner;
  const { memberId } = await memberWith(plane.ports, tenantId, roles, 'person');
  const { text } = await createApiKey(plane.ports, { tenantId, memberId, name: 'test' });
  return new LinuxBuilderClient({ url: api.url, apiKey: text });
}

/** Puts the next version of a plugin that asks for approval, and has it run. */
async function asks(reason: string, name = 'asks'): Promise<number> {
  const code = `export function planPolicy() { return { decision: 'require-approval', reason: '${reason}' }; }`;
  const { version } = await owner.plugins.put({ declaration: { name, hooks: ['planPolicy'] } as never, code });
  await owner.plugins.enable(name);
  return version;
}

const spec = {
  ...{ schemaVersion: 1, name: 'demo', base: { distribution: 'debian', release: 'trixie', architecture: 'amd64' } },
  outputs: [{ type: 'tar' }],
};
async function start(): Promise<string> {
  return (await owner.startBuild({ text: JSON.stringify(spec), mediaType: 'application/json' })).id;
}
async function waiting(id: string): Promise<BuildDetail & { readonly approval: NonNullable<BuildDetail['approval']> }> {
  await until(async () => !['submitted', 'planning'].includes((await owner.getStatus(id)).state));
  const build = await owner.getStatus(id);
  expect(build.state).toBe('awaiting_approval');
  if (build.approval === undefined) throw new Error('it waits for no approval');
  return { ...build, approval: build.approval };
}
async function ended(id: string): Promise<BuildDetail> {
  await until(async () => (await owner.getStatus(id)).ended);
  return owner.getStatus(id);
}
const codeOf = async (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'done',
    (error: unknown) =>
      error instanceof Error && 'problem' in error ? (error.problem as { code: string }).code : error,
  );

describe('a build that a plugin holds', () => {
  it('begins nothing until somebody approves it, and then runs to its end', async () => {
    await asks('dear');
    const id = await start();
    const { approval, specDigest } = await waiting(id);
    expect(approval).toMatchObject({ gate: 'build', state: 'pending', needed: 1, policies: [{ name: 'plugin:asks' }] });
    expect((await ada.approvals.list({ mine: true }).all(10)).map((request) => request.id)).toEqual([approval.id]);
    expect(plane.agent.began).toEqual([]);
    await ada.approvals.approve(approval.id, specDigest);
    const build = await ended(id);
    expect(build).toMatchObject({ state: 'succeeded', plugins: { runs: 1, askApproval: ['asks'] } });
    expect(plane.typesOf(id)).toEqual(expect.arrayContaining(['approval.requested', 'approval.decided']));
    expect((await owner.builds.listArtifacts(id)).map(({ name }) => name)).toEqual(['demo.tar.zst']);
    // What the same version asks of the same spec is answered.
    const again = await ended(await start());
    expect(again).toMatchObject({ state: 'succeeded', approval: { state: 'approved' } });
  });

  it('ends where somebody rejects it, for good', async () => {
    await asks('dear');
    const id = await start();
    const { approval, specDigest } = await waiting(id);
    await ada.approvals.reject(approval.id, specDigest, 'no');
    expect(await ended(id)).toMatchObject({ state: 'rejected', failure: { code: 'approval.rejected' } });
    expect(plane.agent.began).toEqual([]);
    expect(await codeOf(ada.approvals.approve(approval.id, specDigest))).toBe('approval.decided');
    // It says nothing of the next one, which waits as well.
    await waiting(await start());
  });

  it('is approved for the version that asked: another version asks anew', async () => {
    await asks('first');
    const version = await asks('second');
    const before = await waiting(await start());
    await ada.approvals.approve(before.approval.id, before.specDigest);
    expect((await ended(before.id)).state).toBe('succeeded');

    expect(await asks('third')).toBe(version + 1);
    const after = await waiting(await start());
    expect(after.specDigest).toBe(before.specDigest);
    expect(after.approval).toMatchObject({
      ...{ state: 'pending', given: 0 },
      voided: { code: 'approval.voided', reason: 'policy_changed', approvals: 1 },
    });
    const { votes } = await ada.approvals.read(after.approval.id);
    expect(votes).toMatchObject([{ counts: false, code: 'approval.voided' }]);
    await sweepRequests(plane.ports);
    expect((await owner.getStatus(after.id)).state).toBe('awaiting_approval');
    await ada.approvals.approve(after.approval.id, after.specDigest);
    expect((await ended(after.id)).state).toBe('succeeded');
  });

  it('is not released by who asked for it, nor by who may not approve', async () => {
    await asks('dear');
    const { id, approval, specDigest } = await waiting(await start());
    expect(await codeOf(owner.approvals.approve(approval.id, specDigest))).toBe('approval.self');
    const builder = await personWith('builder');
    expect(await codeOf(builder.approvals.approve(approval.id, specDigest))).toBe('access.forbidden');
    const stranger = await api.caller('strangers');
    expect(await codeOf(stranger.approvals.approve(approval.id, specDigest))).toBe('approval.not_found');
    expect((await owner.getStatus(id)).state).toBe('awaiting_approval');
    expect(plane.agent.began).toEqual([]);
  });

  it('waits for one approval of each that asks, which one word gives', async () => {
    await asks('dear');
    await asks('large', 'size');
    const { id, approval, specDigest } = await waiting(await start());
    expect(approval.policies.map(({ name }) => name).sort()).toEqual(['plugin:asks', 'plugin:size']);
    await ada.approvals.approve(approval.id, specDigest);
    expect(await ended(id)).toMatchObject({ state: 'succeeded', plugins: { askApproval: ['asks', 'size'] } });
  });

  it('stays held where its plugin is removed', async () => {
    await asks('dear');
    const { id, approval, specDigest } = await waiting(await start());
    await owner.plugins.remove('asks');
    await sweepRequests(plane.ports);
    expect((await owner.getStatus(id)).state).toBe('awaiting_approval');
    await ada.approvals.approve(approval.id, specDigest);
    expect((await ended(id)).state).toBe('succeeded');
    // Nothing asks any more.
    expect((await ended(await start())).approval).toBeUndefined();
  });

  it('is held by the tenant’s own policies beside, each with its quorum', async () => {
    await owner.approvals.setPolicy('two', { gate: 'build', quorum: 2 } as never);
    await asks('dear');
    const { id, approval, specDigest } = await waiting(await start());
    expect(approval).toMatchObject({ needed: 3 });
    await ada.approvals.approve(approval.id, specDigest);
    expect((await owner.getStatus(id)).state).toBe('awaiting_approval');
    await (await personWith('approver')).approvals.approve(approval.id, specDigest);
    expect((await ended(id)).state).toBe('succeeded');
  });
});
