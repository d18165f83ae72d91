import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createSystemClock } from '../../adapters/system/clock.ts';
import { newMember } from '../../core/access/member-repository.ts';
import { findBuild } from '../../core/builds/build-repository.ts';
import type { BuildDetail } from '../../core/builds/build-view.ts';
import type { PackageStanza } from '../../core/builds/layer-index.ts';
import { artifactPlace } from '../../core/builds/places.ts';
import { keptArtifacts } from '../../core/builds/published-artifacts.ts';
import { complianceReportSchema } from '../../core/compliance/report.ts';
import { eventEnvelope, scheduleEnvelope } from '../../core/events/envelope.ts';
import { newEvent } from '../../core/events/outbox.ts';
import { readJson, utf8 } from '../../core/json.ts';
import type { SpecInput } from '../../core/spec/schema.ts';
import { readDataRecord } from '../../core/vulnerabilities/data-record.ts';
import { advisoriesPlace, vulnerabilityDataKey } from '../../core/vulnerabilities/places.ts';
import { type ScanRecord, scanRecordSchema } from '../../core/vulnerabilities/scan.ts';
import { handle as refreshVulnerabilities } from '../../functions/events/refresh-vulnerabilities/refresh-vulnerabilities.ts';
import { archive, specWith } from '../core/plan/plan-fixtures.ts';
import { type ControlPlane, openControlPlane } from '../support/control-plane.ts';
import { type MirrorFolder, openMirrorFolder, trackerFile } from '../support/mirror-folder.ts';

const day = 86_400_000;
/** Time that has passed beside that of the machine. */
let passed = 0;
let plane: ControlPlane;
let folder: MirrorFolder;

/** In the image: openssl 3.5.0-1, bash 5.2.37-2. */
const known = trackerFile({
  openssl: {
    'CVE-2026-0001': { status: 'resolved', fixed_version: '3.5.0-2', urgency: 'high' },
    'CVE-2026-0002': { status: 'open', urgency: 'high' },
    'CVE-2026-0003': { status: 'resolved', fixed_version: '3.5.0-1', urgency: 'high' },
  },
  bash: { 'CVE-2026-0004': { status: 'open', urgency: 'low' } },
});

beforeAll(async () => {
  const system = createSystemClock();
  folder = openMirrorFolder();
  plane = await openControlPlane(
    archive,
    {},
    {
      clock: { ...system, now: () => new Date(Date.now() + passed) },
      vulnerabilityMirror: folder.mirror,
    },
  );
  const made = newMember(plane.ports, 'ten_1', {
    ...{ kind: 'person', name: 'Ada', email: 'ada@example.org', roles: ['approver'] },
  });
  await plane.ports.table.transact(made.writes);
});
afterAll(async () => {
  await plane?.close();
  folder?.remove();
});
const stanza = (name: string, version: string): PackageStanza => ({
  ...{ name, version, architecture: 'amd64', status: 'install ok installed', source: name, sourceVersion: version },
});
beforeEach(() => {
  passed = 0;
  const packages = [stanza('openssl', '3.5.0-1'), stanza('bash', '5.2.37-2')];
  plane.agent.scripts.set('bootstrap', [{ packages }]);
});

const refresh = () =>
  refreshVulnerabilities(
    plane.ports,
    eventEnvelope(newEvent(plane.ports, 'vulnerabilities.refresh_requested', 'installation', { memberId: 'mem_1' })),
  );
const onSchedule = () => refreshVulnerabilities(plane.ports, scheduleEnvelope('refresh-1', new Date()));
/** Takes a file over, as the schedule does. */
const take = async (content: unknown) => {
  folder.write(content);
  return refresh();
};

let count = 0;
async function build(vulnerabilities?: SpecInput['vulnerabilities'], more: Partial<SpecInput> = {}) {
  count += 1;
  const spec = specWith({ name: `scanned-${count}`, outputs: [{ type: 'tar' }], vulnerabilities, ...more });
  return plane.ended((await plane.submit(spec)).id);
}
async function fileOf({ evidence }: BuildDetail, name: string): Promise<Uint8Array> {
  const digest = evidence.find((file) => file.name === name)?.sha256 ?? '';
  return (await plane.ports.blobs.get(artifactPlace('ten_1', digest))) ?? utf8('{}');
}
const scanOf = async (ended: BuildDetail): Promise<ScanRecord> =>
  scanRecordSchema.parse(readJson(await fileOf(ended, 'vulnerabilities.json')));
const published = async (id: string) => {
  const found = await findBuild(plane.ports.table, id);
  return found === undefined ? [] : keptArtifacts(plane.ports.table, found.value);
};
const until = (days: number) => new Date(Date.now() + days * day).toISOString().slice(0, 10);
const waiver = (advisory: string, owner = 'ada@example.org') => ({
  ...{ advisory, reason: 'The engine that has it is not loaded.', owner, expires: until(3) },
});

