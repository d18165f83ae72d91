import { createPublicKey, verify } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createSystemClock } from '../../adapters/system/clock.ts';
import type { MemberRecord } from '../../core/access/member-record.ts';
import { newMember } from '../../core/access/member-repository.ts';
import { memberPlace } from '../../core/access/places.ts';
import { policyContentSchema } from '../../core/approvals/policy.ts';
import { removePolicy, setPolicy } from '../../core/approvals/policy-repository.ts';
import { findBuild } from '../../core/builds/build-repository.ts';
import type { BuildDetail } from '../../core/builds/build-view.ts';
import { listEvidence } from '../../core/builds/evidence-record.ts';
import { artifactPlace } from '../../core/builds/places.ts';
import { keptArtifacts } from '../../core/builds/published-artifacts.ts';
import { listArtifacts } from '../../core/builds/stage-repository.ts';
import { complianceReportSchema } from '../../core/compliance/report.ts';
import { testResultSchema } from '../../core/compliance/statement.ts';
import { sha256 } from '../../core/digest.ts';
import { preAuthenticationEncoding, readEnvelope } from '../../core/evidence/envelope.ts';
import { type FoundFile, verifyEvidence } from '../../core/evidence/verification.ts';
import { readJson, toJsonObject, utf8 } from '../../core/json.ts';
import type { ResolvedSpec } from '../../core/spec/schema.ts';
import { goodSpec, goodTree } from '../core/compliance/good-tree.ts';
import { inspectTree, specWith, type Tree } from '../core/compliance/judged-tree.ts';
import { archive } from '../core/plan/plan-fixtures.ts';
import { type ControlPlane, openControlPlane } from '../support/control-plane.ts';

const day = 86_400_000;
/** Time that has passed beside that of the machine. */
let passed = 0;
let plane: ControlPlane;
let ada: MemberRecord;

beforeAll(async () => {
  const system = createSystemClock();
  plane = await openControlPlane(archive, {}, { clock: { ...system, now: () => new Date(Date.now() + passed) } });
  const made = newMember(plane.ports, 'ten_1', {
    kind: 'person',
    name: 'Ada',
    email: 'ada@example.org',
    roles: ['approver'],
  });
  ada = made.member;
  await plane.ports.table.transact(made.writes);
});
afterAll(() => plane?.close());
beforeEach(() => {
  passed = 0;
});

let count = 0;
async function build(compliance: object, tree: Tree = {}): Promise<BuildDetail> {
  count += 1;
  plane.agent.scripts.set('inspect', [{ finds: await inspectTree({ ...goodTree, ...tree }) }]);
  const spec: ResolvedSpec = specWith({
    ...goodSpec,
    name: `judged-${count}`,
    system: { hostname: `judged-${count}` },
    compliance,
  });
  return plane.ended((await plane.submit(spec)).id);
}

const published = async (id: string) => {
  const found = await findBuild(plane.ports.table, id);
  return found === undefined ? [] : keptArtifacts(plane.ports.table, found.value);
};
async function fileOf({ evidence }: BuildDetail, name: string): Promise<Uint8Array> {
  const digest = evidence.find((file) => file.name === name)?.sha256 ?? '';
  return (await plane.ports.blobs.get(artifactPlace('ten_1', digest))) ?? utf8('');
}
const reportOf = async (ended: BuildDetail) =>
  complianceReportSchema.parse(readJson(await fileOf(ended, 'compliance.json')));

/** What is wrong with the files of a build, as whoever has them and the key sees it. */
async function verified(ended: BuildDetail, change: (file: FoundFile) => FoundFile | undefined = (file) => file) {
  const { table, blobs, signer } = plane.ports;
  const listed = [...(await listArtifacts(table, ended.id)), ...(await listEvidence(table, ended.id))];
  const files = await Promise.all(
    listed.map(async ({ name, sha256: digest }): Promise<FoundFile> => {
      const bytes = (await blobs.get(artifactPlace('ten_1', digest))) ?? utf8('');
      return { name, size: bytes.length, sha256: sha256(bytes), bytes };
    }),
  );
  const { keyId, publicKey } = await signer.key();
  const key = {
    keyId,
    verify: (bytes: Uint8Array, signature: Uint8Array) =>
      verify('sha256', bytes, createPublicKey(publicKey), signature),
  };
  return verifyEvidence(
    files.flatMap((file) => change(file) ?? []),
    key,
    true,
  ).findings;
}

const openSsh: Tree = { 'etc/ssh/sshd_config.d/10-compliance.conf': 'PermitRootLogin yes\n' };
const until = (days: number) => new Date(Date.now() + days * day).toISOString().slice(0, 10);
const waiver = (check: string, owner = 'ada@example.org') => ({
  check,
  reason: 'Borne until the fleet is renewed.',
  owner,
  expires: until(3),
});

