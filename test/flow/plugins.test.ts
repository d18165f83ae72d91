import { beforeEach, describe, expect, it } from 'vitest';
import { findBuild } from '../../core/builds/build-repository.ts';
import { storedSpec } from '../../core/builds/resume.ts';
import type { Build, PluginRun } from '../../sdk/generated/types.gen.ts';
import { type Caller, type OpenedApi, until } from '../support/callers.ts';
import type { ControlPlane } from '../support/control-plane.ts';
import { usePluginPlane } from '../support/plugin-plane.ts';

let plane: ControlPlane;
let api: OpenedApi;
let one: Caller;
let other: Caller;

usePluginPlane((opened, its) => {
  [plane, api] = [opened, its];
});
beforeEach(async () => {
  [one, other] = [await api.caller('one'), await api.caller('other')];
});

/** Puts a plugin and has it run. */
async function enabled(name: string, code: string, given: object = {}, who: Caller = one): Promise<void> {
  const hooks = [...code.matchAll(/(?<=export (?:async )?function )\w+/g)].map(([hook]) => hook);
  await who.plugins.put({ declaration: { name, hooks, ...given } as never, code });
  await who.plugins.enable(name);
}

const specOf = (given: object = {}) => ({
  ...{ schemaVersion: 1, name: 'demo', base: { distribution: 'debian', release: 'trixie', architecture: 'amd64' } },
  outputs: [{ type: 'tar' }],
  ...given,
});
const start = (given: object = {}, who: Caller = one): Promise<Build> =>
  who.startBuild({ text: JSON.stringify(specOf(given)), mediaType: 'application/json' });
async function built(given: object = {}, who: Caller = one): Promise<Build> {
  const { id } = await start(given, who);
  await until(async () => (await findBuild(plane.ports.table, id))?.value.endedAt !== undefined);
  return who.getStatus(id);
}
const runsOf = (id: string, who: Caller = one): Promise<readonly PluginRun[]> => who.plugins.runs(id).all(100);
const problemOf = async (call: Promise<unknown>) => {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Error) || !('problem' in error)) throw error ?? new Error('it was not refused');
  return error.problem as { code: string; errors: { path: string; code: string; reason: string }[] };
};
const codesOf = async (call: Promise<unknown>) => (await problemOf(call)).errors.map(({ code }) => code);

const adds = (name: string) => `export function transformSpec({ spec }) {
  return { spec: { ...spec, packages: { install: [...(spec.packages?.install ?? []), '${name}'] } } };
}`;