describe('without data', () => {
  beforeAll(() => plane.ports.table.transact([{ kind: 'delete', key: vulnerabilityDataKey }]));

  it('a build is not scanned', async () => {
    const ended = await build({ waivers: [waiver('CVE-2026-0001')] });
    expect(ended.state).toBe('succeeded');
    expect(ended.vulnerabilities).toBeUndefined();
    expect(ended.evidence.map(({ name }) => name)).not.toContain('vulnerabilities.json');
  });

  it('a gate passes nothing: the build is refused before anything is built', async () => {
    plane.agent.began.length = 0;
    const ended = await build({ failOn: 'critical' });
    expect(ended).toMatchObject({ state: 'failed', failure: { code: 'vulnerabilities.no_data' } });
    expect(ended.failure?.remedy).toContain('Mirror the data');
    expect(plane.agent.began.filter((step) => step.startsWith(ended.id))).toEqual([]);
  });

  it('nothing is taken over from a mirror that has no file, and that is told', async () => {
    await expect(onSchedule()).rejects.toThrow(/^vulnerabilities\.mirror_unreachable: file:.*ENOENT/);
    expect((await readDataRecord(plane.ports.table))?.record).toMatchObject({
      failure: { code: 'vulnerabilities.mirror_unreachable', source: folder.mirror.sources[0] },
    });
  });

  it('of its release the same holds', async () => {
    await take(trackerFile({ bash: { 'CVE-2026-0004': { status: 'open' } } }, 'bookworm'));
    expect((await build({})).vulnerabilities).toBeUndefined();
    expect((await build({ failOn: 'low' })).failure?.code).toBe('vulnerabilities.no_data');
  });
});

describe('with data', () => {
  beforeAll(async () => void (await take(known)));

  it('each build is scanned, and its findings are signed evidence', async () => {
    const ended = await build();
    expect(ended).toMatchObject({
      state: 'succeeded',
      vulnerabilities: {
        ...{ verdict: 'pass', failing: 0, waived: 0, undetermined: 0 },
        counts: { high: { found: 2, fixable: 1 }, low: { found: 1, fixable: 0 }, critical: { found: 0 } },
      },
    });
    const scan = await scanOf(ended);
    expect(scan.findings.map(({ advisory, source, status, fixedIn }) => [advisory, source, status, fixedIn])).toEqual([
      ['CVE-2026-0001', 'openssl', 'fixed', '3.5.0-2'],
      ['CVE-2026-0002', 'openssl', 'open', undefined],
      ['CVE-2026-0004', 'bash', 'open', undefined],
    ]);
    expect(scan).toMatchObject({
      buildId: ended.id,
      release: 'trixie',
      packages: 2,
      data: { forms: ['debian-tracker'] },
    });
    expect(ended.vulnerabilities?.dataDigest).toBe(scan.data.digest);
    expect(Buffer.from(await fileOf(ended, 'provenance.intoto.json')).toString()).toContain('vulnerabilities.json');
  });

  it('a gate fails the build with the list, and publishes nothing but its evidence', async () => {
    const ended = await build({ failOn: 'high' });
    expect(ended).toMatchObject({
      state: 'failed',
      failure: { code: 'vulnerabilities.failed' },
      vulnerabilities: { verdict: 'fail', failing: 2 },
    });
    expect(ended.failure?.reason).toBe(
      '2 vulnerabilities of severity high or worse: CVE-2026-0001 in openssl, CVE-2026-0002 in openssl',
    );
    expect(ended.failure?.logTail[0]).toMatch(/^CVE-2026-0001 \(high\) in openssl 3\.5\.0-1, fixed in 3\.5\.0-2: /);
    expect(await published(ended.id)).toEqual([]);
    expect(ended.evidence.map(({ name }) => name)).toEqual(['vulnerabilities.json']);
    expect((await scanOf(ended)).verdict).toBe('fail');
  });

  it('a gate that asks for what can be mended alone fails by that alone', async () => {
    const ended = await build({ failOn: 'high', onlyFixed: true });
    expect(ended.failure?.reason).toMatch(/^1 vulnerability of severity high or worse that have a fix: CVE-2026-0001/);
  });

  it('a gate passes what is below its threshold, and the image is published', async () => {
    const ended = await build({ failOn: 'critical' });
    expect(ended).toMatchObject({ state: 'succeeded', vulnerabilities: { verdict: 'pass' } });
    expect(await published(ended.id)).toHaveLength(1);
  });

  it('a waiver holds to its last day, and no longer', async () => {
    const policy: SpecInput['vulnerabilities'] = {
      ...{ failOn: 'high', onlyFixed: true },
      waivers: [waiver('CVE-2026-0001')],
    };
    passed = 3 * day;
    const held = await build(policy);
    expect(held).toMatchObject({ state: 'succeeded', vulnerabilities: { waived: 1, failing: 0 } });
    expect((await scanOf(held)).findings[0]).toMatchObject({ gate: 'waived', waiver: { owner: 'ada@example.org' } });
    passed = 4 * day;
    const late = await build(policy);
    expect(late.failure?.logTail[0]).toContain('its waiver does not hold: expired');
    expect((await scanOf(late)).waiversVoid).toMatchObject([{ advisory: 'CVE-2026-0001', why: 'expired' }]);
  });

  it('a waiver of somebody who may not answer for it does not hold', async () => {
    const ended = await build({ failOn: 'high', waivers: [waiver('CVE-2026-0001', 'eve@example.org')] });
    expect(ended.failure?.code).toBe('vulnerabilities.failed');
    expect((await scanOf(ended)).waiversVoid).toMatchObject([{ why: 'unknown' }]);
  });

  it('tells the compliance profiles what it found', async () => {
    const ended = await build(undefined, { compliance: { profiles: ['soc2'] } });
    const report = complianceReportSchema.parse(readJson(await fileOf(ended, 'compliance.json')));
    expect(report.results.find(({ check }) => check === 'vulnerabilities')).toMatchObject({
      state: 'fail',
      evidence: [expect.stringMatching(/^2 of a high or critical severity, 1 of them with a fix/)],
    });
  });

  it.each([
    ['gone from the store', undefined],
    ['other bytes in the store', '["openssl",[]]\n'],
  ])('whose file is %s keeps a gate shut, and is fetched anew by the next run', async (_, text) => {
    const { table, blobs } = plane.ports;
    const release = (await readDataRecord(table))?.record.data?.releases.find((one) => one.release === 'trixie');
    const place = advisoriesPlace('trixie', release?.sha256 ?? '');
    await (text === undefined ? blobs.delete(place) : blobs.put(place, utf8(text), { contentType: 'text/plain' }));
    expect((await build({})).vulnerabilities).toBeUndefined();
    expect((await build({ failOn: 'low' })).failure?.code).toBe('vulnerabilities.no_data');
    expect(await refresh()).toEqual({ outcome: 'changed' });
    expect((await build({})).vulnerabilities?.counts.high.found).toBe(2);
  });
});

