import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import bcrypt from 'bcryptjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { parseIni } from '../../cli/ini-file.ts';
import { findPlaces } from '../../cli/spec-places.ts';
import { fileIn, runCli } from './engine-under-test.ts';

let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(path.join(tmpdir(), 'lbuild-import-'));
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));
const run = (args: readonly string[], input = '') => runCli(['import', ...args], { cwd, input });
const sample = (name: string) => fileURLToPath(new URL(`../core/import/samples/${name}`, import.meta.url));

const imported = z.object({
  kind: z.string(),
  spec: z.looseObject({}),
  counts: z.object({ taken: z.number(), changed: z.number(), dropped: z.number() }),
  findings: z.array(
    z.object({ path: z.string(), fate: z.string(), to: z.array(z.string()), note: z.string(), line: z.number() }),
  ),
});

describe('lbuild import', () => {
  it('prints a spec, and a report line by line apart from it', async () => {
    await fileIn(
      cwd,
      'web.toml',
      'name = "web"\n\n[[packages]]\nname = "httpd"\n\n[customizations]\nfips = true\nhostname = "web"\n',
    );
    const { code, out, err } = await run(['web.toml']);
    expect(code).toBe(0);
    expect(parse(out)).toMatchObject({ name: 'web', packages: { install: ['apache2'] }, system: { hostname: 'web' } });
    const lines = err.trimEnd().split('\n');
    expect(lines.slice(0, 4)).toEqual([
      'web.toml:1: taken   name -> name',
      'web.toml:4: changed packages[0].name -> packages.install[0]: httpd is called apache2 here',
      'web.toml:7: dropped customizations.fips: no release here is validated for it',
      'web.toml:8: taken   customizations.hostname -> system.hostname',
    ]);
    expect(lines.at(-1)).toBe('web.toml: 2 taken over, 1 changed, 1 without a counterpart');
    expect(out).toContain('# - line 7: customizations.fips: no release here is validated for it\n');
  });

  it('writes a spec that is valid, and never over another file', async () => {
    const first = await run([sample('mkosi-debian.conf'), '--output', 'spec.yaml']);
    expect([first.code, first.out]).toEqual([0, 'spec.yaml written; next: lbuild validate spec.yaml\n']);
    const { out } = await runCli(['validate', '--offline', 'spec.yaml'], { cwd });
    expect(out).toContain('spec.yaml is valid');
    const again = await run([sample('blueprint-base.toml'), '--output', 'spec.yaml']);
    expect([again.code, again.err]).toEqual([2, expect.stringContaining('[cli.file_exists]')]);
    expect(await readFile(path.join(cwd, 'spec.yaml'), 'utf8')).toContain('name: appliance');
    expect((await run([sample('blueprint-base.toml'), '--output', 'spec.yaml', '--force'])).code).toBe(0);
    expect(await readFile(path.join(cwd, 'spec.yaml'), 'utf8')).toContain('name: base');
    expect((await run([sample('blueprint-base.toml'), '--output', 'no/such/spec.yaml'])).err).toContain(
      '[cli.file_unwritable]',
    );
  });

  it('answers with one document, hashes passwords and never shows them', async () => {
    const user = { name: 'alice', password: 'hunter2 hunter2' };
    await fileIn(
      cwd,
      'secret.json',
      JSON.stringify({ name: 's', packages: [], customizations: { user: [user] } }, null, 1),
    );
    const { code, out, err } = await run(['secret.json', '--json']);
    expect([code, err]).toEqual([0, '']);
    expect(out).not.toContain('hunter2');
    const { kind, spec, findings } = imported.parse(JSON.parse(out));
    expect([kind, findings.find(({ path: at }) => at.endsWith('password'))?.line]).toEqual(['blueprint', 8]);
    const { users } = z.object({ users: z.tuple([z.object({ passwordHash: z.string() })]) }).parse(spec);
    expect(bcrypt.compareSync('hunter2 hunter2', users[0].passwordHash)).toBe(true);
    const text = await run(['secret.json']);
    expect(text.out + text.err).not.toContain('hunter2');
  });

  it('reads standard input, the release and the architecture that are asked for', async () => {
    const input = '#cloud-config\nhostname: here\npackages: [nginx]\n';
    const { code, out } = await run(['-', '--release', 'noble', '--architecture', 'arm64', '--json'], input);
    expect(code).toBe(0);
    const { kind, spec } = imported.parse(JSON.parse(out));
    expect(kind).toBe('cloud-init');
    expect(spec).toMatchObject({ base: { distribution: 'ubuntu', release: 'noble', architecture: 'arm64' } });
    expect((await run(['-', '--release', 'warty'], input)).code).toBe(2);
  });

  it('exits 2 with --strict where something has no counterpart, with the spec all the same', async () => {
    const strict = await run(['web.toml', '--strict']);
    expect([strict.code, parse(strict.out)]).toEqual([2, expect.objectContaining({ name: 'web' })]);
    expect((await run(['-', '--strict'], '#cloud-config\nhostname: a\n')).code).toBe(0);
  });

  it('shows nothing that a terminal would act on', async () => {
    const hostile = {
      name: 'x\u001b[2J',
      packages: [{ name: 'a\u001b]0;title\u0007b' }],
      'k\u001b[31m\u202ey': 1,
      distro: 'a\nweb.toml:1: taken fake',
    };
    await fileIn(cwd, 'hostile.json', JSON.stringify(hostile));
    const { code, out, err } = await run(['hostile.json']);
    expect(code).toBe(0);
    expect((out + err).replaceAll('\n', '')).not.toMatch(/\p{Cc}|\u202e/u);
    expect(err).not.toMatch(/^web\.toml/m);
    expect(parse(out)).toMatchObject({ schemaVersion: 1 });
  });

  it('unpacks contents of gzip, and none that is larger than a file of a spec', async () => {
    const packed = (text: string) => gzipSync(text).toString('base64');
    const write_files = [
      { path: '/etc/small', encoding: 'gz+b64', content: packed('small\n') },
      { path: '/etc/large', encoding: 'gz+b64', content: packed('x'.repeat(50_000_000)) },
    ];
    const { out } = await run(['-', '--json'], `#cloud-config\n${stringify({ write_files })}`);
    const { spec, findings } = imported.parse(JSON.parse(out));
    expect(spec.files).toEqual([{ path: '/etc/small', content: 'small\n' }]);
    expect(findings.filter(({ fate }) => fate === 'dropped').map(({ path: at }) => at)).toContain(
      'write_files[1].content',
    );
  });
});