describe('plugins', () => {
  it('change and judge a spec one after another, and their runs stand with the build', async () => {
    await enabled('second', adds('curl'), { order: 20 });
    await enabled(
      'first',
      `${adds('vim')} export function validateSpec({ spec }) { console.log('seen'); return { errors: [] }; }`,
      {
        order: 10,
      },
    );
    const build = await built();
    expect(build).toMatchObject({ state: 'succeeded', plugins: { runs: 3, failed: 0 } });
    const { packages } = await storedSpec(plane.ports.table, build.id);
    expect(packages?.install).toEqual(['curl', 'vim']);
    expect(await runsOf(build.id)).toMatchObject([
      { plugin: 'first', hook: 'transformSpec', outcome: 'succeeded', changed: { paths: ['packages'], more: 0 } },
      { plugin: 'second', hook: 'transformSpec', changed: { paths: ['packages.install'], more: 0 } },
      { plugin: 'first', hook: 'validateSpec', found: 0, log: { lines: [{ level: 'log', text: 'seen' }] } },
    ]);
    // What changes specs has changed this one: it is judged again, and not changed.
    const again = await one.builds.retry(build.id);
    expect(await runsOf(again.id)).toMatchObject([{ plugin: 'first', hook: 'validateSpec' }]);
  });

  it('refuse a spec, all at once and with the engine’s own checks', async () => {
    const finds = (path: string) =>
      `export function validateSpec() { return { errors: [{ path: '${path}', reason: 'no', remedy: 'Do.' }] }; }`;
    await enabled('a', finds('name'));
    await enabled('b', finds('outputs[0]'));
    const { code, errors } = await problemOf(start());
    expect([code, errors]).toMatchObject([
      'spec.invalid',
      [
        { path: 'name', code: 'plugin.refused', reason: 'no (plugin a)', remedy: 'Do.' },
        { path: 'outputs[0]', code: 'plugin.refused', reason: 'no (plugin b)' },
      ],
    ]);
    await one.plugins.disable('a');
    await one.plugins.remove('b');
    expect((await start()).plugins).toBeUndefined();
    expect((await problemOf(one.plugins.read('b'))).code).toBe('plugin.not_found');
  });

  it('stop a build where they fail and say so, and are seen where they do not', async () => {
    const fails = 'export function transformSpec() { throw new Error("broken"); }';
    await enabled('open', fails, { onFailure: 'fail-open' });
    const build = await built();
    expect(build).toMatchObject({ state: 'succeeded', plugins: { runs: 1, failed: 1 } });
    expect(build.warnings).toMatchObject([{ code: 'plugin.failed' }]);
    expect(build.warnings?.[0]?.message).toContain(
      'transformSpec of the plugin open, version 1, failed (plugin.threw)',
    );
    expect(await runsOf(build.id)).toMatchObject([{ outcome: 'failed', code: 'plugin.threw', onFailure: 'fail-open' }]);
    await enabled('closed', fails);
    const { code, errors } = await problemOf(start());
    expect([code, errors[0]?.code]).toEqual(['spec.invalid', 'plugin.failed']);
    expect(errors[0]?.reason).toMatch(/^transformSpec of the plugin closed, version 1, failed \(plugin\.threw\)/);
  });

  it('bound hostile code, and the next submission is unharmed', async () => {
    await enabled('spins', 'export function validateSpec() { for (;;) {} }', { timeoutMilliseconds: 100 });
    expect(await codesOf(start())).toEqual(['plugin.failed']);
    await enabled(
      'fills',
      'export function transformSpec() { const all = []; for (;;) all.push(new Array(1e5).fill(1)); }',
    );
    expect(await codesOf(start())).toEqual(['plugin.failed']);
    await one.plugins.disable('spins');
    await one.plugins.disable('fills');
    expect((await built()).state).toBe('succeeded');
  });

  it('are of their tenant alone', async () => {
    await enabled('denies', 'export function validateSpec() { throw 1; }');
    expect((await built({}, other)).plugins).toBeUndefined();
    expect(await other.plugins.list()).toEqual([]);
    expect((await problemOf(other.plugins.read('denies'))).code).toBe('plugin.not_found');
    expect((await problemOf(other.plugins.enable('denies'))).code).toBe('plugin.not_found');
    const mine = await one.plugins.list();
    expect(mine.map(({ name }) => name)).toEqual(['denies']);
    await one.plugins.disable('denies');
    const { id } = await start();
    expect((await problemOf(other.plugins.runs(id).all(1))).code).toBe('build.not_found');
  });

  it('deny a plan', async () => {
    await enabled(
      'denies',
      'export function planPolicy({ plan }) { return { decision: "deny", reason: plan.artifacts.length + " too many" }; }',
    );
    const build = await built();
    expect(build).toMatchObject({
      ...{ state: 'failed', failure: { code: 'plugin.denied', reason: 'denies: 1 too many' } },
      plugins: { runs: 1, failed: 0 },
    });
    expect(await runsOf(build.id)).toMatchObject([
      { hook: 'planPolicy', decision: 'deny', decisionReason: '1 too many' },
    ]);
  });

  it('fail a build where they fail at judging its plan', async () => {
    await enabled('broken', 'export function planPolicy() { return { decision: "perhaps" }; }');
    expect(await built()).toMatchObject({
      state: 'failed',
      failure: { code: 'plugin.failed' },
      plugins: { failed: 1 },
    });
    await enabled('broken', 'export function planPolicy() { return 1; }', { onFailure: 'fail-open' });
    expect(await built({ name: 'two' })).toMatchObject({ state: 'succeeded', plugins: { runs: 1, failed: 1 } });
  });

  it('have a build wait for approval, for each version of theirs', async () => {
    await enabled('asks', "export function planPolicy() { return { decision: 'require-approval', reason: 'dear' }; }");
    const { id } = await start();
    await until(async () => (await one.getStatus(id)).state === 'awaiting_approval');
    expect(await one.getStatus(id)).toMatchObject({
      ...{ plugins: { askApproval: ['asks'] }, approval: { policies: [{ name: 'plugin:asks' }] } },
    });
    await one.plugins.disable('asks');
    expect((await one.getStatus(id)).state).toBe('awaiting_approval');
    expect((await built({ name: 'free' })).state).toBe('succeeded');
  });

  it('have what an admin granted, until it is taken back', async () => {
    const code = `export function validateSpec() {
      return { errors: [{ path: '', reason: new Date().toISOString().slice(0, 2), remedy: 'None.' }] };
    }`;
    await enabled('clock', code, { wants: { clock: true } });
    const reasonOf = async () => (await problemOf(start())).errors[0]?.reason;
    expect(await reasonOf()).toContain('(plugin.not_granted)');
    expect((await problemOf(one.plugins.grant('clock', { granted: { random: true } }))).code).toBe(
      'plugin.grant_refused',
    );
    await one.plugins.grant('clock', { granted: { clock: true } });
    expect(await reasonOf()).toBe('20 (plugin clock)');
    await one.plugins.revoke('clock');
    expect(await reasonOf()).toContain('(plugin.not_granted)');
  });

  it('are taken only where their code is what they declare, as versions that never change', async () => {
    const put = (code: string, hooks = ['transformSpec']) =>
      one.plugins.put({ declaration: { name: 'it', hooks } as never, code });
    expect(await codesOf(put('export function ('))).toEqual(['plugin.syntax']);
    expect(await codesOf(put('export const other = 1;'))).toEqual(['plugin.hook_missing']);
    expect((await put(adds('a'))).version).toBe(1);
    expect((await put(adds('a'))).version).toBe(1);
    expect((await put(adds('b'))).version).toBe(2);
    expect(await one.plugins.enable('it', { version: 1, order: 7 })).toMatchObject({ enabled: 1, latest: 2, order: 7 });
    expect((await one.plugins.readVersion('it', 1)).code).toBe(adds('a'));
    expect((await problemOf(one.plugins.enable('it', { version: 3 }))).code).toBe('plugin.version_not_found');
    await one.plugins.remove('it');
    expect((await problemOf(one.plugins.readVersion('it', 1))).code).toBe('plugin.not_found');
    expect((await put(adds('a'))).version).toBe(3);
    expect((await one.plugins.read('it')).enabled).toBeUndefined();
  });
});
