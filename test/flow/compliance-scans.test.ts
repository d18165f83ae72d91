import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createSystemClock } from '../../adapters/system/clock.ts';
import { newMember } from '../../core/access/member-repository.ts';
import { findBuild } from '../../core/builds/build-repository.ts';
import { artifactPlace, scanPlace } from '../../core/builds/places.ts';
import { listSteps } from '../../core/builds/stage-repository.ts';
import { keptScans, listScans } from '../../core/scans/scan-repository.ts';
import type { Build } from '../../sdk/generated/types.gen.ts';
import { goodSpec, goodTree } from '../core/compliance/good-tree.ts';
import { inspectTree, type Tree } from '../core/compliance/judged-tree.ts';
import { archive } from '../core/plan/plan-fixtures.ts';
import { type Caller, type OpenedApi, openApiOver, until } from '../support/callers.ts';
import { type ControlPlane, openControlPlane } from '../support/control-plane.ts';
import { keyWith } from '../support/members.ts';

const day = 86_400_000;
/** Time that has passed beside that of the machine. */
let passed = 0;
let plane: ControlPlane;
let api: OpenedApi;
let one: Caller;

beforeAll(async () => {
  const system = createSystemClock();
  plane = await openControlPlane(archive, {}, { clock: { ...system, now: () => new Date(Date.now() + passed) } });
  api = await openApiOver(plane.ports);
  one = await api.caller('one');
  const { writes } = newMember(plane.ports, one.tenantId, {
    ...{ kind: 'person', name: 'Ada', email: 'ada@example.org', roles: ['approver'] },
  });
  await plane.ports.table.transact(writes);
});
afterAll(async () => {
  await api?.close();
  await plane?.close();
});
beforeEach(() => {
  passed = 0;
});

let count = 0;
/** A build that is judged, at its end. */
async function build(compliance: object | undefined, tree: Tree = {}): Promise<Build> {
  count += 1;
  plane.agent.scripts.set('inspect', [{ finds: await inspectTree({ ...goodTree, ...tree }) }]);
  const name = `judged-${count}`;
  const spec = {
    ...goodSpec,
    ...{ schemaVersion: 1, name, base: { distribution: 'debian', release: 'trixie', architecture: 'amd64' } },
    system: { hostname: name },
    ...(compliance === undefined ? {} : { compliance }),
  };
  const started = await one.startBuild({ text: JSON.stringify(spec), mediaType: 'application/json' });
  await until(async () => (await findBuild(plane.ports.table, started.id))?.value.endedAt !== undefined);
  return one.getStatus(started.id);
}

const until3 = () => new Date(Date.now() + 3 * day).toISOString().slice(0, 10);
const waived = () => ({
  profiles: ['hipaa'],
  enforce: true,
  waivers: [
    {
      check: 'disk-encryption',
      reason: 'Borne until the fleet is renewed.',
      owner: 'ada@example.org',
      expires: until3(),
    },
  ],
});
const events = (id: string) => plane.typesOf(id).filter((type) => type === 'scan.completed').length;

