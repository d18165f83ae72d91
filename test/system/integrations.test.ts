import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '../../core/digest.ts';
import { bundleFile } from '../../scripts/generate-integrations.ts';
import {
  type ActionRun,
  ended,
  type Job,
  runActionStep,
  runnerCommands,
  type Watch,
} from '../integrations/action-job.ts';
import { componentJob, type JobRun, type JobTools, makeJobTools, runGitlabJob } from '../integrations/gitlab-job.ts';
import { engineFolder, project, removeFolder, startTestEngine, type TestEngine } from '../support/engine.ts';
import { smallSpec } from '../support/small-spec.ts';

/** Both integrations as their services run them, and the smoke test of a deployment, against an engine as users run it. */
const directory = engineFolder();
let engine: TestEngine;
let url: string;
let folder: string;
beforeAll(async () => {
  engine = await startTestEngine(directory);
  url = JSON.parse(await readFile(path.join(directory, 'engine.json'), 'utf8')).url;
});
afterAll(async () => {
  await engine?.stop();
  removeFolder(directory);
});
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lbuild-job-'));
  return () => rm(folder, { recursive: true, force: true });
});

/** What a hostile step says to the runner that shows it. */
const forged = [
  'the site is made',
  '::error file=spec.json,line=1::forged',
  '::add-mask::e',
  '::endgroup::',
  'at the end of a line ##[error]forged',
  '::stop-commands::x',
];
const steps = {
  good: [{ id: 'site', run: `${forged.map((line) => `echo '${line}'; `).join('')}echo made > /srv/site` }],
  failing: [{ id: 'broken', run: "echo 'about to fail' && exit 3" }],
  // No other test's: what comes from the cache says nothing.
  other: [{ id: 'page', run: "echo 'the page is made' && echo made > /srv/page" }],
  slow: [{ id: 'slow', run: "echo 'it begins' && sleep 300" }],
} as const;
type Kind = keyof typeof steps;

async function specFile(kind: Kind): Promise<void> {
  await writeFile(path.join(folder, 'spec.json'), JSON.stringify(smallSpec([...steps[kind]], kind), null, 2));
}

const cancelledBuild = async (id: string): Promise<string> =>
  (await engine.client.waitForBuild(id, { pollMilliseconds: 200 })).state;

