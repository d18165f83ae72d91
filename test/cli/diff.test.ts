import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildDiffSchema } from '../../core/diff/diff-view.ts';
import { exampleSpec } from '../functions/api/example-spec.ts';
import { storeArtifact } from '../functions/api/stored-build.ts';
import { file, folders, storeImage } from '../functions/api/stored-image.ts';
import { type CliUnderTest, openCli } from './engine-under-test.ts';

let cli: CliUnderTest;
let one: string;
let other: string;
beforeAll(async () => {
  cli = await openCli();
  const { ports } = cli.api;
  const { tenantId } = cli.tenant;
  const packages = (version: string) => [
    { name: 'curl', version, architecture: 'amd64', status: 'install ok installed' },
  ];
  const bootstrap = { entries: [...folders('etc'), file('etc/kept', 'kept')], packages: packages('8.1') };
  one = (await storeImage(ports, tenantId, exampleSpec, { bootstrap })).id;
  const many = Array.from({ length: 6_000 }, (_, position) => file(`etc/${position}`, 'many'));
  const system = {
    entries: [file('etc/kept', 'changed', { mode: 0o600, uid: 7 }), ...many, file('etc/\u001b[2J', 'hostile')],
    packages: packages('8.2'),
  };
  const spec = { ...exampleSpec, system: { hostname: 'two' }, kernel: { cmdline: ['quiet'] } };
  other = (await storeImage(ports, tenantId, spec, { bootstrap, system })).id;
  await storeArtifact(ports, tenantId, one, 'edge-web.tar.zst', 'same');
  await storeArtifact(ports, tenantId, other, 'edge-web.tar.zst', 'same');
});
afterAll(() => cli?.close());

describe('lbuild diff', () => {
  it('tells what differs, and counts the files', async () => {
    const { code, out, err } = await cli.run(['diff', one, other]);
    expect([code, err]).toEqual([0, '']);
    for (const line of [
      `a  ${one}  edge-web`,
      'packages   1 differ',
      '  ~ curl:amd64  8.1 -> 8.2',
      'kernel     (none)',
      'arguments  (none) -> quiet',
      'services   the same',
      'tar        0.0 kB, the same',
      '  ~ system.hostname  edge-web -> two',
      'files      6001 added, 0 removed, 1 changed, 0 in time only',
    ]) {
      expect(out.split('\n')).toContain(line);
    }
    expect(out).not.toContain('/etc/kept');
  });

  it('--files lists them all, whatever their names', async () => {
    const { code, out } = await cli.run(['diff', one, other, '--files']);
    expect(code).toBe(0);
    expect(out).toContain('  ~ /etc/kept  mode 0644 -> 0600, owner 0:0 -> 7:0, size 4 -> 7, digest\n');
    expect(out.match(/^ {2}\+ \/etc\/\d+ {2}file 0644 0\.0 kB$/gm)).toHaveLength(6_000);
    expect(out).not.toContain('\u001b');
  });

  it('--json answers the whole document', async () => {
    const { out } = await cli.run(['diff', one, other, '--files', '--json']);
    const diff = buildDiffSchema.parse(JSON.parse(out));
    expect(diff.files.entries).toHaveLength(6_002);
    expect(diff.files).not.toHaveProperty('cursor');
    expect(new Set(diff.files.entries.map(({ path }) => path)).size).toBe(6_002);
  });

  it('of a build and itself says that it is identical', async () => {
    expect((await cli.run(['diff', one, one])).out.split('\n')).toContain('identical');
  });

  it('exits 3 where one of them does not exist', async () => {
    const { code, err } = await cli.run(['diff', one, 'bld_none']);
    expect([code, err]).toEqual([3, expect.stringContaining('[build.not_found]')]);
  });
});
