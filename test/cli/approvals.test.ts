import { afterAll, beforeAll, expect, it } from 'vitest';
import { createApiKey } from '../../core/access/key-repository.ts';
import { wholeTenant } from '../../core/access/reach.ts';
import { eventEnvelope } from '../../core/events/envelope.ts';
import { requestCancel } from '../../core/sharing/cancel.ts';
import { handle as cancelBuild } from '../../functions/events/cancel-build/cancel-build.ts';
import { handle as planBuild } from '../../functions/orchestration/plan-build/plan-build.ts';
import { LinuxBuilderClient } from '../../sdk/client.ts';
import { startExample } from '../functions/api/example-spec.ts';
import { memberWith } from '../support/members.ts';
import { type CliUnderTest, openCli } from './engine-under-test.ts';

let cli: CliUnderTest;
let approver: string;
beforeAll(async () => {
  cli = await openCli();
  const { ports } = cli.api;
  const { tenantId } = cli.tenant;
  const { memberId } = await memberWith(ports, tenantId, ['approver'], 'person');
  approver = (await createApiKey(ports, { tenantId, memberId, name: 'test' })).text;
});
afterAll(() => cli?.close());

const event = (type: 'build.submitted' | 'build.cancel_requested', buildId: string) =>
  eventEnvelope({
    ...{ id: 'evt_1', type, version: 1, tenantId: 'ten_1', at: new Date().toISOString(), detail: { buildId } },
  });
const asApprover = (args: readonly string[]) =>
  cli.run(args, { environment: { LBUILD_URL: cli.api.url, LBUILD_API_KEY: approver } });
const set = (name: string, ...args: string[]) => cli.run(['approvals', 'policies', 'set', name, ...args]);
async function waiting(): Promise<{ build: string; request: string }> {
  const build = await startExample(cli.api.url, cli.tenant.keys.builder);
  await planBuild(cli.api.ports, event('build.submitted', build));
  const client = new LinuxBuilderClient({ url: cli.api.url, apiKey: approver });
  return { build, request: (await client.getStatus(build)).approval?.id ?? 'none' };
}

it('policies are set, listed and removed', async () => {
  const made = await set('eyes', '--gate', 'build', '--role', 'approver', '--output', 'iso', '--valid', '3600');
  expect([made.code, made.out]).toEqual([0, 'eyes  build  1 of approver  for 3600 s  outputs iso\n']);
  expect((await cli.run(['approvals', 'policies', 'list'])).out).toBe(made.out);
  const vain = await set('vain', '--gate', 'publish', '--cost-above', '5');
  expect([vain.code, vain.err]).toEqual([2, expect.stringContaining('approval.condition_unsupported')]);
  expect((await set('vain', '--gate', 'nowhere')).code).toBe(2);
  expect((await cli.run(['approvals', 'policies', 'remove', 'eyes'])).out).toBe('eyes removed\n');
  expect((await cli.run(['approvals', 'policies', 'remove', 'eyes'])).code).toBe(3);
});

it('requests are listed and shown, with the spec that is judged', async () => {
  await set('eyes', '--gate', 'build', '--quorum', '2');
  const { build, request } = await waiting();
  const listed = await asApprover(['approvals', 'ls', '--mine']);
  expect(listed.out).toMatch(
    new RegExp(`^${request} {2}build {4}pending {3}0 of 2 {2}until \\S+Z {2}${build} {2}edge-web\\n$`),
  );
  expect((await cli.run(['status', build])).out).toContain(`waits for approval: 0 of 2 by`);
  const shown = await asApprover(['approvals', 'show', request]);
  expect(shown.out).toContain('it waits for you');
  const spec = await asApprover(['approvals', 'show', request, '--spec']);
  expect(JSON.parse(spec.out)).toMatchObject({ name: 'edge-web' });
});

it('requests are approved, withdrawn and rejected', async () => {
  const { build, request } = await waiting();
  const given = await asApprover(['approvals', 'approve', request, '--comment', 'seen']);
  expect([given.code, given.out]).toEqual([0, expect.stringContaining('1 of 2')]);
  expect((await asApprover(['approvals', 'show', request])).out).toContain(': seen');
  expect((await asApprover(['approvals', 'withdraw', request])).out).toContain('0 of 2');
  const stale = await asApprover(['approvals', 'approve', request, '--digest', '0'.repeat(64)]);
  expect([stale.code, stale.err]).toEqual([7, expect.stringContaining('approval.digest_mismatch')]);
  const rejected = await asApprover(['approvals', 'reject', request, '--comment', 'no telnet']);
  expect([rejected.code, rejected.out]).toEqual([0, expect.stringContaining('rejected')]);
  const status = await cli.run(['status', build, '--wait']);
  expect([status.code, status.out]).toEqual([1, expect.stringContaining('no telnet  [approval.rejected]')]);
});

it('who waits for a build is told what it waits for', async () => {
  await set('eyes', '--gate', 'build');
  const { build } = await waiting();
  const run = await cli.run(['status', build, '--wait'], {
    watch: (text) => {
      if (!text.includes('waits for approval')) return;
      void requestCancel(cli.api.ports, wholeTenant(cli.tenant.tenantId), build).then(() =>
        cancelBuild(cli.api.ports, event('build.cancel_requested', build)),
      );
    },
  });
  expect([run.code, run.err]).toEqual([5, expect.stringMatching(/awaiting_approval {2}waits for approval: 0 of 1 by/)]);
});