describe('the GitHub Action', () => {
  const runAction = (given: Readonly<Record<string, string>>, watch?: Watch): Promise<ActionRun> =>
    runActionStep(
      {
        ...{ program: [path.join(project, bundleFile)], folder },
        inputs: { 'api-url': url, 'api-key': engine.apiKey, ...given },
      },
      watch,
    );

  it('builds, shows the log in groups, downloads and sums up; the same step again is the same build', async () => {
    await specFile('good');
    const run = await runAction({ evidence: 'true' });
    expect([run.code, run.log]).toEqual([0, expect.stringContaining(`::add-mask::${engine.apiKey}`)]);
    expect(run.log).toMatch(/::group::s\d+ site\n(.*\n)*?the site is made\n(.*\n)*?::endgroup::/);
    // What the build said is in the log, and none of it is done.
    expect(run.log).toContain('::error file=spec.json,line=1::forged');
    const commands = runnerCommands(run.log);
    expect(commands.filter(({ name }) => !['add-mask', 'group', 'endgroup'].includes(name))).toEqual([]);
    const groups = commands.filter(({ name }) => name === 'group');
    expect(commands.filter(({ name }) => name === 'endgroup')).toHaveLength(groups.length);
    expect(commands.filter(({ name }) => name === 'add-mask')).toHaveLength(1);
    expect(run.log.replace(`::add-mask::${engine.apiKey}`, '')).not.toContain(engine.apiKey);
    const [artifact] = await engine.client.builds.listArtifacts(run.outputs['build-id'] ?? '');
    expect(run.outputs).toMatchObject({
      ...{ status: 'succeeded', 'artifact-paths': 'images/good.tar.zst', digest: artifact?.sha256 },
      digests: JSON.stringify({ 'good.tar.zst': artifact?.sha256 }),
    });
    expect(await readdir(path.join(folder, 'images'))).toEqual(expect.arrayContaining(['good.tar.zst', 'SHA256SUMS']));
    expect(run.summary).toContain(`| good.tar.zst | tar |`);
    expect(run.summary).toContain(artifact?.sha256);
    const again = await runAction({ wait: 'false' });
    expect(again.outputs['build-id']).toBe(run.outputs['build-id']);
  });

  it('marks each error of a spec at its line', async () => {
    const text = JSON.stringify(smallSpec([...steps.good]), null, 2)
      .replace('"tar"', '"tarr"')
      .replace('"trixie"', '"potato"');
    await writeFile(path.join(folder, 'spec.json'), text);
    const run = await runAction({});
    expect(run.code).toBe(1);
    const lineOf = (word: string) => text.slice(0, text.indexOf(word)).split('\n').length;
    for (const [word, field] of [
      ['"potato"', 'base.release'],
      ['"tarr"', 'outputs[0].type'],
    ] as const) {
      expect(run.log).toMatch(
        new RegExp(
          `::error title=Spec,file=spec\\.json,line=${lineOf(word)},col=\\d+::${field.replace(/[[\].]/g, '\\$&')}: `,
        ),
      );
    }
    expect(run.outputs['build-id']).toBeUndefined();
  });

  it('tells of inputs, keys and files that are none', async () => {
    expect(await runAction({ timeout: 'soon' })).toMatchObject({
      code: 1,
      log: expect.stringContaining('::error title=Input::The input timeout'),
    });
    expect(await runAction({})).toMatchObject({ code: 1, log: expect.stringContaining('cli.file_unreadable') });
    await specFile('good');
    expect(await runAction({ 'api-key': 'lbk_no' })).toMatchObject({
      code: 1,
      log: expect.stringContaining('access.unauthenticated'),
    });
  });

  it('fails with a build that fails, and says which step, why, and what was last in its log', async () => {
    await specFile('failing');
    const run = await runAction({});
    expect([run.code, run.outputs.status]).toEqual([1, 'failed']);
    expect(run.log).toMatch(/::error title=Build failed,file=spec\.json::.*\(step broken\) \[script\.failed\]/);
    expect(run.summary).toContain('about to fail');
    expect(run.summary).toContain('script.failed');
  });

  it('cancels the build of a job that is cancelled', async () => {
    await specFile('slow');
    const run = await runAction({}, (log, child) => {
      // Once: a process that has tidied up and ends hears a second one no more.
      if (log.includes('it begins') && !child.killed) child.kill('SIGINT');
    });
    expect([run.code, run.outputs.status]).toEqual([1, 'cancelled']);
    expect(run.log).toContain('The job was cancelled');
    expect(await cancelledBuild(run.outputs['build-id'] ?? '')).toBe('cancelled');
  });
});

