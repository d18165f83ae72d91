import { chmodSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadPlan, planStep, scopeOf } from '../../core/builds/plan-store.ts';
import { findResult } from '../../core/builds/stage-repository.ts';
import { sha256 } from '../../core/digest.ts';
import type { BuildDetail } from '../../sdk/generated/types.gen.ts';
import { engineFolder, removeFolder } from '../support/engine.ts';
import { type EngineInProcess, startEngineInProcess } from '../support/engine-in-process.ts';
import { type SmallStep, smallSpec } from '../support/small-spec.ts';

const directories = [engineFolder(), engineFolder()] as const;
let engine: EngineInProcess;
let clean: EngineInProcess;
beforeAll(async () => {
  engine = await startEngineInProcess(directories[0], { mode: 'contained', slots: 2 });
  clean = await startEngineInProcess(directories[1], { mode: 'contained', slots: 2 });
});
afterAll(async () => {
  await engine?.close();
  await clean?.close();
  for (const directory of directories) removeFolder(directory);
});

const stepsOf = (build: BuildDetail) => build.stages.flatMap((stage) => stage.steps);
/** Which attempt did each step; 0 for what was taken from the cache. */
const attemptsOf = (build: BuildDetail) =>
  Object.fromEntries(stepsOf(build).map((step) => [step.id, step.hit ? 0 : step.attempt]));

async function build(
  where: EngineInProcess,
  steps: readonly SmallStep[],
  run: { readonly keepGoing?: boolean } = {},
): Promise<BuildDetail> {
  const started = await where.client.startBuild(smallSpec(steps), run);
  return where.client.waitForBuild(started.id, { pollMilliseconds: 200 });
}

async function digestOf(where: EngineInProcess, ended: BuildDetail): Promise<string | undefined> {
  return (await where.client.builds.listArtifacts(ended.id))[0]?.sha256;
}

const first: SmallStep = { id: 'first', run: 'echo first > /srv/first' };
const second: SmallStep = { id: 'second', run: 'cat /srv/first > /srv/second' };

it('a build that failed at step 5 of 6 is resumed: 5 and 6 run, and the file is that of a clean build', async () => {
  const failed = await build(engine, [first, { ...second, run: 'echo no; exit 7' }]);
  expect(stepsOf(failed).map(({ id }) => id)).toEqual(['bootstrap', 'packages', 'system', 'first', 'second', 'tar']);
  expect(failed.failure).toMatchObject({ code: 'script.failed', step: 'second' });
  const spec = smallSpec([first, second]);
  const resumed = await engine.client.builds.resume(failed.id, { spec });
  const ended = await engine.client.waitForBuild(resumed.id, { pollMilliseconds: 200 });
  expect([ended.failure, ended.state, ended.resumedFrom]).toEqual([undefined, 'succeeded', failed.id]);
  expect(attemptsOf(ended)).toEqual({ bootstrap: 0, packages: 0, system: 0, first: 0, second: 1, tar: 1 });
  const whole = await build(clean, [first, second]);
  expect(Object.values(attemptsOf(whole))).toEqual([1, 1, 1, 1, 1, 1]);
  for (const { milliseconds } of whole.stages) expect(milliseconds?.steps).toBeGreaterThan(0);
  expect(await digestOf(engine, ended)).toBe(await digestOf(clean, whole));
});

describe('a diamond of four user steps', () => {
  const diamond = (left: string, right: string): SmallStep[] => [
    { id: 'top', run: 'echo top > /srv/top' },
    { id: 'left', run: `sleep 6; ${left}`, needs: ['top'] },
    { id: 'right', run: `sleep 6; ${right}`, needs: ['top'] },
    { id: 'bottom', run: 'cat /srv/top /srv/left /srv/right > /srv/bottom', needs: ['left', 'right'] },
  ];

  it('runs its middle two at the same time, and merges what they made', async () => {
    const ended = await build(engine, diamond('echo left > /srv/left', 'echo right > /srv/right'));
    expect(ended.failure).toBeUndefined();
    const times = Object.fromEntries(stepsOf(ended).map((step) => [step.id, step]));
    const [left, right] = [times.left, times.right];
    console.log(`left ${left?.startedAt} to ${left?.endedAt}, right ${right?.startedAt} to ${right?.endedAt}`);
    const later = [left?.startedAt ?? '', right?.startedAt ?? ''].sort()[1] ?? '';
    const sooner = [left?.endedAt ?? '', right?.endedAt ?? ''].sort()[0] ?? '';
    // Each sleeps for 6 seconds: that they merely touch would prove nothing.
    expect(Date.parse(sooner) - Date.parse(later)).toBeGreaterThan(2_000);
    // The store tells times to the second.
    expect(Date.parse(times.bottom?.startedAt ?? '') + 1_000).toBeGreaterThanOrEqual(Date.parse(sooner));
  });

  it('fails where the two write one path differently, and names path and steps', async () => {
    const ended = await build(engine, diamond('echo one > /srv/same', 'echo two > /srv/same'));
    expect(ended.state).toBe('failed');
    expect(ended.failure).toMatchObject({ code: 'layer.conflict' });
    for (const part of ['srv/same', 'left', 'right']) expect(ended.failure?.reason).toContain(part);
  });

  it('is ended at once where one of the two fails', async () => {
    const began = Date.now();
    const ended = await build(engine, diamond('exit 3', 'sleep 300'));
    expect(ended.failure).toMatchObject({ code: 'script.failed', step: 'left', exitCode: 3 });
    expect(ended.stages.find(({ steps }) => steps.some(({ id }) => id === 'right'))?.state).toBe('cancelled');
    expect(Date.now() - began).toBeLessThan(60_000);
  });
});

