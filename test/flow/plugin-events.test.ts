import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { findBuild } from '../../core/builds/build-repository.ts';
import { scheduleEnvelope } from '../../core/events/envelope.ts';
import { handle } from '../../functions/events/tell-plugins/tell-plugins.ts';
import type { PluginHearing } from '../../sdk/generated/types.gen.ts';
import { type Caller, type OpenedApi, until } from '../support/callers.ts';
import type { ControlPlane } from '../support/control-plane.ts';
import { usePluginPlane } from '../support/plugin-plane.ts';

let plane: ControlPlane;
let api: OpenedApi;
usePluginPlane((opened, its) => {
  [plane, api] = [opened, its];
});

async function enabled(who: Caller, name: string, code: string, events: string[], given: object = {}): Promise<void> {
  await who.plugins.put({ declaration: { name, hooks: ['onEvent'], events, ...given } as never, code });
  await who.plugins.enable(name);
}

async function built(who: Caller): Promise<string> {
  const base = { distribution: 'debian', release: 'trixie', architecture: 'amd64' };
  const text = JSON.stringify({ schemaVersion: 1, name: 'demo', base, outputs: [{ type: 'tar' }] });
  const { id } = await who.startBuild({ text, mediaType: 'application/json' });
  await until(async () => (await findBuild(plane.ports.table, id))?.value.endedAt !== undefined);
  return id;
}

const hearingsOf = (who: Caller, name: string, state?: PluginHearing['state']) =>
  who.plugins.hearings(name, state === undefined ? {} : { state }).all(100);
const codeOf = async (call: Promise<unknown>) => {
  const error: unknown = await call.catch((thrown: unknown) => thrown);
  return error instanceof Error && 'code' in error ? error.code : error;
};

it('a plugin hears what happens to builds, and its runs stand with them', async () => {
  const [one, other] = [await api.caller('one'), await api.caller('other')];
  await enabled(
    one,
    'hears',
    'export function onEvent({ event }) { console.log(event.type + " " + event.detail.buildId); }',
    ['build.*'],
  );
  const id = await built(one);
  await until(async () =>
    (await hearingsOf(one, 'hears', 'succeeded')).some((it) => it.event.type === 'build.succeeded'),
  );
  const hearings = await hearingsOf(one, 'hears');
  const types = hearings.map(({ event }) => event.type);
  expect(types).toEqual(
    expect.arrayContaining(['build.submitted', 'build.queued', 'build.started', 'build.succeeded']),
  );
  for (const { event, run, state } of hearings.filter((hearing) => hearing.state === 'succeeded')) {
    expect([state, run?.log.lines.map(({ text }) => text)]).toEqual(['succeeded', [`${event.type} ${id}`]]);
  }
  const runs = await one.plugins.runs(id).all(100);
  expect(runs.filter(({ hook }) => hook === 'onEvent').length).toBeGreaterThanOrEqual(4);
  expect((await one.getStatus(id)).state).toBe('succeeded');
  expect(await codeOf(hearingsOf(other, 'hears'))).toBe('plugin.not_found');
  await built(other);
  expect((await hearingsOf(one, 'hears')).every(({ event }) => event.detail.buildId === id)).toBe(true);
});

it('one that fails stops nothing, and hears again once it is mended', async () => {
  const one = await api.caller('mends');
  await enabled(one, 'it', 'export function onEvent() { throw new Error("broken"); }', ['build.succeeded']);
  const id = await built(one);
  expect((await one.getStatus(id)).state).toBe('succeeded');
  await until(async () => (await hearingsOf(one, 'it', 'failed')).length === 1);
  const [failed] = await hearingsOf(one, 'it', 'failed');
  expect(failed).toMatchObject({ tries: 1, run: { version: 1, code: 'plugin.threw', reason: 'Error: broken' } });
  await enabled(one, 'it', 'export async function onEvent({ event }) { console.log(event.id); }', ['build.*']);
  await one.plugins.tellAgain('it', failed?.id ?? '');
  await handle(plane.ports, scheduleEnvelope('sweep', plane.ports.clock.now()));
  expect(await hearingsOf(one, 'it', 'failed')).toEqual([]);
  expect(await hearingsOf(one, 'it', 'succeeded')).toMatchObject([
    { id: failed?.id, run: { version: 2, outcome: 'succeeded', log: { lines: [{ text: failed?.event.id }] } } },
  ]);
  // The last run of a hearing is the one that stands with its build.
  const runs = await one.plugins.runs(id).all(100);
  expect(runs).toMatchObject([{ hook: 'onEvent', version: 2, outcome: 'succeeded' }]);
});

it('the example of the documents hears, as far as an admin has granted what it asks', async () => {
  const page = readFileSync(new URL('../../docs/plugins.md', import.meta.url), 'utf8');
  const code = [...page.matchAll(/```js\n([\s\S]*?)```/g)]
    .map(([, text = '']) => text)
    .find((text) => /onEvent/.test(text));
  const one = await api.caller('asks');
  const wants = { fetch: ['chat.example.org'] };
  await enabled(one, 'chat', code ?? '', ['build.succeeded'], { wants });
  await built(one);
  await until(async () => (await hearingsOf(one, 'chat')).some(({ run }) => run !== undefined));
  expect(await hearingsOf(one, 'chat')).toMatchObject([{ run: { code: 'plugin.not_granted' } }]);
});
