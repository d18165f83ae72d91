import { afterAll, beforeAll, expect, it } from 'vitest';
import type { BuildDetail, Verification } from '../../sdk/generated/types.gen.ts';
import { engineFolder, removeFolder } from '../support/engine.ts';
import { type EngineInProcess, startEngineInProcess } from '../support/engine-in-process.ts';
import { type SmallStep, smallSpec } from '../support/small-spec.ts';

const directory = engineFolder();
let engine: EngineInProcess;
let clean: BuildDetail;
let odd: BuildDetail;
beforeAll(async () => {
  engine = await startEngineInProcess(directory, { mode: 'contained', slots: 2 });
  clean = await build([{ id: 'write', run: 'echo written > /srv/written' }]);
  odd = await build([
    { id: 'write', run: 'echo written > /srv/written' },
    { id: 'odd', run: 'date +%N > /srv/now; chmod 600 /srv/written' },
    { id: 'above', run: 'cat /srv/now /srv/written > /srv/above' },
  ]);
});
afterAll(async () => {
  await engine?.close();
  removeFolder(directory);
});

async function build(steps: readonly SmallStep[]): Promise<BuildDetail> {
  const started = await engine.client.startBuild(smallSpec(steps));
  const ended = await engine.client.waitForBuild(started.id, { pollMilliseconds: 200 });
  expect(ended.failure).toBeUndefined();
  return ended;
}

async function verify(id: string): Promise<{ ended: BuildDetail; found: Verification | undefined }> {
  const started = await engine.client.builds.verify(id);
  const ended = await engine.client.waitForBuild(started.id, { pollMilliseconds: 200 });
  const list = await engine.client.builds.listVerifications(id);
  return { ended, found: list.find((one) => one.build === ended.id) };
}

it('a build whose steps depend on nothing but their inputs comes out again, byte for byte', async () => {
  const { ended, found } = await verify(clean.id);
  expect(ended.failure).toBeUndefined();
  expect(ended.stages.flatMap(({ steps }) => steps).map(({ hit }) => hit)).not.toContain(true);
  expect(found?.layers.filter(({ same }) => !same)).toEqual([]);
  expect(found).toMatchObject({ verdict: 'identical', artifacts: [{ step: 'tar', same: true }] });
});

it('one that writes the time does not, and the verification names step and file', async () => {
  const { ended, found } = await verify(odd.id);
  expect(ended.failure).toBeUndefined();
  expect(found).toMatchObject({ verdict: 'different', artifacts: [{ step: 'tar', same: false }] });
  expect(found?.layers.filter(({ same }) => !same).map(({ step }) => step)).toEqual(['odd', 'above']);
  expect(found?.first).toMatchObject({ step: 'odd', count: 1 });
  expect(found?.first?.files.map(({ path, differs }) => [path, differs])).toEqual([['srv/now', ['digest']]]);
  // What it made is nobody's: the same spec still comes from the cache, with the bytes that it had.
  const again = await engine.client.builds.retry(odd.id);
  const repeated = await engine.client.waitForBuild(again.id, { pollMilliseconds: 200 });
  expect(repeated.stages.flatMap(({ steps }) => steps).map(({ hit }) => hit)).not.toContain(false);
  const digestOf = async (id: string) => (await engine.client.builds.listArtifacts(id))[0]?.sha256;
  expect(await digestOf(again.id)).toBe(await digestOf(odd.id));
});

it('the two builds differ in what the second does beside the first', async () => {
  const diff = await engine.client.builds.diffWhole(clean.id, odd.id);
  expect(diff.identical).toBe(false);
  expect(diff.packages).toMatchObject({ count: 0 });
  expect(diff.files.entries.map(({ path, differs }) => [path, differs])).toEqual([
    ['srv/above', []],
    ['srv/now', []],
    ['srv/written', ['mode']],
  ]);
  expect(diff.spec.entries.map(({ path }) => path)).toEqual(['steps[odd]', 'steps[above]']);
  const { before, after } = diff.sizes.tree;
  expect(after.files - before.files).toBe(2);
  expect(before.files).toBeGreaterThan(3_000);
});
