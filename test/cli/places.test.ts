import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CliUnderTest, fileIn, openCli } from './engine-under-test.ts';

let cli: CliUnderTest;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(() => cli?.close());

const wrong = `schemaVersion = 1
name = "edge"
outputs = [{ type = "tarr" }]

[base]
distribution = "debian"
release = "trixie"
architecture = "amd64"
`;

it.each([
  ['validate', ['validate']],
  ['validate without an engine', ['validate', '--offline']],
  ['plan', ['plan']],
  ['start', ['start']],
  ['cache explain', ['cache', 'explain']],
])('lbuild %s shows where in a file in TOML an error stands', async (_, command) => {
  await fileIn(cli.folder, 'spec.toml', wrong);
  const told = await cli.run([...command, 'spec.toml']);
  expect(told.code).toBe(2);
  expect(told.err).toContain(
    [
      '  spec.toml:3:14: outputs[0].type: "tarr" is not known here  [spec.unsupported_output]',
      '     3 | outputs = [{ type = "tarr" }]',
      '       |              ^',
    ].join('\n'),
  );
  const document = await cli.run([...command, 'spec.toml', '--json']);
  expect(JSON.parse(document.out).error.errors[0]).toMatchObject({ file: 'spec.toml', line: 3, column: 14 });
});

it('a build is started from TOML as from YAML', async () => {
  await fileIn(cli.folder, 'good.toml', wrong.replace('tarr', 'tar'));
  const started = await cli.run(['start', 'good.toml', '--json']);
  expect([started.code, JSON.parse(started.out)]).toMatchObject([0, { name: 'edge' }]);
});

it('tells where TOML is none, and sends nothing', async () => {
  await fileIn(cli.folder, 'broken.toml', 'name = "x"\nbase = [\n');
  const told = await cli.run(['start', 'broken.toml']);
  expect([told.code, told.err]).toEqual([2, expect.stringMatching(/broken\.toml:[23]:\d+: /)]);
  expect(told.err).toContain('cli.toml_invalid');
});

it.each([
  ['spec.yaml', 'name: x\nbase: [a, b\nname: y\n', [], 'spec.yaml:3:'],
  ['spec.yaml', 'name: x\nbase: [a, b\nname: y\n', ['--offline'], 'spec.yaml:3:'],
  ['spec.yaml', 'name: &n x\nbase: *n\n', [], 'spec.yaml:2:7: '],
  ['spec.json', '{\n  "name": "x",\n  "base": {,}\n}\n', [], 'spec.json:3:12: '],
  ['spec.JSON', '{\n  "name": "x",\n  "base": [1,]\n}\n', ['--offline'], 'spec.JSON:3:14: '],
  ['spec.json', '{\n  "name": "x"\n\n', [], 'spec.json:4:1: '],
])('tells where %s ceases to be readable, by the engine and without one', async (file, text, options, place) => {
  await fileIn(cli.folder, file, text);
  const told = await cli.run(['validate', file, ...options]);
  expect([told.code, told.err]).toEqual([2, expect.stringContaining(`  ${place}`)]);
  expect(told.err).toContain('request.unreadable');
  expect(told.err).not.toMatch(/\d, column \d/);
  const document = JSON.parse((await cli.run(['validate', file, ...options, '--json'])).out);
  expect(document.error.errors[0]).toMatchObject({ file, line: Number(place.split(':')[1]) });
});

it('shows where in a template’s file an error stands', async () => {
  await fileIn(cli.folder, 'template.yaml', 'name: web\nspec:\n  schemaVersion: 1\n  outputs: [{ type: tarr }]\n');
  const told = await cli.run(['templates', 'create', 'template.yaml']);
  expect([told.code, told.err]).toEqual([2, expect.stringContaining('template.yaml:4:15: spec.outputs[0].type: ')]);
});
