import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import type { ResolvedSpec } from '../../core/spec/schema.ts';
import { type GitlabJob, plainTemplate } from '../../scripts/gitlab-template.ts';
import { archive, specWith, twoScripts } from '../core/plan/plan-fixtures.ts';
import { type Caller, type OpenedApi, openApiOver } from '../support/callers.ts';
import { type ControlPlane, useControlPlane } from '../support/control-plane.ts';
import { componentJob, type JobTools, makeJobTools, runGitlabJob } from './gitlab-job.ts';

// Each test is a build, and some ten starts of the CLI.
vi.setConfig({ testTimeout: 120_000 });

/** The job of the component and of the template against the engine without a builder. */
let plane: ControlPlane;
useControlPlane(archive, (opened) => {
  plane = opened;
});
let api: OpenedApi;
let caller: Caller;
let tools: JobTools;
let folder: string;
beforeAll(async () => {
  api = await openApiOver(plane.ports);
  caller = await api.caller('gitlab');
  tools = await makeJobTools();
});
afterAll(async () => {
  await tools?.remove();
  await api?.close();
});
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lbuild-gitlab-'));
  return () => rm(folder, { recursive: true, force: true });
});

async function runJob(job: GitlabJob, spec: ResolvedSpec, variables: Readonly<Record<string, string>> = {}) {
  await writeFile(path.join(folder, 'spec.json'), JSON.stringify(spec));
  return await runGitlabJob(job, { tools, folder, apiKey: caller.apiKey, variables });
}
const job = (inputs: Readonly<Record<string, string>> = {}) =>
  componentJob({ 'spec-file': 'spec.json', 'api-url': api.url, ...inputs });
const status = async (): Promise<unknown> =>
  JSON.parse(await readFile(path.join(folder, 'lbuild-report/status.json'), 'utf8'));

it('a build that fails a test leaves what the test showed, its log and its state, and is not cancelled', async () => {
  plane.agent.scripts.set('boot-test.iso.bios', [{ fallsThrough: true }]);
  const boot = { outputs: [{ type: 'iso' as const }], tests: [{ boot: { firmware: ['bios' as const] } }] };
  const run = await runJob(job(), specWith({ system: { hostname: 'unbootable' }, ...boot }));
  expect([run.code, run.log]).toEqual([1, expect.stringContaining('test.failed')]);
  expect(run.kept).toEqual([
    'lbuild-report/boot-test.iso.bios.log',
    'lbuild-report/boot-test.iso.bios.png',
    'lbuild-report/build.log',
    'lbuild-report/status.json',
  ]);
  expect(await status()).toMatchObject({ state: 'failed', failure: { code: 'test.failed' } });
  expect(run.after).toEqual({ code: 0, log: expect.not.stringContaining('build.terminal') });
});

it('the template keeps what it downloads in the folder that its variable names', async () => {
  const template: Record<string, GitlabJob> = parse(plainTemplate());
  const plain = template['.lbuild'];
  if (plain === undefined) throw new Error('the template has no job');
  const variables = { LBUILD_URL: api.url, LBUILD_SPEC_FILE: 'spec.json', LBUILD_ARTIFACT_PATH: 'elsewhere' };
  const run = await runJob(plain, twoScripts('plain'), variables);
  expect([run.code, run.after]).toEqual([0, { code: 0, log: '' }]);
  expect(run.kept).toEqual(['elsewhere/example.tar.zst', 'lbuild-report/build.log', 'lbuild-report/status.json']);
});

it('a job that does not wait tells which build it started, and leaves it alone', async () => {
  plane.agent.scripts.set('first', [{ milliseconds: 60_000 }]);
  const run = await runJob(job({ wait: 'false' }), twoScripts('not-waited-for'));
  expect([run.code, run.after]).toEqual([0, { code: 0, log: '' }]);
  expect(run.kept).toEqual(['lbuild-report/status.json']);
  const [, id = ''] = /LBUILD_BUILD_ID=(\S+)/.exec(await readFile(path.join(folder, 'lbuild.env'), 'utf8')) ?? [];
  expect(await caller.getStatus(id)).toMatchObject({ ended: false });
  await caller.builds.cancel(id);
  await caller.waitForBuild(id);
});

it('a job that hears no more of the engine cancels its build', async () => {
  plane.agent.scripts.set('first', [{ milliseconds: 60_000 }]);
  const given = job();
  // As where the network fails: the wait ends, the build does not.
  const script = given.script.map((text) => text.replace('lbuild status "$LBUILD_BUILD_ID" --wait', 'sh -c "exit 6"'));
  expect(script).not.toEqual(given.script);
  const run = await runJob({ ...given, script }, twoScripts('unheard'));
  expect([run.code, run.after.code]).toEqual([6, 0]);
  const [id = ''] = /bld_\w+/.exec(run.after.log) ?? [];
  expect((await caller.waitForBuild(id)).state).toBe('cancelled');
});
