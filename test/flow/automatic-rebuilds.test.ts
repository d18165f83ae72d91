import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createPluginRunner } from '../../adapters/quickjs/plugin-runner.ts';
import { createSystemClock } from '../../adapters/system/clock.ts';
import { newMember } from '../../core/access/member-repository.ts';
import { reject } from '../../core/approvals/decide.ts';
import { policyContentSchema } from '../../core/approvals/policy.ts';
import { setPolicy } from '../../core/approvals/policy-repository.ts';
import { findBuild, listBuilds } from '../../core/builds/build-repository.ts';
import type { PackageStanza } from '../../core/builds/layer-index.ts';
import { eventEnvelope, scheduleEnvelope } from '../../core/events/envelope.ts';
import { newEvent } from '../../core/events/outbox.ts';
import { settingPlace } from '../../core/quota/places.ts';
import { readDataRecord } from '../../core/vulnerabilities/data-record.ts';
import { findStanding } from '../../core/vulnerabilities/standing.ts';
import { handle as rebuildImages } from '../../functions/events/rebuild-images/rebuild-images.ts';
import { handle as refreshVulnerabilities } from '../../functions/events/refresh-vulnerabilities/refresh-vulnerabilities.ts';
import type { BuildDetail } from '../../sdk/generated/types.gen.ts';
import { bundleSandbox } from '../adapters/quickjs/bundled-sandbox.ts';
import { principalWith } from '../core/approvals/approval-samples.ts';
import { archive } from '../core/plan/plan-fixtures.ts';
import { type Caller, type OpenedApi, openApiOver, until } from '../support/callers.ts';
import { type ControlPlane, openControlPlane } from '../support/control-plane.ts';
import { type MirrorFolder, openMirrorFolder, trackerFile } from '../support/mirror-folder.ts';

const day = 86_400_000;
const sandbox = bundleSandbox();
/** Time that has passed beside that of the machine. */
let passed = 0;
let plane: ControlPlane;
let api: OpenedApi;
let folder: MirrorFolder;
let one: Caller;

beforeAll(async () => {
  folder = openMirrorFolder(trackerFile({ openssl: { 'CVE-2026-0009': { status: 'open', urgency: 'high' } } }));
  const clock = { ...createSystemClock(), now: () => new Date(Date.now() + passed) };
  plane = await openControlPlane(
    archive,
    {},
    {
      ...{ clock, vulnerabilityMirror: folder.mirror },
      plugins: createPluginRunner({ parallel: 2, sandboxFile: sandbox.sandboxFile }),
    },
  );
  api = await openApiOver(plane.ports);
});
afterAll(async () => {
  await api?.close();
  await plane?.close();
  folder?.remove();
  sandbox.remove();
});
let count = 0;
beforeEach(async () => {
  passed = 0;
  count += 1;
  one = await api.caller(`one ${count}`);
  offers('3.5.0-1');
  await know({});
});

const stanza = (name: string, version: string): PackageStanza => ({
  ...{ name, version, architecture: 'amd64', status: 'install ok installed', source: name, sourceVersion: version },
});

let states = 0;
/** The archive has this version from now on. */
function offers(version: string): void {
  states += 1;
  const indexes = { 'main/binary-amd64/Packages': String(states).padStart(64, '0') };
  plane.archive = { suites: archive.suites.map((suite) => ({ ...suite, indexes })) };
  plane.agent.scripts.set('bootstrap', [{ packages: [stanza('openssl', version)] }]);
}

let told = 0;
/** Data comes that says where vulnerabilities of openssl are fixed; it is never the same twice. */
async function know(fixes: Readonly<Record<string, string>>): Promise<void> {
  told += 1;
  const fixed = Object.entries(fixes).map(([advisory, version]) => [
    advisory,
    { status: 'resolved', fixed_version: version, urgency: 'high' },
  ]);
  folder.write(
    trackerFile({ openssl: Object.fromEntries(fixed), [`other-${told}`]: { 'CVE-2026-0010': { status: 'open' } } }),
  );
  await readMirror();
}
async function readMirror(): Promise<void> {
  await refreshVulnerabilities(plane.ports, scheduleEnvelope('refresh', new Date()));
}
const first = { 'CVE-2026-0001': '3.5.0-2' };
const digest = async () => (await readDataRecord(plane.ports.table))?.record.data?.digest ?? '';
const looked = async (id: string) => {
  const now = await digest();
  await until(async () => (await findStanding(plane.ports.table, id))?.dataDigest === now);
};