describe('the GitLab component', () => {
  let tools: JobTools;
  beforeAll(async () => {
    tools = await makeJobTools();
  });
  afterAll(() => tools?.remove());

  const runJob = (more: Readonly<Record<string, string>> = {}, watch?: Watch): Promise<JobRun> =>
    runGitlabJob(
      componentJob({ 'spec-file': 'spec.json', 'api-url': url, ...more }),
      { tools, folder, apiKey: engine.apiKey },
      watch,
    );
  const report = (name: string) => readFile(path.join(folder, 'lbuild-report', name), 'utf8');

  it('builds and downloads, and tells the build to the jobs behind it', async () => {
    await specFile('other');
    const run = await runJob({ evidence: 'true' });
    expect([run.code, run.log]).toEqual([0, expect.stringMatching(/build bld_\w+ is started\n/)]);
    expect(await readdir(path.join(folder, 'images'))).toEqual(expect.arrayContaining(['other.tar.zst', 'SHA256SUMS']));
    expect(await readFile(path.join(folder, 'lbuild.env'), 'utf8')).toMatch(/^LBUILD_BUILD_ID=bld_\w+\n$/);
    expect(run.after).toEqual({ code: 0, log: '' });
    expect(run.kept).toEqual(
      expect.arrayContaining(['images/other.tar.zst', 'lbuild-report/build.log', 'lbuild-report/status.json']),
    );
    expect(JSON.parse(await report('status.json'))).toMatchObject({ state: 'succeeded', name: 'other' });
    expect(await report('build.log')).toContain('the page is made');
  });

  it('passes on how lbuild ends: 2 for a spec that is none, with its line; 1 for a build that fails', async () => {
    await writeFile(path.join(folder, 'spec.json'), '{\n  "schemaVersion": 1,\n  "nam": "x"\n}');
    const wrong = await runJob();
    expect([wrong.code, wrong.log]).toEqual([2, expect.stringContaining('spec.json:3:3: nam: ')]);
    expect(existsSync(path.join(folder, 'lbuild.env'))).toBe(false);
    expect(wrong.after).toEqual({ code: 0, log: '' });
    await specFile('failing');
    const failed = await runJob();
    expect([failed.code, failed.log]).toEqual([1, expect.stringContaining('script.failed')]);
    // There is nothing to cancel, and nothing is said behind why it failed.
    expect(failed.after).toEqual({ code: 0, log: '' });
    expect(failed.kept).toEqual(['lbuild-report/build.log', 'lbuild-report/status.json']);
    expect(JSON.parse(await report('status.json'))).toMatchObject({ state: 'failed' });
    expect(await report('build.log')).toContain('about to fail');
  });

  it('cancels the build of a job that is cancelled', async () => {
    await specFile('slow');
    const run = await runJob({}, (log, child) => {
      // As the runner does: the whole group at once.
      if (log.includes('slow') && child.pid !== undefined && !child.killed) process.kill(-child.pid, 'SIGTERM');
    });
    expect(run.code).toBeNull();
    const id = /bld_\w+/.exec(run.after.log)?.[0] ?? '';
    expect(run.after.code).toBe(0);
    expect(await cancelledBuild(id)).toBe('cancelled');
    expect(run.kept).toContain('lbuild-report/build.log');
  });
});

describe('the smoke test of a deployment', () => {
  const lifecycle = (args: readonly string[], watch?: Watch): Promise<Job> =>
    ended(
      spawn(path.join(project, 'scripts/test-build-lifecycle.sh'), [...args], {
        cwd: folder,
        env: { PATH: '/usr/bin:/bin', TMPDIR: folder, LBUILD_URL: url, LBUILD_API_KEY: engine.apiKey },
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
      watch,
    );

  it('builds, downloads, checks, cancels and removes', async () => {
    const run = await lifecycle(['--to', 'kept']);
    expect([run.code, run.log]).toEqual([0, expect.stringMatching(/all of it worked\n$/)]);
    const [, built = '', cancelled = ''] = /the records of (bld_\w+) and (bld_\w+) stay/.exec(run.log) ?? [];
    expect(await cancelledBuild(cancelled)).toBe('cancelled');
    const digest = sha256(await readFile(path.join(folder, 'kept/smoke.tar.zst')));
    expect(run.log).toMatch(new RegExp(`artifacts: smoke\\.tar\\.zst \\(tar\\), \\d+ bytes, sha256 ${digest}\\n`));
    const trash = await engine.client.retention.listTrash().all(10);
    expect(trash.map(({ build }) => build)).toEqual([built]);
    expect(await readdir(path.join(folder, 'kept'))).toEqual(expect.arrayContaining(['smoke.tar.zst', 'SHA256SUMS']));
    expect(await readdir(folder)).toEqual(['kept']);
    expect(run.log).not.toContain(engine.apiKey);
  });

  it('tells why a build failed, and cancels one that takes too long or is interrupted', async () => {
    await specFile('failing');
    const failed = await lifecycle(['--spec', 'spec.json']);
    expect([failed.code, failed.log]).toEqual([
      1,
      expect.stringMatching(/\| about to fail\n.* is failed: script\.failed /),
    ]);
    await specFile('slow');
    const late = await lifecycle(['--spec', 'spec.json', '--timeout', '2']);
    expect([late.code, late.log]).toEqual([7, expect.stringContaining('is not done after 2 seconds')]);
    const stopped = await lifecycle(['--spec', 'spec.json'], (log, child) => {
      if (log.includes('running') && !child.killed) child.kill('SIGTERM');
    });
    expect(stopped.code).toBe(130);
    for (const { log } of [late, stopped]) {
      expect(await cancelledBuild(/cancelled (bld_\w+)/.exec(log)?.[1] ?? '')).toBe('cancelled');
    }
    expect(await readdir(folder)).toEqual(['spec.json']);
  });
});
