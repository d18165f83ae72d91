import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createPluginRunner } from '../../adapters/quickjs/plugin-runner.ts';
import { exampleYaml } from '../functions/api/example-spec.ts';
import { type CliUnderTest, fileIn, openCli } from './engine-under-test.ts';

let cli: CliUnderTest;
let folder: string;
const file = (name: string) => path.join(folder, name);
beforeAll(async () => {
  cli = await openCli();
  Object.assign(cli.api.ports, { plugins: createPluginRunner() });
  folder = await mkdtemp(path.join(tmpdir(), 'lbuild-plugins-'));
  await writeFile(
    file('names.js'),
    `export function validateSpec({ spec }) {
      console.warn('looked at', spec.name);
      return { errors: spec.name === 'good' ? [] : [{ path: 'name', reason: 'is not good', remedy: 'Be good.' }] };
    }
    export function transformSpec() { throw new Error('not now'); }`,
  );
  await writeFile(file('names.yaml'), 'name: names\nhooks: [validateSpec]\nwants: { clock: true }\n');
  await writeFile(file('input.yaml'), 'spec: { name: bad }\ncontext: { tenantId: ten_1 }\n');
});
afterAll(async () => {
  await cli?.close();
  await rm(folder, { recursive: true, force: true });
});

it('plugins are put, enabled, granted, shown, disabled and removed', async () => {
  const put = await cli.run(['plugins', 'put', file('names.js'), '--declaration', file('names.yaml'), '--enable']);
  expect([put.out, put.err]).toEqual(['names  version 1  enabled\n', '']);
  const granted = await cli.run(['plugins', 'grant', 'names', '--clock']);
  expect(granted.out).toBe('names                version 1  (latest 1)  granted: clock\n');
  expect((await cli.run(['plugins', 'ls'])).out).toBe(granted.out);
  expect((await cli.run(['plugins', 'show', 'names'])).out).toContain('  wants clock\n');
  const enabled = await cli.run(['plugins', 'enable', 'names', '--order', '3']);
  expect(enabled.out).toBe('names                version 1  (latest 1)  order 3  granted: clock\n');
  expect((await cli.run(['plugins', 'revoke', 'names'])).out).not.toContain('granted');
  expect((await cli.run(['plugins', 'disable', 'names'])).out).toBe('names                disabled  (latest 1)\n');
  expect((await cli.run(['plugins', 'rm', 'names'])).out).toBe('names removed\n');
  const gone = await cli.run(['plugins', 'show', 'names']);
  expect([gone.code, gone.err]).toEqual([3, expect.stringContaining('[plugin.not_found]')]);
});

it('a plugin is tested without an engine', async () => {
  const args = ['plugins', 'test', file('names.js'), '--input', file('input.yaml'), '--hook'];
  const run = await cli.run([...args, 'validateSpec']);
  expect(run.code).toBe(0);
  expect(JSON.parse(run.out)).toEqual({ errors: [{ path: 'name', reason: 'is not good', remedy: 'Be good.' }] });
  expect(run.err).toMatch(
    /^test 1 {2}validateSpec {2}succeeded {2}\d+ ms, of these \d+ ms of processor time, [\d.]+ MiB\n/,
  );
  expect(run.err).toContain('  warn: looked at bad\n');
  const failed = await cli.run([...args, 'transformSpec']);
  expect([failed.code, failed.out]).toEqual([7, '']);
  expect(failed.err).toMatch(/error: .*not now.* {2}\[plugin\.threw\]/);
  const wrong = await cli.run([...args, 'planPolicy']);
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('[cli.input_invalid]')]);
});

it('a plan says what plugins decide of it', async () => {
  const spec = await fileIn(folder, 'spec.yaml', exampleYaml);
  const put = async (text: string) => {
    await writeFile(file('judge.js'), `export function planPolicy() { return ${text}; }`);
    await writeFile(file('judge.yaml'), 'name: judge\nhooks: [planPolicy]\n');
    await cli.run(['plugins', 'put', file('judge.js'), '--declaration', file('judge.yaml'), '--enable']);
  };
  const plannedLine = async () => {
    const { code, out } = await cli.run(['plan', spec]);
    expect(code).toBe(0);
    return out.split('\n').filter((line) => line.startsWith('plugins '));
  };
  expect(await plannedLine()).toEqual([]);
  await put("{ decision: 'allow' }");
  expect(await plannedLine()).toEqual(['plugins        allowed']);
  await put("{ decision: 'require-approval', reason: 'dear' }");
  expect(await plannedLine()).toEqual(['plugins        waits for approval by judge 2: dear']);
  await put('null');
  expect(await plannedLine()).toEqual([
    expect.stringMatching(/^plugins {8}refused by judge 3: the plugin failed \(plugin\.output\): /),
  ]);
  expect((await cli.run(['plugins', 'rm', 'judge'])).code).toBe(0);
});