const ended = async (id: string): Promise<BuildDetail> => {
  await until(async () => (await findBuild(plane.ports.table, id))?.value.endedAt !== undefined);
  return one.getStatus(id);
};
async function build(more: object = {}): Promise<BuildDetail> {
  const spec = {
    ...{ schemaVersion: 1, name: 'edge', outputs: [{ type: 'tar' }], system: { hostname: `edge-${count}` } },
    base: { distribution: 'debian', release: 'trixie', architecture: 'amd64' },
    ...more,
  };
  return ended((await one.startBuild({ text: JSON.stringify(spec), mediaType: 'application/json' })).id);
}
const all = async () => (await listBuilds(plane.ports.table, one.tenantId, { limit: 100 })).builds;
/** The builds that the engine made by itself, the newest first. */
const made = async () => (await all()).filter(({ rebuild }) => rebuild !== undefined);
/** Waits for so many of them, and for their ends. */
async function untilMade(number: number) {
  await until(async () => (await made()).length === number);
  for (const { id } of await made()) await ended(id);
  return made();
}
/** A run over the tenant's images by the data that there is, at once. */
const run = async () =>
  rebuildImages(
    plane.ports,
    eventEnvelope(newEvent(plane.ports, 'vulnerabilities.rebuild', one.tenantId, { dataDigest: await digest() })),
  );
const nothing = { submitted: [], refused: 0, goesOn: false };
const listed = () => one.vulnerabilities.rebuilds().all();
const on = (more: object = {}) => one.vulnerabilities.setAutomatic({ automatic: true, ...more });

describe('an image of which later packages have fixes', () => {
  it('is built anew by nobody at first, and its list entry says nothing of that', async () => {
    expect(await one.vulnerabilities.automatic()).toEqual({ automatic: false, severity: 'high', mostPerDay: 10 });
    const old = await build();
    await know(first);
    await looked(old.id);
    expect(await run()).toEqual(nothing);
    expect(await made()).toEqual([]);
    const [entry] = await listed();
    expect(entry).toMatchObject({ build: old.id });
    expect(entry?.automatic).toBeUndefined();
  });

  it('is built anew where its tenant wants that, once, and what was mended is left alone', async () => {
    await on();
    const old = await build();
    offers('3.5.0-2');
    await know(first);
    const [rebuilt] = await untilMade(1);
    if (rebuilt === undefined) throw new Error('nothing was built');
    const scan = (await findStanding(plane.ports.table, old.id))?.scanId;
    expect(await one.getStatus(rebuilt.id)).toMatchObject({
      ...{ name: 'edge', state: 'succeeded', retryOf: old.id, priority: 'low' },
      rebuild: { scan, data: await digest(), severity: 'high' },
      vulnerabilities: { counts: { high: { found: 0 } } },
    });
    expect([rebuilt.memberId, rebuilt.specDigest]).toEqual([undefined, old.specDigest]);
    await until(() => plane.typesOf(rebuilt.id).includes('rebuild.submitted'));
    expect(plane.eventsOf(rebuilt.id).find(({ type }) => type === 'rebuild.submitted')).toMatchObject({
      ...{ tenantId: one.tenantId, detail: { of: old.id, scanId: scan, severity: 'high', fixes: 1 } },
    });
    const { unsealed } = await one.audit.readTail();
    const entry = unsealed.find(({ target }) => target === rebuilt.id);
    expect(entry).toMatchObject({ action: 'build.submitted', detail: { rebuild: { scan }, retryOf: old.id } });
    expect(entry?.actor).toBeUndefined();
    expect(unsealed.map(({ action }) => action)).toContain('rebuilds.set');
    // The old image is still in the list, and of the past.
    expect(await listed()).toMatchObject([{ build: old.id, automatic: { left: 'superseded' } }]);
    await know(first);
    await Promise.all([looked(old.id), looked(rebuilt.id)]);
    expect([await run(), (await made()).length]).toEqual([nothing, 1]);
    // When the newest is in the trash, the one before it is what there is.
    await one.builds.removeArtifacts(rebuilt.id);
    expect(await listed()).toMatchObject([{ automatic: { left: 'later' } }]);
  });

  it('is submitted once where two runs meet', async () => {
    const old = await build();
    await know(first);
    await looked(old.id);
    await on();
    const runs = await Promise.all([run(), run(), run()]);
    await untilMade(1);
    expect(runs.length).toBe(3);
    expect(await run()).toEqual(nothing);
  });

  it('is tried for three times on three days where the archive has no fix, and again when there is a newer one', async () => {
    await on();
    const old = await build();
    for (const tries of [1, 2, 3]) {
      await know(first);
      await untilMade(tries);
      // Other data on the same day, and the same data on the next.
      await know(first);
      await looked(old.id);
      expect(await run()).toEqual(nothing);
      const newest = (await listed()).find(({ automatic }) => automatic?.left !== 'superseded');
      expect(newest?.automatic).toMatchObject({ left: tries === 3 ? 'tried' : 'later', last: { tries } });
      passed += day;
    }
    await know(first);
    await looked(old.id);
    expect([await run(), (await made()).length]).toEqual([nothing, 3]);
    await know({ ...first, 'CVE-2026-0002': '3.5.0-3' });
    expect(await untilMade(4)).toMatchObject([{ rebuild: { data: await digest() } }, {}, {}, {}]);
  }, 90_000);

  it('is left to whoever builds it, to a newer image, and to the severity that is set', async () => {
    await on({ severity: 'critical' });
    const old = await build();
    await know(first);
    await looked(old.id);
    expect([await run(), (await listed())[0]?.automatic]).toEqual([nothing, { left: 'below_severity' }]);
    offers('3.5.0-2');
    plane.agent.scripts.set('bootstrap', [{ packages: [stanza('openssl', '3.5.0-2')], milliseconds: 1_500 }]);
    const text = JSON.stringify({
      ...{ schemaVersion: 1, name: 'edge', outputs: [{ type: 'tar' }], system: { timezone: 'UTC' } },
      base: { distribution: 'debian', release: 'trixie', architecture: 'amd64' },
    });
    const { id } = await one.startBuild({ text, mediaType: 'application/json' });
    await on();
    expect(await run()).toEqual(nothing);
    await ended(id);
    expect(await run()).toEqual(nothing);
    expect(await listed()).toMatchObject([{ build: old.id, automatic: { left: 'superseded' } }]);
    expect(await made()).toEqual([]);
  });

  it('has its turn on the next day where the day has had as many as it may', async () => {
    await on({ mostPerDay: 1 });
    const [edge, gate] = [await build(), await build({ name: 'gate' })];
    offers('3.5.0-2');
    await know(first);
    const [firstMade] = await untilMade(1);
    await Promise.all([looked(edge.id), looked(gate.id)]);
    expect([await run(), (await made()).length]).toEqual([nothing, 1]);
    passed += day;
    // The data is the same: the day alone has changed.
    await readMirror();
    const both = await untilMade(2);
    expect(both.map(({ name }) => name).sort()).toEqual(['edge', 'gate']);
    expect(both[1]?.id).toBe(firstMade?.id);
  });
});

