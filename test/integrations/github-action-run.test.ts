import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ResolvedSpec } from '../../core/spec/schema.ts';
import { archive, specWith, twoScripts } from '../core/plan/plan-fixtures.ts';
import { type CuttingProxy, startCuttingProxy } from '../sdk/cutting-proxy.ts';
import { type Caller, type OpenedApi, openApiOver } from '../support/callers.ts';
import { type ControlPlane, useControlPlane } from '../support/control-plane.ts';
import { type ActionRun, runActionStep, runnerCommands, type Watch } from './action-job.ts';

// Each test is a build, which takes its time on a machine that does something else.
vi.setConfig({ testTimeout: 120_000 });

/** The Action's sources as a process, with minutes of another length, against the engine without a builder. */
const source = new URL('../../integrations/github-action/src/run.ts', import.meta.url).href;
const program = (minuteMilliseconds: number) => `
  import { runAction } from ${JSON.stringify(source)};
  const stopped = new AbortController();
  process.on('SIGINT', () => stopped.abort());
  const limits = { stopped: stopped.signal, minuteMilliseconds: ${minuteMilliseconds} };
  process.exitCode = (await runAction(process.env, limits)) ? 0 : 1;`;

let plane: ControlPlane;
useControlPlane(archive, (opened) => {
  plane = opened;
});
let proxy: CuttingProxy;
let api: OpenedApi;
let caller: Caller;
let folder: string;
beforeAll(async () => {
  const { blobs } = plane.ports;
  let store = '';
  proxy = await startCuttingProxy(() => store, true);
  const signGet: typeof blobs.signGet = async (...given) => {
    const signed = await blobs.signGet(...given);
    store = new URL(signed.url).origin;
    return { ...signed, url: signed.url.replace(store, proxy.url) };
  };
  api = await openApiOver({ ...plane.ports, blobs: { ...blobs, signGet } });
  caller = await api.caller('action');
});
afterAll(async () => {
  await api?.close();
  await proxy?.close();
});
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lbuild-action-'));
  proxy.accidents = [];
  proxy.downloads.length = 0;
  return () => rm(folder, { recursive: true, force: true });
});

interface Given {
  readonly spec?: ResolvedSpec;
  readonly inputs?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly minuteMilliseconds?: number;
  readonly url?: string;
}

async function runAction(given: Given, watch?: Watch): Promise<ActionRun> {
  const { spec = twoScripts('action'), inputs, environment = {}, minuteMilliseconds = 60_000, url = api.url } = given;
  await writeFile(path.join(folder, 'spec.json'), JSON.stringify(spec));
  const evaluated = ['--input-type=module', '--eval', program(minuteMilliseconds)];
  return await runActionStep(
    {
      ...{ program: evaluated, folder, environment },
      inputs: { 'api-url': url, 'api-key': caller.apiKey, timeout: '1', ...inputs },
    },
    watch,
  );
}

const files = async () => (await readdir(path.join(folder, 'images')).catch(() => [])).sort();
const errors = ({ log }: ActionRun) => runnerCommands(log).filter(({ name }) => name === 'error');

describe('the time of a build', () => {
  it('that takes too long is cancelled, and the step says so', async () => {
    plane.agent.scripts.set('first', [{ milliseconds: 60_000 }]);
    const run = await runAction({ spec: twoScripts('slow'), minuteMilliseconds: 3_000 });
    expect([run.code, run.outputs.status]).toEqual([1, 'cancelled']);
    expect(errors(run).map(({ text }) => text)).toEqual([
      expect.stringMatching(/^The build took more than 1 minutes, and the build bld_\w+ is cancelled\.$/),
    ]);
    expect((await caller.waitForBuild(run.outputs['build-id'] ?? '')).state).toBe('cancelled');
    expect(await files()).toEqual([]);
  });

  it('is the build’s: a download that ends after it is a success', async () => {
    const minuteMilliseconds = 15_000;
    let startedAt = 0;
    proxy.accidents = [{ at: 10, meanwhile: () => sleep(startedAt + minuteMilliseconds + 1_500 - Date.now()) }];
    const run = await runAction({ spec: twoScripts('in-time'), minuteMilliseconds }, (log) => {
      if (startedAt === 0 && log.includes(' is started')) startedAt = Date.now();
    });
    expect([run.code, run.outputs.status, errors(run)]).toEqual([0, 'succeeded', []]);
    expect(proxy.downloads).toHaveLength(2);
    expect(await files()).toEqual(['example.tar.zst']);
    expect(run.outputs['artifact-paths']).toBe('images/example.tar.zst');
  });
});

describe('a job that is cancelled', () => {
  it('while it downloads ends soon, tells what was built, and leaves no part of a file', async () => {
    let stop: () => void = () => undefined;
    let stoppedAt = 0;
    proxy.accidents = [
      {
        ...{ at: 10, hangs: true },
        meanwhile: async () => {
          stoppedAt = Date.now();
          stop();
        },
      },
    ];
    const run = await runAction({ spec: twoScripts('stopped') }, (_, child) => {
      stop = () => child.kill('SIGINT');
    });
    expect(Date.now() - stoppedAt).toBeLessThan(7_500);
    expect([run.code, run.outputs.status]).toEqual([1, 'succeeded']);
    expect(errors(run).map(({ text }) => text)).toEqual(['The job was cancelled.']);
    expect(run.summary).toContain('| example.tar.zst |');
    expect(await files()).toEqual([]);
  });
});