describe('what cannot be imported', () => {
  it.each([
    ['no kind', [], 'hello: world\n', 'cli.import_kind_unknown'],
    ['a template', [], '## template: jinja\n#cloud-config\n', 'cli.import_user_data'],
    ['parts', [], 'Content-Type: multipart/mixed; boundary="x"\n', 'cli.import_user_data'],
    ['addresses', [], '#include\nhttps://example.org\n', 'cli.import_user_data'],
    ['no header', ['--kind', 'cloud-init'], 'hostname: x\n', 'cli.import_user_data'],
    ['gzip', ['--kind', 'cloud-init'], '\u001f\ufffd\u0008', 'cli.file_unreadable'],
    ['a list', ['--kind', 'cloud-init'], '#cloud-config\n- a\n', 'cli.import_unreadable'],
    ['much', ['--kind', 'mkosi'], `# ${'x'.repeat(1_100_000)}\n`, 'cli.import_too_large'],
    ['deep', ['--kind', 'blueprint'], `{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`, 'cli.import_unreadable'],
    ['deep YAML', [], `#cloud-config\na: ${'['.repeat(20_000)}${']'.repeat(20_000)}\n`, 'cli.import_unreadable'],
    ['an unknown kind', ['--kind', 'kickstart'], '', 'kickstart'],
  ])('%s', async (_, options, input, shown) => {
    const { code, out, err } = await run(['-', ...options], input);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(shown);
    expect(err).not.toMatch(/^ {4}at /m);
  });

  it.each([
    ['bad.toml', 'name = "x"\nname = "y"\n', 'bad.toml:2:'],
    ['bad.json', '{\n  "packages": [,]\n}', 'bad.json:2:'],
    ['mkosi.conf', '[Content]\nPackages=a\nnonsense\n', 'mkosi.conf:3:1:'],
    ['user-data', '#cloud-config\na: b\na: c\n', 'user-data:3:1:'],
  ])('%s, with the place', async (name, text, place) => {
    await fileIn(cwd, name, text);
    const { code, err } = await run([name]);
    expect([code, err]).toEqual([2, expect.stringContaining(place)]);
  });

  it('stops at aliases that repeat themselves without bound', async () => {
    const levels = Array.from(
      { length: 12 },
      (_, level) =>
        `l${level}: &l${level} [${Array.from({ length: 12 }, () => (level === 0 ? 'x' : `*l${level - 1}`)).join(', ')}]`,
    );
    const { code, err } = await run(['-'], `#cloud-config\n${levels.join('\n')}\n`);
    expect([code, err]).toEqual([2, expect.stringContaining('cli.import_unreadable')]);
  });
});

describe('a mkosi.conf', () => {
  const text =
    '# remark\n[Content]\nPackages=\n  a # why\n  b,c\nHostname = x\n[Output]\nFormat=disk\n[Content]\nPackages=d\nPackages=\n';

  it('is read with continued lines, remarks, repeated sections and empty assignments', () => {
    expect(parseIni('mkosi.conf', text)).toEqual({
      Content: { Packages: ['a', 'b,c', 'd', ''], Hostname: ['x'] },
      Output: { Format: ['disk'] },
    });
    expect(parseIni('mkosi.conf', '  [A]\n  x=1\n    2\n')).toEqual({ A: { x: ['1', '2'] } });
    expect(parseIni('mkosi.conf', '')).toEqual({});
  });

  it.each([
    ['x=1\n', 'below a section'],
    ['[A\n', 'a section is [NAME]'],
    ['[ ]\n', 'a section is [NAME]'],
    ['[A]\n=1\n', 'NAME=VALUE'],
    ['[A]\n  word\n', 'NAME=VALUE'],
  ])('%j is none', (wrong, reason) => {
    expect(() => parseIni('mkosi.conf', wrong)).toThrow(
      expect.objectContaining({
        code: 'cli.file_unreadable',
        fields: [expect.objectContaining({ reason: expect.stringContaining(reason) })],
      }),
    );
  });

  it('has the places of its lines', async () => {
    const source = { file: 'mkosi.conf', text, format: 'ini' } as const;
    const places = await findPlaces(source, [
      'Content.Packages[0]',
      'Content.Packages[1]',
      'Content.Packages[2]',
      'Output.Format[0]',
      'Content.None',
    ]);
    expect(places.map((place) => place && `${place.line}:${place.column}`)).toEqual([
      '4:3',
      '5:3',
      '10:1',
      '8:1',
      '4:3',
    ]);
  });
});