describe('a mirror that is read again', () => {
  it('changes nothing where it has the same file', async () => {
    await take(known);
    const before = await readDataRecord(plane.ports.table);
    passed = day;
    expect(await refresh()).toEqual({ outcome: 'unchanged' });
    // The same bytes, written anew.
    expect(await take(known)).toEqual({ outcome: 'unchanged' });
    const after = await readDataRecord(plane.ports.table);
    expect(after?.record.data).toEqual(before?.record.data);
    expect(after?.record.checkedAt.slice(0, 10)).toBe(until(1));
  });

  it.each([
    ['is cut off', JSON.stringify(known).slice(0, -20), 'vulnerabilities.data_unreadable'],
    ['is of another form', '<?xml version="1.0"?><oval_definitions/>', 'vulnerabilities.data_unsupported'],
    ['is an error page', { error: 'gone' }, 'vulnerabilities.data_unreadable'],
    [
      'says nothing of what is built',
      trackerFile({ bash: { 'CVE-2026-1': {} } }, 'buzz'),
      'vulnerabilities.data_unreadable',
    ],
  ])('keeps the data that there was where the file %s', async (_, content, code) => {
    await take(known);
    const before = (await readDataRecord(plane.ports.table))?.record;
    expect(await take(content)).toEqual({ outcome: 'refused', code });
    await expect(onSchedule()).rejects.toThrow(code);
    const { data, failure } = (await readDataRecord(plane.ports.table))?.record ?? {};
    expect(data).toEqual(before?.data);
    expect(failure).toMatchObject({ code, reason: expect.stringMatching(/\S/) });
    expect((await build()).vulnerabilities?.counts.high.found).toBe(2);
    expect(await take(known)).toEqual({ outcome: 'unchanged' });
    expect((await readDataRecord(plane.ports.table))?.record.failure).toBeUndefined();
  });

  it('removes what no scan reads any more, one change later', async () => {
    const releaseOf = async () =>
      (await readDataRecord(plane.ports.table))?.record.data?.releases.find((one) => one.release === 'trixie')
        ?.sha256 ?? '';
    const files: string[] = [];
    for (const version of ['1', '2', '3']) {
      await take(trackerFile({ bash: { 'CVE-2026-0009': { status: 'resolved', fixed_version: version } } }));
      files.push(await releaseOf());
    }
    const kept = await Promise.all(files.map((file) => plane.ports.blobs.head(advisoriesPlace('trixie', file))));
    expect(kept.map((file) => file !== undefined)).toEqual([false, true, true]);
  });
});