describe('a build with compliance profiles', () => {
  it('tells what its image is, with reports that are signed', async () => {
    const ended = await build({ profiles: ['base', 'hipaa'] });
    expect(ended).toMatchObject({ state: 'succeeded', compliance: { state: 'manual' } });
    expect(ended.compliance?.profiles.map(({ id, state }) => [id, state])).toEqual([
      ['base', 'pass'],
      ['hipaa', 'manual'],
    ]);
    const report = await reportOf(ended);
    expect(report.results.filter(({ state }) => state === 'manual').map(({ check }) => check)).toEqual([
      'disk-encryption',
    ]);
    expect(Buffer.from(await fileOf(ended, 'compliance.html')).toString()).toContain(
      'No password opens the account root',
    );
    const bytes = await fileOf(ended, 'compliance.dsse.json');
    const { payload, signature } = readEnvelope(readJson(bytes), bytes);
    const { publicKey } = await plane.ports.signer.key();
    expect(verify('sha256', preAuthenticationEncoding(payload), createPublicKey(publicKey), signature)).toBe(true);
    const statement = testResultSchema.parse(readJson(payload));
    expect(statement.subject.map(({ name }) => name)).toEqual([`judged-${count}.iso`]);
    expect(statement.predicate).toMatchObject({ result: 'WARNED', warnedTests: ['disk-encryption'], failedTests: [] });
    expect(await verified(ended)).toEqual([]);
    const digests = Object.fromEntries(ended.evidence.map(({ name, sha256 }) => [name, sha256]));
    expect(statement.predicate.configuration).toContainEqual({
      name: 'compliance.json',
      digest: { sha256: digests['compliance.json'] },
    });
  });

  it('has a test result that is found out where it is another one, or is gone', async () => {
    const [one, other] = [await build({ profiles: ['base'] }), await build({ profiles: ['base'] }, openSsh)];
    const name = 'compliance.dsse.json';
    const bytes = await fileOf(other, name);
    const swap = (file: FoundFile) =>
      file.name === name ? { ...file, bytes, size: bytes.length, sha256: sha256(bytes) } : file;
    expect(await verified(one, swap)).toEqual([{ file: name, reason: expect.stringContaining('other artifacts') }]);
    expect(await verified(one, (file) => (file.name === name ? undefined : file))).toEqual([
      { file: name, reason: 'it is missing' },
    ]);
    const flip = (file: FoundFile) => {
      if (file.name !== name) return file;
      const text = Buffer.from(file.bytes ?? []).toString();
      const sig = /"sig":"([^"]+)"/.exec(text)?.[1] ?? '';
      const changed = Buffer.from(sig, 'base64');
      changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
      return { ...file, bytes: utf8(text.replace(sig, changed.toString('base64'))) };
    };
    expect(await verified(one, flip)).toEqual([{ file: name, reason: 'the signature does not verify' }]);
  });

  it('succeeds though checks fail, where they are not enforced', async () => {
    const ended = await build({ profiles: ['base'] }, openSsh);
    expect(ended).toMatchObject({ state: 'succeeded', compliance: { state: 'fail' } });
    expect(await published(ended.id)).toHaveLength(1);
  });

  it('that enforces them fails with the list, publishes nothing, and gives out its reports', async () => {
    const ended = await build({ profiles: ['base'], enforce: true }, openSsh);
    expect(ended).toMatchObject({
      state: 'failed',
      failure: { code: 'compliance.failed', step: 'inspect' },
      compliance: { state: 'fail' },
    });
    expect(ended.failure?.reason).toContain('ssh-root-login');
    expect(ended.failure?.logTail.join('\n')).toMatch(
      /ssh-root-login \(fail\).*10-compliance\.conf:1: PermitRootLogin yes/,
    );
    expect(await published(ended.id)).toEqual([]);
    expect(ended.evidence.map(({ name }) => name)).toEqual([
      'compliance.json',
      'compliance.html',
      'compliance.dsse.json',
    ]);
    expect((await reportOf(ended)).state).toBe('fail');
  });

  it('that enforces them fails where a person has to judge, unless that is waived', async () => {
    const refused = await build({ profiles: ['hipaa'], enforce: true });
    expect(refused.failure?.logTail.join('\n')).toMatch(/disk-encryption \(manual\)/);
    const let_ = await build({ profiles: ['hipaa'], enforce: true, waivers: [waiver('disk-encryption')] });
    expect(let_).toMatchObject({ state: 'succeeded', compliance: { state: 'waived' } });
    expect(await published(let_.id)).toHaveLength(1);
  });
});

