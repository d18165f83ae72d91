import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import about from '../../cli/package.json' with { type: 'json' };
import { buildCli } from '../../scripts/build-cli.ts';
import { type CliUnderTest, fileIn, openCli } from '../cli/engine-under-test.ts';
import { installedNodes } from '../support/installed-nodes.ts';

const run = promisify(execFile);
/** Bytes of the package that npm downloads; it was 0.87 MB on 2026-11-28, half of it the sandbox that plugins are tested in. */
const mostBytes = 1_000_000;

let folder: string;
let cli: CliUnderTest;
let program: string;
let packed: { readonly size: number };
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lbuild-package-'));
  cli = await openCli();
  const built = path.join(folder, 'dist');
  await buildCli(built);
  const environment = { PATH: process.env.PATH, HOME: folder, npm_config_cache: path.join(folder, 'npm') };
  const options = { cwd: folder, env: environment };
  const { stdout } = await run('npm', ['pack', built, '--json', '--pack-destination', folder], options);
  const [{ filename, size }] = JSON.parse(stdout);
  packed = { size };
  await mkdir(path.join(folder, 'user'));
  // It needs nothing but itself: nothing is asked of a registry.
  await run(
    'npm',
    ['install', '--offline', '--no-audit', '--prefix', path.join(folder, 'user'), path.join(folder, filename)],
    options,
  );
  program = path.join(folder, 'user/node_modules/.bin/lbuild');
}, 120_000);
afterAll(async () => {
  await cli?.close();
  await rm(folder, { recursive: true, force: true });
});

it('the package of the CLI is small, and holds its presets, licences, and no code of tests', async () => {
  expect(packed.size).toBeLessThan(mostBytes);
  const files = await readdir(path.join(folder, 'dist'), { recursive: true });
  expect(files).toEqual(
    expect.arrayContaining(['LICENSE', 'README.md', 'THIRD-PARTY-NOTICES.txt', 'presets/minimal.yaml']),
  );
  const notices = await readFile(path.join(folder, 'dist/THIRD-PARTY-NOTICES.txt'), 'utf8');
  for (const name of ['commander ', 'zod ', 'yaml ', '@clack/prompts ']) expect(notices).toContain(name);
  expect(notices).not.toContain('vitest');
});

describe.each(installedNodes())('on Node %s', (version, node) => {
  const lbuild = async (args: readonly string[], environment: NodeJS.ProcessEnv = {}) => {
    const known = { LBUILD_URL: cli.api.url, LBUILD_API_KEY: cli.tenant.keys.owner };
    const env = { PATH: process.env.PATH, HOME: folder, ...known, ...environment };
    try {
      return { code: 0, ...(await run(node, [program, ...args], { cwd: cli.folder, env })) };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { code, stdout, stderr };
    }
  };

  it('tells its version and help, and completes', async () => {
    expect(await lbuild(['--version'])).toEqual({ code: 0, stdout: `${about.version}\n`, stderr: '' });
    expect((await lbuild(['--help'])).stdout).toContain('Exit codes:');
    expect((await lbuild(['__complete', '--', 'templ'])).stdout).toContain('templates\t');
  });

  it('writes first specs and checks them without an engine', async () => {
    expect((await lbuild(['init', '--force', '--preset', 'minimal', 'web.yaml'])).code).toBe(0);
    expect((await lbuild(['validate', '--offline', 'web.yaml'])).stdout).toContain('is valid');
    await fileIn(cli.folder, 'wrong.toml', 'schemaVersion = 1\nname = 3\n');
    const told = await lbuild(['validate', '--offline', 'wrong.toml']);
    expect([told.code, told.stderr]).toEqual([2, expect.stringContaining('wrong.toml:2:1: name: ')]);
    expect(JSON.parse((await lbuild(['schema'])).stdout)).toHaveProperty('anyOf');
  });

  it('tests plugins in the sandbox that it brings, where Node can shut it in', async () => {
    await fileIn(cli.folder, 'plugin.js', 'export const validateSpec = ({ spec }) => ({ errors: spec.errors });');
    await fileIn(cli.folder, 'input.json', '{ "spec": { "errors": [] }, "context": { "tenantId": "ten_1" } }');
    const told = await lbuild(['plugins', 'test', 'plugin.js', '--hook', 'validateSpec', '--input', 'input.json']);
    if (Number.parseInt(version, 10) < 24) {
      expect([told.code, told.stderr]).toEqual([2, expect.stringContaining('[cli.node_too_old]')]);
    } else expect([told.code, JSON.parse(told.stdout)]).toEqual([0, { errors: [] }]);
  });

  it('asks an engine, shows builds, and says that it brings none', async () => {
    const started = JSON.parse((await lbuild(['start', 'web.yaml', '--json'])).stdout);
    expect((await lbuild(['list'])).stdout).toContain(started.id);
    expect((await lbuild(['status', started.id])).stdout).toContain('minimal');
    expect((await lbuild(['plan', 'web.yaml'])).code).toBe(0);
    expect(await lbuild(['local', 'up'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('cli.no_local_engine'),
    });
  });

  it('has the parts that operators use: they come as far as to ask AWS', async () => {
    const nowhere = {
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'x',
      AWS_SECRET_ACCESS_KEY: 'y',
      AWS_MAX_ATTEMPTS: '1',
    };
    const environment = { ...nowhere, AWS_ENDPOINT_URL: 'http://127.0.0.1:9' };
    for (const args of [
      ['doctor', '--aws'],
      ['admin', 'create-first-key', '--table', 'x', '--tenant', 'y'],
    ]) {
      const told = await lbuild(args, environment);
      expect(told.code).not.toBe(0);
      expect(told.stderr).toMatch(/ECONNREFUSED|does not answer/);
      expect(told.stderr).not.toContain('TypeError');
    }
  });
});
