import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { findBuild } from '../../core/builds/build-repository.ts';
import { evidenceWrite } from '../../core/builds/evidence-record.ts';
import { artifactPlace } from '../../core/builds/places.ts';
import { packageListFile } from '../../core/evidence/package-list.ts';
import { imageWrite, newImage } from '../../core/retention/image.ts';
import { refreshData } from '../../core/vulnerabilities/refresh.ts';
import { exampleSpec } from '../functions/api/example-spec.ts';
import { storeImage } from '../functions/api/stored-image.ts';
import { type MirrorFolder, openMirrorFolder, trackerFile } from '../support/mirror-folder.ts';
import { type CliUnderTest, openCli } from './engine-under-test.ts';

let cli: CliUnderTest;
let folder: MirrorFolder;
let id: string;
/** Takes a file over that says this of bash. */
async function take(issues: Readonly<Record<string, object>>): Promise<void> {
  folder.write(trackerFile({ bash: issues }));
  await refreshData({ ...cli.api.ports, vulnerabilityMirror: folder.mirror });
}
const fixed = (version: string) => ({ status: 'resolved', fixed_version: version, urgency: 'high' });

beforeAll(async () => {
  cli = await openCli();
  folder = openMirrorFolder();
  const { ports, tenant } = { ports: cli.api.ports, tenant: cli.tenant };
  const spec = { ...exampleSpec, vulnerabilities: { failOn: 'high' } };
  id = (await storeImage(ports, tenant.tenantId, spec, {})).id;
  const list = packageListFile([
    { name: 'bash', version: '5.2.37-2', architecture: 'amd64', source: 'bash', sourceVersion: '5.2.37-2' },
  ]);
  await ports.blobs.put(artifactPlace(tenant.tenantId, list.sha256), list.bytes, { contentType: list.mediaType });
  const found = await findBuild(ports.table, id);
  if (found === undefined) throw new Error('the build is not stored');
  const { name, kind, mediaType, size, sha256 } = list;
  await ports.table.transact([
    evidenceWrite(id, [{ name, kind, mediaType, size, sha256 }]),
    imageWrite(newImage(found.value), undefined),
  ]);
});
afterAll(async () => {
  await cli?.close();
  folder?.remove();
});

describe('lbuild vulnerabilities and lbuild scan', () => {
  it('say that there is no data', async () => {
    const { code, out } = await cli.run(['vulnerabilities', 'data']);
    expect([code, out]).toEqual([0, 'the operator names no vulnerability data: nothing is scanned\n']);
    const refused = await cli.run(['scan', id]);
    expect(refused.code).not.toBe(0);
    expect(refused.err).toContain('The installation has no vulnerability data');
    expect((await cli.run(['vulnerabilities', 'refresh'])).err).toContain('installation:operate');
  });

  it('show the data, and what of it could not be read', async () => {
    await take({ 'CVE-2026-0001': fixed('5.2.37-1'), 'CVE-2026-0002': { status: '\u001b[2Jodd' } });
    const { out } = await cli.run(['vulnerabilities', 'data']);
    expect(out).toMatch(
      /^the operator names no .*\ndata of 20.* \(debian-tracker\)\ndigest [0-9a-f]{64}\n1 advisories\n/,
    );
    expect(out).toMatch(/\n {2}trixie +1\n1 entries could not be read:\n {2}bash CVE-2026-0002 trixie: status: /);
    expect(out).not.toContain('\u001b');
  });

  it('scan a build, say what is otherwise, and exit by its gate', async () => {
    const first = await cli.run(['scan', id]);
    expect([first.code, first.out]).toEqual([
      0,
      expect.stringMatching(
        /^scn_\S+ .* vulnerabilities +request +pass +0 critical, 0 high.*\nsince the scan before:\n$/,
      ),
    ]);
    expect((await cli.run(['scan', id])).out).toMatch(/\nnothing has changed since\n$/);
    expect((await cli.run(['vulnerabilities', 'rebuilds'])).out).toBe('');

    await take({ 'CVE-2026-0001': fixed('5.2.37-3') });
    const later = await cli.run(['scan', id]);
    expect([later.code, later.out]).toEqual([
      9,
      expect.stringMatching(/ fail .*1 high.*\nsince the scan before:\n {2}\+ CVE-2026-0001\n$/),
    ]);
    const json = z.object({ isNew: z.boolean() }).parse(JSON.parse((await cli.run(['scan', id, '--json'])).out));
    expect(json.isNew).toBe(false);
  });

  it('list what to rebuild', async () => {
    const { code, out } = await cli.run(['vulnerabilities', 'rebuilds']);
    expect([code, out]).toEqual([
      0,
      `${id}  edge-web  1 to mend, the worst high\n  high        bash 5.2.37-2 -> 5.2.37-3  (1)\n`,
    ]);
    const json = JSON.parse((await cli.run(['vulnerabilities', 'rebuilds', '--json'])).out);
    expect(json).toMatchObject({ rebuilds: [{ build: id, fixable: 1 }] });
  });

  it('say whether images are built anew by themselves, and whose turn it is', async () => {
    const automatic = (...more: string[]) => cli.run(['vulnerabilities', 'automatic', ...more]);
    expect((await automatic()).out).toBe('the engine builds no image anew by itself\n');
    expect((await automatic('--on', '--most-per-day', '3')).out).toBe(
      'the engine builds anew what has fixes of high or worse, at most 3 a day\n',
    );
    expect((await cli.run(['vulnerabilities', 'rebuilds'])).out).toMatch(/\n {2}to be built anew by itself\n$/);
    const set = await automatic('--severity', 'critical', '--json');
    expect(JSON.parse(set.out)).toEqual({ automatic: true, severity: 'critical', mostPerDay: 3 });
    expect((await cli.run(['vulnerabilities', 'rebuilds'])).out).toMatch(
      /\n {2}not by itself: .* not severe enough\n$/,
    );
    expect((await automatic('--off')).out).toBe('the engine builds no image anew by itself\n');
    expect((await cli.run(['vulnerabilities', 'rebuilds'])).out).not.toContain('by itself');
    expect((await automatic('--on', '--off')).code).not.toBe(0);
    expect((await automatic('--most-per-day', '0')).err).toContain('mostPerDay');
  });
});
