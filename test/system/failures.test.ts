import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BuildDetail } from '../../sdk/generated/types.gen.ts';
import { engineFolder, removeFolder, startTestEngine, type TestEngine } from '../support/engine.ts';
import { leftoversOf } from '../support/leftovers.ts';
import { smallSpec } from '../support/small-spec.ts';

const cli = join(import.meta.dirname, '../../cli/lbuild.mjs');

describe('how a build ends badly', () => {
  const directory = engineFolder();
  let engine: TestEngine;

  beforeAll(async () => {
    engine = await startTestEngine(directory);
    // The base is built once; every build below takes it from the cache.
    const started = await engine.client.startBuild(smallSpec([{ id: 'ok', run: 'true' }]));
    expect((await engine.client.waitForBuild(started.id)).state).toBe('succeeded');
  });
  afterAll(async () => {
    await engine.stop();
    removeFolder(directory);
  });

  async function build(run: string, more: { timeoutSeconds?: number } = {}): Promise<BuildDetail> {
    const started = await engine.client.startBuild(smallSpec([{ id: 'site', run, ...more }]));
    return engine.client.waitForBuild(started.id, { pollMilliseconds: 200 });
  }

  it('a script that exits 7: code, step, exit code and last lines, and no second try', async () => {
    const ended = await build('echo the last words\nexit 7');
    expect(ended.state).toBe('failed');
    expect(ended.failure).toMatchObject({ code: 'script.failed', step: 'site', stage: 's2', exitCode: 7 });
    expect(ended.failure?.logTail.join('\n')).toContain('the last words');
    expect(ended.failure?.remedy).not.toBe('');
    expect(ended.stages.find((stage) => stage.id === 's2')?.attempts).toBe(1);
    expect(ended.stages.find((stage) => stage.id === 's3')?.state).toBe('skipped');
    expect(await engine.client.builds.listArtifacts(ended.id)).toEqual([]);
  });

  it('the CLI tells the same, and exits with 1', async () => {
    const file = join(directory, 'fails.json');
    writeFileSync(file, JSON.stringify(smallSpec([{ id: 'site', run: 'echo the last words\nexit 7' }])));
    const told = await runCli(['start', file, '--wait']);
    expect(told.code).toBe(1);
    for (const part of ['script.failed', 'site', 'exit code 7', 'the last words']) expect(told.output).toContain(part);
  });

  it('a script that kills the agent: the builder is lost, tried once more, and told so', async () => {
    const ended = await build('echo about to kill; kill -9 -1; sleep 60');
    expect(ended.state).toBe('failed');
    expect(ended.failure?.code).toBe('builder.lost');
    expect(ended.stages.find((stage) => stage.id === 's2')?.attempts).toBe(2);
  });

  it('a script that does not end: it is ended in time, with its own code', async () => {
    const ended = await build('sleep 600', { timeoutSeconds: 5 });
    expect(ended.failure).toMatchObject({ code: 'script.timeout', step: 'site' });
  });

  it('a cancelled build: cancelled and its whole process tree gone within 5 seconds', async () => {
    // Children that leave their session and ignore signals are part of the tree.
    const run = 'trap "" TERM INT\nsetsid sh -c \'trap "" TERM; sleep 4242 & sleep 4243\' &\nsleep 4244';
    const started = await engine.client.startBuild(smallSpec([{ id: 'site', run }]));
    while (!processesOfScript().some((line) => line.includes('sleep 4244'))) await sleep(100);
    const began = Date.now();
    await engine.client.builds.cancel(started.id);
    const ended = await engine.client.waitForBuild(started.id, { pollMilliseconds: 50 });
    const rest = () => [...processesOfScript(), ...leftoversOf(directory, { besideSpares: true }).folders];
    while (rest().length > 0 && Date.now() - began < 10_000) await sleep(50);
    const took = Date.now() - began;
    console.log(`cancelled, its last process and its tree gone, after ${took} ms`);
    expect(ended.state).toBe('cancelled');
    expect(rest()).toEqual([]);
    expect(took).toBeLessThan(5_000);
  });

  function processesOfScript(): readonly string[] {
    return leftoversOf(directory, { besideSpares: true }).processes.filter((line) => /sleep 424[234]/.test(line));
  }

  function runCli(argv: readonly string[]): Promise<{ code: number | null; output: string }> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [cli, ...argv], {
        env: { ...process.env, LBUILD_URL: engine.client.url, LBUILD_API_KEY: engine.apiKey },
      });
      let output = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          output += text;
        });
      }
      child.once('error', reject);
      child.once('close', (code) => resolve({ code, output }));
    });
  }
});