describe('what a build made is told', () => {
  it('though a file is wanted that it did not make, which fails the step', async () => {
    const run = await runAction({ spec: twoScripts('wanted'), inputs: { outputs: 'none.iso' } });
    expect([run.code, run.outputs.status, run.outputs['artifact-paths']]).toEqual([1, 'succeeded', '']);
    const [artifact] = await caller.builds.listArtifacts(run.outputs['build-id'] ?? '');
    expect(run.outputs.digest).toBe(artifact?.sha256);
    expect(run.summary).toContain(artifact?.sha256);
    expect(errors(run).map(({ text }) => text)).toEqual([
      expect.stringMatching(/has made example\.tar\.zst, and not none\.iso\. \[artifact\.not_found\]/),
    ]);
  });

  it('though it cannot be downloaded', async () => {
    proxy.accidents = [{ refused: 404 }, { refused: 404 }, ...Array(4).fill({ refused: 404 })];
    const run = await runAction({ spec: twoScripts('lost') });
    expect([run.code, run.outputs.status]).toEqual([1, 'succeeded']);
    expect(run.summary).toContain('| example.tar.zst |');
    expect(errors(run)).toHaveLength(1);
  });

  it('by evidence where a boot test failed, which publishes nothing else', async () => {
    plane.agent.scripts.set('boot-test.iso.bios', [{ fallsThrough: true }]);
    const outputs = { outputs: [{ type: 'iso' as const }], tests: [{ boot: { firmware: ['bios' as const] } }] };
    const spec = specWith({ system: { hostname: 'unbootable' }, ...outputs });
    const run = await runAction({ spec, inputs: { evidence: 'true' } });
    expect([run.code, run.outputs.status]).toEqual([1, 'failed']);
    expect(await files()).toEqual(['boot-test.iso.bios.log', 'boot-test.iso.bios.png']);
    expect(errors(run)[0]?.text).toContain('[test.failed]');
  });
});

it('jobs of a matrix are builds of their own, whatever they ask for', async () => {
  const start = async (tracking: string, priority: string) => {
    const environment = { RUNNER_TRACKING_ID: tracking };
    const { code, outputs } = await runAction({
      ...{ spec: twoScripts('matrix'), environment },
      inputs: { wait: 'false', priority },
    });
    return [code, outputs['build-id']] as const;
  };
  const one = await start('github_1', 'normal');
  expect(await start('github_1', 'normal')).toEqual(one);
  const others = [await start('github_2', 'normal'), await start('github_1', 'high')];
  expect(others.map(([code]) => code)).toEqual([0, 0]);
  expect(new Set([one, ...others].map(([, id]) => id)).size).toBe(3);
});

describe('an engine that answers what it is told to', () => {
  const build = (state: string) => ({
    ...{ id: 'bld_1', name: 'edge', state, ended: state !== 'running', stages: [], evidence: [] },
    ...{ warnings: [], priority: 'normal' },
  });
  let server: Server;
  let url: string;
  let lines: readonly string[];
  let cancelled: boolean;
  beforeAll(async () => {
    const answers: Record<string, () => readonly [number, unknown]> = {
      'POST /v1/builds': () => [201, build('running')],
      'GET /v1/builds/bld_1': () => [200, build(cancelled ? 'succeeded' : 'running')],
      'GET /v1/builds/bld_1/artifacts': () => [200, { artifacts: [] }],
      'GET /v1/builds/bld_1/logs': () => [
        200,
        { lines: lines.map((text) => ({ at: 0, stage: 's1', step: 'site', stream: 'out', text })), complete: true },
      ],
      'POST /v1/builds/bld_1/cancel': () => {
        cancelled = true;
        const problem = { type: '', title: '', status: 409, detail: 'ended', code: 'build.terminal', remedy: '' };
        return [409, { ...problem, requestId: 'req_1', errors: [] }];
      },
    };
    server = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? '', 'http://localhost');
      const [status, body] = answers[`${request.method} ${pathname}`]?.() ?? [404, {}];
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    server?.closeAllConnections();
    if (server !== undefined) await new Promise((resolve) => server.close(resolve));
  });
  beforeEach(() => {
    lines = [];
    cancelled = false;
  });

  it('a build that ends before it is cancelled is taken as it ended', async () => {
    const run = await runAction({ url, minuteMilliseconds: 1_500 });
    expect(cancelled).toBe(true);
    expect([run.code, run.outputs.status, errors(run)]).toEqual([0, 'succeeded', []]);
    expect(run.summary).toContain('edge: succeeded');
  });

  it('what a build says is no command of the runner’s', async () => {
    lines = [
      '::error file=.github/x.yml,line=1::forged',
      '  ::add-mask::e',
      '::endgroup::',
      'before ##[error]forged',
      '##[endgroup]',
      '::stop-commands::x',
      '::set-output name=digest::forged',
    ];
    const run = await runAction({ url, inputs: { outputs: 'none' }, minuteMilliseconds: 2_000 });
    expect(runnerCommands(run.log).map(({ name, text }) => `${name} ${text}`)).toEqual([
      `add-mask ${caller.apiKey}`,
      'group s1 site',
      'endgroup ',
    ]);
    expect(run.log).toContain('::error file=.github/x.yml,line=1::forged');
    expect(run.log).not.toContain('##[');
    expect(run.log).toContain('before # #[error]forged');
  });
});