describe('a waiver in a build', () => {
  const waived = (owner?: string) => ({
    profiles: ['hipaa'],
    enforce: true,
    waivers: [waiver('disk-encryption', owner)],
  });

  it('holds on its last day and no longer, by the engine’s clock', async () => {
    passed = 3 * day;
    expect((await build(waived())).state).toBe('succeeded');
    passed = 4 * day;
    const late = await build(waived());
    expect(late).toMatchObject({ state: 'failed', failure: { code: 'compliance.failed' } });
    expect(late.failure?.logTail.join('\n')).toMatch(/disk-encryption.*does not hold: expired/);
    expect((await reportOf(late)).voidWaivers).toMatchObject([{ check: 'disk-encryption', problem: 'expired' }]);
  });

  it('holds for an owner by id', async () => {
    expect((await build(waived(ada.memberId))).state).toBe('succeeded');
  });

  it.each([
    ['nobody', 'unknown', 'nobody@example.org', {}],
    ['a service account', 'unknown', 'ada@example.org', { kind: 'service' }],
    ['who is suspended', 'suspended', 'ada@example.org', { suspendedAt: '2026-01-01T00:00:00.000Z' }],
    ['who may not waive', 'not_permitted', 'ada@example.org', { roles: ['builder'] }],
  ])('holds not for %s', async (_, problem, owner, change) => {
    const key = memberPlace('ten_1', ada.memberId);
    await plane.ports.table.transact([{ kind: 'put', key, data: toJsonObject({ ...ada, ...change }) }]);
    try {
      const ended = await build(waived(owner));
      expect(ended.state).toBe('failed');
      expect((await reportOf(ended)).voidWaivers).toMatchObject([{ problem }]);
    } finally {
      await plane.ports.table.transact([{ kind: 'put', key, data: toJsonObject(ada) }]);
    }
  });
});

describe('an inspection', () => {
  it('is not made again for the same tree, and judged anew', async () => {
    const tree = await inspectTree(goodTree);
    plane.agent.scripts.set('inspect', [{ finds: tree }]);
    const of = (compliance: object) => specWith({ ...goodSpec, name: 'again', compliance });
    const first = await plane.ended((await plane.submit(of({ profiles: ['base'] }))).id);
    plane.agent.began.length = 0;
    const second = await plane.ended((await plane.submit(of({ profiles: ['soc2'] }))).id);
    expect(plane.agent.began).toEqual([]);
    expect([first.compliance?.state, second.compliance?.state]).toEqual(['pass', 'manual']);
  });

  it('that is damaged in the store is made again by the next build', async () => {
    const ended = await build({ profiles: ['base'] });
    const { records } = await plane.ports.table.query({ partition: `BUILD#${ended.id}`, limit: 1_000 });
    const digest = records.map(({ data }) => data.inspection).find((file) => file !== undefined) as
      | { sha256: string }
      | undefined;
    expect(digest?.sha256).toMatch(/^[0-9a-f]{64}$/);
    await plane.ports.blobs.delete(artifactPlace('ten_1', digest?.sha256 ?? ''));
    plane.agent.began.length = 0;
    const again = await plane.ended(
      (
        await plane.submit(
          specWith({
            ...goodSpec,
            name: `judged-${count}`,
            system: { hostname: `judged-${count}` },
            compliance: { profiles: ['base'] },
          }),
        )
      ).id,
    );
    expect(again).toMatchObject({ state: 'succeeded', compliance: { state: 'pass' } });
    expect(plane.agent.began.map((entry) => entry.split(' ')[1])).toEqual(['inspect']);
  });
});

describe('a policy of approvals by compliance', () => {
  it('holds what its states name, and nothing else', async () => {
    const actor = { tenantId: 'ten_1', memberId: ada.memberId, keyId: 'key_1', requestId: 'req_1' };
    const content = policyContentSchema.parse({ gate: 'publish', when: { complianceStates: ['fail', 'waived'] } });
    await setPolicy(plane.ports, actor, 'exceptions', content);
    try {
      const states: unknown[] = [];
      for (const [compliance, tree] of [
        [{ profiles: ['base'] }, {}],
        [{ profiles: ['base'] }, openSsh],
        [{ profiles: ['hipaa'], enforce: true, waivers: [waiver('disk-encryption')] }, {}],
      ] as const) {
        const ended = await build(compliance, tree);
        states.push([ended.state, ended.compliance?.state, ended.publication]);
      }
      expect(states).toEqual([
        ['succeeded', 'pass', 'published'],
        ['succeeded', 'fail', 'held'],
        ['succeeded', 'waived', 'held'],
      ]);
    } finally {
      await removePolicy(plane.ports, actor, 'exceptions');
    }
  });
});