describe('a build that keeps going, whose branches share a builder', () => {
  /** The cost table keeps branches together that take no longer. */
  const timeoutSeconds = 60;
  const branches = (left: string, last: string): SmallStep[] =>
    [
      { id: 'top', run: 'echo top > /srv/top', needs: [] },
      { id: 'left', run: left, needs: ['top'] },
      { id: 'right', run: 'echo right > /srv/right', needs: ['top'] },
      { id: 'alone', run: 'cat /srv/right > /srv/alone', needs: ['right'] },
      { id: 'last', run: last, needs: ['top'] },
      { id: 'join', run: 'cat /srv/left /srv/alone > /srv/join', needs: ['left', 'alone'] },
    ].map((step) => ({ ...step, timeoutSeconds }));

  it('does and settles all that does not need the failed step; a resume runs the rest only', async () => {
    const failed = await build(engine, branches('echo no; exit 7', 'echo no either; exit 8'), { keepGoing: true });
    expect(failed.state).toBe('failed');
    // The first failure, though another came later.
    expect(failed.failure).toMatchObject({ code: 'script.failed', step: 'left', exitCode: 7 });
    const stage = failed.stages.find(({ trust }) => trust === 'tenant');
    expect(stage?.attempts).toBe(1);
    expect(Object.fromEntries(stage?.steps.map(({ id, state }) => [id, state]) ?? [])).toMatchObject({
      ...{ top: 'succeeded', left: 'failed', right: 'succeeded', alone: 'succeeded', join: 'skipped' },
    });
    const said: string[] = [];
    for await (const { step, text } of engine.client.streamLogs(failed.id)) said.push(`${step}: ${text}`);
    expect(said).toEqual(expect.arrayContaining(['left: no', 'last: no either']));
    const resumed = await engine.client.builds.resume(failed.id, {
      spec: smallSpec(branches('echo left > /srv/left', 'echo last > /srv/last')),
    });
    const ended = await engine.client.waitForBuild(resumed.id, { pollMilliseconds: 200 });
    expect([ended.failure, ended.state]).toEqual([undefined, 'succeeded']);
    expect(attemptsOf(ended)).toEqual({
      ...{ bootstrap: 0, packages: 0, system: 0, top: 0, right: 0, alone: 0 },
      ...{ left: 1, last: 1, join: 1, tar: 1 },
    });
  });
});

describe('a layer of which a byte changed on the disk', () => {
  /** The file in which an engine's store keeps a blob. */
  function fileOf(directory: string, digest: string): string {
    const found = readdirSync(join(directory, 'objects/bodies'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .find((file) => sha256(readFileSync(file)) === digest);
    if (found === undefined) throw new Error(`no file holds ${digest}`);
    return found;
  }

  /** @param quietly as a worn disk does, which tells the file system nothing */
  async function damage(of: BuildDetail, stepId: string, quietly: boolean): Promise<string> {
    const step = planStep(await loadPlan(engine.ports.blobs, of.id), stepId);
    const result = await findResult(engine.ports.table, scopeOf(step, engine.tenantId), step.key);
    const digest = result?.layer?.digest ?? '';
    const file = fileOf(directories[0], digest);
    const { atime, mtime } = statSync(file);
    const bytes = readFileSync(file);
    const middle = Math.floor(bytes.length / 2);
    bytes[middle] = (bytes[middle] ?? 0) ^ 1;
    chmodSync(file, 0o600);
    writeFileSync(file, bytes);
    if (quietly) utimesSync(file, atime, mtime);
    return digest;
  }

  async function layerOf(ended: BuildDetail, stepId: string): Promise<string | undefined> {
    const step = planStep(await loadPlan(engine.ports.blobs, ended.id), stepId);
    return (await findResult(engine.ports.table, scopeOf(step, engine.tenantId), step.key))?.layer?.digest;
  }

  it('is found, not used, and made again: the same bytes come out', async () => {
    const before = await build(engine, [first, second]);
    const digest = await damage(before, 'first', false);
    const changed = [first, { ...second, run: 'echo changed > /srv/second' }];
    const ended = await build(engine, changed);
    expect([ended.failure, ended.state]).toEqual([undefined, 'succeeded']);
    expect(attemptsOf(ended)).toMatchObject({ system: 0, first: 1, second: 1, tar: 1 });
    expect(await layerOf(ended, 'first')).toBe(digest);
    expect(await digestOf(engine, ended)).toBe(await digestOf(clean, await build(clean, changed)));
  });

  it('is refused by the builder that reads it where nothing else tells; a resume makes it again', async () => {
    const before = await build(engine, [first, second]);
    const digest = await damage(before, 'system', true);
    const changed = [{ ...first, run: 'echo else > /srv/first' }, second];
    const failed = await build(engine, changed);
    expect(failed.failure).toMatchObject({ code: 'layer.damaged', step: 'system' });
    expect(failed.failure?.reason).toContain(digest);
    const resumed = await engine.client.builds.resume(failed.id);
    const ended = await engine.client.waitForBuild(resumed.id, { pollMilliseconds: 200 });
    expect(ended.failure).toBeUndefined();
    expect(attemptsOf(ended)).toEqual({ bootstrap: 0, packages: 0, system: 1, first: 1, second: 1, tar: 1 });
    expect(await layerOf(ended, 'system')).toBe(digest);
    expect(await digestOf(engine, ended)).toBe(await digestOf(clean, await build(clean, changed)));
  });
});