describe('scans of a build', () => {
  it('begin with the judgement at its end, which is told and kept with all of its report', async () => {
    const ended = await build({ profiles: ['base', 'hipaa'] });
    expect(ended.compliance?.state).toBe('manual');
    const scans = await one.compliance.scans(ended.id);
    expect(scans).toMatchObject([{ kind: 'compliance', cause: 'build', state: 'manual', build: ended.id }]);
    await until(() => events(ended.id) === 1);
    const { scan, report } = await one.compliance.readScan(ended.id, scans[0]?.id ?? '');
    expect(scan).toEqual(scans[0]);
    if (!('results' in report)) throw new Error('the report is of another kind');
    expect(report.results.filter(({ state }) => state === 'manual').map(({ check }) => check)).toEqual([
      'disk-encryption',
    ]);
    expect(await one.compliance.scans(ended.id, { kind: 'vulnerabilities' })).toEqual([]);
  });

  it('are not stored again where nothing is otherwise', async () => {
    const ended = await build({ profiles: ['base'] });
    const [first] = await one.compliance.scans(ended.id);
    expect(await one.compliance.recheck(ended.id)).toEqual({ scan: first, isNew: false, changes: [] });
    expect(await one.compliance.scans(ended.id)).toEqual([first]);
  });

  it('tell what a build would come to today: of one whose waiver has run out, that it would fail', async () => {
    const ended = await build(waived());
    expect(ended).toMatchObject({ state: 'succeeded', compliance: { state: 'waived' } });
    expect((await one.compliance.recheck(ended.id)).isNew).toBe(false);
    passed = 4 * day;
    const late = await one.compliance.recheck(ended.id);
    expect(late).toMatchObject({
      scan: { state: 'manual', cause: 'request' },
      isNew: true,
      changes: [{ check: 'disk-encryption', before: 'waived', after: 'manual' }],
    });
    await until(() => events(ended.id) === 2);
    expect((await one.compliance.scans(ended.id)).map(({ state }) => state)).toEqual(['manual', 'waived']);
    // What the build was at its end stays told.
    expect((await one.getStatus(ended.id)).compliance?.state).toBe('waived');
    passed = 0;
    expect((await one.compliance.recheck(ended.id)).changes).toEqual([
      { check: 'disk-encryption', before: 'manual', after: 'waived' },
    ]);
  });

  it('are of all stored builds that were judged, page by page, and nothing is built', async () => {
    const ids = [(await build(undefined)).id, (await build(waived())).id, (await build({ profiles: ['base'] })).id];
    plane.agent.began.length = 0;
    passed = 4 * day;
    const found = await one.compliance.recheckAll({ limit: 1 }).all();
    const [, second, third] = ids;
    expect(found.filter(({ build: id }) => ids.includes(id))).toMatchObject([
      { build: third, was: 'pass', now: 'pass', enforced: false, changes: [] },
      { build: second, was: 'waived', now: 'manual', enforced: true, changes: [{ check: 'disk-encryption' }] },
    ]);
    expect(plane.agent.began).toEqual([]);
  });

  it('are refused of a build that names no profiles, and where what it was judged by is gone', async () => {
    const plain = await build(undefined);
    await expect(one.compliance.recheck(plain.id)).rejects.toMatchObject({ code: 'compliance.not_judged' });
    const ended = await build({ profiles: ['base'] });
    const file = (await listSteps(plane.ports.table, ended.id)).find(({ id }) => id === 'inspect')?.inspection;
    await plane.ports.blobs.delete(artifactPlace(one.tenantId, file?.sha256 ?? ''));
    await expect(one.compliance.recheck(ended.id)).rejects.toMatchObject({ code: 'compliance.inspection_gone' });
    const [told] = await one.compliance.recheckAll({ limit: 1 }).all(1);
    expect(told).toMatchObject({ build: ended.id, problem: { code: 'compliance.inspection_gone' } });
  });

  it('are told where a report is gone or other bytes, and made again', async () => {
    const ended = await build({ profiles: ['base'] });
    const [first] = await one.compliance.scans(ended.id);
    const place = scanPlace(one.tenantId, first?.id ?? '');
    await plane.ports.blobs.put(place, Buffer.from('{}'), { contentType: 'application/json' });
    await expect(one.compliance.readScan(ended.id, first?.id ?? '')).rejects.toMatchObject({ code: 'scan.damaged' });
    await expect(one.compliance.readScan(ended.id, `scn_${'0'.repeat(26)}`)).rejects.toMatchObject({
      code: 'scan.not_found',
    });
    const again = await one.compliance.recheck(ended.id);
    expect(again).toMatchObject({ isNew: true, scan: { state: 'pass' } });
    expect(await one.compliance.readScan(ended.id, again.scan.id)).toMatchObject({ scan: again.scan });
  });

  it(`are ${keptScans} at most, of which the oldest go with what they found`, async () => {
    const ended = await build(waived());
    const record = (await findBuild(plane.ports.table, ended.id))?.value;
    if (record === undefined) throw new Error('the build is gone');
    const [first] = await one.compliance.scans(ended.id);
    for (let at = 0; at < keptScans; at += 1) {
      passed = at % 2 === 0 ? 4 * day : 0;
      expect((await one.compliance.recheck(ended.id)).isNew).toBe(true);
    }
    const kept = await listScans(plane.ports.table, record, 'compliance', 1_000);
    expect(kept).toHaveLength(keptScans);
    expect(kept.map(({ id }) => id)).not.toContain(first?.id);
    expect(await plane.ports.blobs.get(scanPlace(one.tenantId, first?.id ?? ''))).toBeUndefined();
  });

  it('are another tenant’s to none, and those of a builder to recheck', async () => {
    const ended = await build({ profiles: ['base'] });
    const other = await api.caller('other');
    for (const ask of [other.compliance.scans(ended.id), other.compliance.recheck(ended.id)]) {
      await expect(ask).rejects.toMatchObject({ code: 'build.not_found' });
    }
    expect(await other.compliance.recheckAll().all()).toEqual([]);
    const viewer = await keyWith(plane.ports, one.tenantId, ['viewer']);
    const answer = await fetch(`${api.url}/v1/builds:recheck`, {
      method: 'POST',
      headers: { authorization: `Bearer ${viewer.text}` },
    });
    expect(answer.status).toBe(403);
  });
});