describe('a rebuild that is submitted like any other build', () => {
  it('is refused where a quota is, which is told, written down, and not asked for again that day', async () => {
    await on();
    const old = await build();
    const data = { overrides: { buildsPerDay: 1 }, changedAt: new Date().toISOString() };
    await plane.ports.table.transact([{ kind: 'put', key: settingPlace(one.tenantId), data }]);
    await know(first);
    await until(() => plane.typesOf(old.id).includes('rebuild.refused'));
    const refused = { code: 'quota.exceeded', reason: expect.stringContaining('1 of 1') };
    expect((await listed())[0]?.automatic).toMatchObject({ left: 'later', last: { tries: 1, refusal: refused } });
    const { unsealed } = await one.audit.readTail();
    expect(unsealed.find(({ action }) => action === 'rebuild.refused')).toMatchObject({
      target: old.id,
      detail: refused,
    });
    expect([await run(), await made()]).toEqual([nothing, []]);
    expect(plane.eventsOf(old.id).filter(({ type }) => type === 'rebuild.refused')).toHaveLength(1);
    passed += day;
    await readMirror();
    await untilMade(1);
  });

  it('is judged by plugins, which are told that nobody asked for it', async () => {
    const code = `export function validateSpec({ context }) {
      return { errors: context.memberId === undefined ? [{ path: 'name', reason: 'nobody asked', remedy: 'Ask.' }] : [] };
    }`;
    await one.plugins.put({ declaration: { name: 'asks', hooks: ['validateSpec'] } as never, code });
    await one.plugins.enable('asks');
    const old = await build();
    expect(old.state).toBe('succeeded');
    await on();
    await know(first);
    await until(() => plane.typesOf(old.id).includes('rebuild.refused'));
    expect((await listed())[0]?.automatic?.last).toMatchObject({
      ...{ tries: 1, refusal: { code: 'spec.invalid', reason: expect.stringMatching(/name: .*nobody asked/) } },
    });
    await one.plugins.disable('asks');
    passed += day;
    await readMirror();
    expect(await untilMade(1)).toMatchObject([{ state: 'succeeded' }]);
  });

  it('waits for approval where a policy asks for it, and is left where that is not given', async () => {
    const old = await build();
    const { member, writes } = newMember(plane.ports, one.tenantId, {
      ...{ kind: 'person', name: 'Ada', email: 'ada@example.org', roles: ['approver'] },
    });
    await plane.ports.table.transact(writes);
    const principal = principalWith(one.tenantId, member.memberId);
    await setPolicy(plane.ports, principal, 'eyes', policyContentSchema.parse({ gate: 'build' }));
    await on();
    await know(first);
    await until(async () => (await made())[0]?.state === 'awaiting_approval');
    const [waiting] = await made();
    expect((await listed())[0]?.automatic).toMatchObject({ left: 'under_way', last: { build: waiting?.id } });
    await reject(plane.ports, principal, waiting?.approvals?.build ?? '', {
      ...{ specDigest: waiting?.specDigest ?? '', comment: 'no' },
    });
    passed += day;
    await know(first);
    await looked(old.id);
    expect([await run(), (await made()).length]).toEqual([nothing, 1]);
    expect((await listed())[0]?.automatic).toMatchObject({ left: 'declined' });
  });
});
