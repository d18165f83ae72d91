import { afterEach, describe, expect, it } from 'vitest';
import { Killed } from '../../../bench/simulation/call-life.ts';
import { EngineError } from '../../../core/errors.ts';
import type { EngineEvent } from '../../../core/events/event.ts';
import { disablePlugin, grantPlugin, removePlugin } from '../../../core/plugins/change-plugin.ts';
import { tellAgain } from '../../../core/plugins/hearings/hearing-repository.ts';
import { mostTries, retrySeconds } from '../../../core/plugins/hearings/retry.ts';
import { hearingSlotPlace } from '../../../core/plugins/places.ts';
import type { PluginOutcome, PluginRunner } from '../../../core/ports/plugin-runner.ts';
import type { Table } from '../../../core/ports/table.ts';
import { dyingTable } from '../../support/dying-table.ts';
import { sampleDetail } from '../../support/event-sample.ts';
import { actorOf, figures, heard, notedRunner, openHearingWorld, tenantId } from './hearing-world.ts';

let world: ReturnType<typeof openHearingWorld>;
const open = (runner: PluginRunner) => {
  world = openHearingWorld(runner);
  return world;
};
afterEach(() => world.close());

const threw: PluginOutcome = { ...figures, ok: false, code: 'plugin.threw', reason: 'no' };
const away: PluginOutcome = {
  ...{ ...figures, ok: false, code: 'plugin.fetch_failed', reason: 'it is away' },
  fetches: [{ host: 'chat.example.org', reason: 'it is away' }],
};
const minute = 60_000;

describe('an event', () => {
  it('is told once, however often it comes, to those that hear its type, in their order', async () => {
    const { calls, runner } = notedRunner(() => heard);
    const { plugin, event, tell, hearings } = open(runner);
    await plugin('second', ['build.*'], { order: 20 });
    await plugin('first', ['*'], { order: 10 });
    await plugin('deaf', ['build.succeeded']);
    await plugin('foreign', ['*'], {}, 'ten_2');
    const told = event();
    expect(await tell(told)).toEqual({ succeeded: 2 });
    expect(await tell(told)).toEqual({ idle: 2 });
    expect(calls.map(({ code }) => code.split(' ')[1])).toEqual(['first', 'second']);
    expect(calls[0]).toMatchObject({ tenantId, hook: 'onEvent', input: { event: told }, grants: { fetchHosts: [] } });
    expect(await hearings('first')).toMatchObject([
      { state: 'succeeded', tries: 1, event: told, run: { outcome: 'succeeded', hook: 'onEvent' } },
    ]);
    expect(await hearings('deaf')).toEqual([]);
    expect(await hearings('foreign', 'ten_2')).toEqual([]);
  });

  it('has its own time and chance, where they are granted', async () => {
    const { calls, runner } = notedRunner(() => heard);
    const { plugin, event, tell, time, ports } = open(runner);
    await plugin('clock', ['*'], { wants: { clock: true, random: true } });
    await tell(event());
    const granted = { clock: true, random: true, fetch: [] };
    await grantPlugin(ports, actorOf(tenantId), 'clock', { granted });
    const told = event();
    time.now += minute;
    await tell(told);
    await tell(event());
    const [without, one, other] = calls.map(({ grants }) => grants);
    expect(without).toEqual({ fetchHosts: [] });
    expect(one).toEqual({ clock: told.at, randomSeed: expect.stringMatching(/^[0-9a-f]{64}$/), fetchHosts: [] });
    expect(other?.randomSeed).not.toBe(one?.randomSeed);
  });

  it('that is the engine’s own is told to nobody, and of another only what the catalogue shows', async () => {
    const { calls, runner } = notedRunner(() => heard);
    const { plugin, event, tell } = open(runner);
    await plugin('all', ['*']);
    const own: EngineEvent = { ...event(), type: 'work.ended', detail: sampleDetail('work.ended') };
    expect(await tell(own)).toEqual({});
    const told = event();
    await tell({ ...told, detail: { ...told.detail, inner: 'hush' } });
    expect(calls.map(({ input }) => input)).toEqual([{ event: told }]);
  });

  it('passes over a plugin that is disabled meanwhile', async () => {
    const { calls, runner } = notedRunner(() => away);
    const { plugin, event, tell, sweep, hearings, time, ports } = open(runner);
    await plugin('gone', ['*']);
    await tell(event());
    await disablePlugin(ports, actorOf(tenantId), 'gone');
    time.now += 10 * minute;
    expect(await sweep()).toEqual({ skipped: 1 });
    expect(await hearings('gone')).toMatchObject([{ state: 'skipped', tries: 1 }]);
    expect(calls).toHaveLength(1);
  });
});

describe('a run that fails', () => {
  it('is made again where the code asked somebody, and given up after some hours', async () => {
    const { calls, runner } = notedRunner(() => away);
    const { plugin, event, tell, sweep, hearings, time } = open(runner);
    await plugin('asks', ['*']);
    expect(await tell(event())).toEqual({ postponed: 1 });
    const runs: number[] = [];
    for (let at = 1; at <= 180; at += 1) {
      time.now += minute;
      const tally = await sweep();
      if (tally !== null && Object.keys(tally).length > 0) runs.push(at);
    }
    expect(calls).toHaveLength(mostTries);
    const due = retrySeconds.map((_, index) => retrySeconds.slice(0, index + 1).reduce((a, b) => a + b) / 60);
    runs.forEach((at, index) => {
      expect(Math.abs(at - (due[index] ?? 0))).toBeLessThanOrEqual(2 + (due[index] ?? 0) * 0.11);
    });
    const [hearing] = await hearings('asks');
    expect(hearing).toMatchObject({ state: 'failed', tries: mostTries, run: { code: 'plugin.fetch_failed' } });
    expect(hearing?.dueAt).toBeUndefined();
  });

  it.each([
    ['threw by itself', threw, 'failed'],
    ['threw at an answer', { ...threw, fetches: [{ host: 'a.example', status: 503 }] }, 'postponed'],
    ['ran out of time', { ...threw, code: 'plugin.timeout' }, 'postponed'],
    ['lost its sandbox', { ...threw, code: 'plugin.crashed' }, 'postponed'],
    ['took too much memory', { ...threw, code: 'plugin.memory' }, 'failed'],
    ['returned something', { ...heard, output: { retry: true } }, 'failed'],
  ] as const)('because it %s', async (_, outcome, told) => {
    const { plugin, event, tell } = open(notedRunner(() => outcome as PluginOutcome).runner);
    await plugin('fails', ['*'], { onFailure: 'fail-closed' });
    expect(await tell(event())).toEqual({ [told]: 1 });
  });

  it('is made again by the version that is enabled then', async () => {
    const { calls, runner } = notedRunner(({ code }) => (code.includes('500') ? heard : away));
    const { plugin, event, tell, sweep, hearings, time } = open(runner);
    await plugin('mended', ['*']);
    await tell(event());
    const version = await plugin('mended', ['*'], { timeoutMilliseconds: 500 });
    time.now += minute;
    expect(await sweep()).toEqual({ succeeded: 1 });
    expect(await hearings('mended')).toMatchObject([{ state: 'succeeded', tries: 2, run: { version } }]);
    expect(calls).toHaveLength(2);
  });

  it('is made again by hand, and the audit log has it', async () => {
    let outcome: PluginOutcome = threw;
    const { plugin, event, tell, sweep, hearings, ports } = open(notedRunner(() => outcome).runner);
    await plugin('it', ['*']);
    await tell(event());
    const [hearing] = await hearings('it');
    outcome = heard;
    const again = await tellAgain(ports, actorOf(tenantId), 'it', hearing?.id ?? '');
    expect(again).toMatchObject({ state: 'pending', tries: 0 });
    expect(again.endedAt).toBeUndefined();
    expect(await sweep()).toEqual({ succeeded: 1 });
    const refused = (name: string, id: string, tenant = tenantId) => tellAgain(ports, actorOf(tenant), name, id);
    await expect(refused('it', 'plh_0')).rejects.toMatchObject({ code: 'plugin.hearing_not_found' });
    await expect(refused('it', hearing?.id ?? '', 'ten_2')).rejects.toMatchObject({ code: 'plugin.not_found' });
    await removePlugin(ports, actorOf(tenantId), 'it');
    await expect(refused('it', hearing?.id ?? '')).rejects.toMatchObject({ code: 'plugin.not_found' });
  });

  it('costs no try where no sandbox could be had', async () => {
    let unavailable = true;
    const { runner } = notedRunner(() => {
      if (unavailable) throw new EngineError('service.unavailable', 'No sandbox.');
      return heard;
    });
    const { plugin, event, tell, sweep, hearings, time } = open(runner);
    await plugin('one', ['*']);
    await plugin('two', ['*']);
    await expect(tell(event())).rejects.toMatchObject({ code: 'service.unavailable' });
    expect(await hearings('one')).toMatchObject([{ state: 'pending', tries: 0 }]);
    unavailable = false;
    time.now += minute;
    expect(await sweep()).toEqual({ succeeded: 2 });
  });
});

describe('who dies', () => {
  // Writing the hearing down, taking a slot, claiming it, telling what came of it, giving the slot back.
  it.each([0, 1, 2, 3, 4].flatMap((place) => (['before', 'after'] as const).map((when) => [place, when] as const)))(
    'at write %i, %s it, loses nothing',
    async (place, when) => {
      const { calls, runner } = notedRunner(() => heard);
      const { plugin, event, tell, sweep, hearings, time, ports } = open(runner);
      await plugin('it', ['*']);
      const told = event();
      const dying: Table = dyingTable(ports.table, place, when);
      await expect(tell(told, { ...ports, table: dying })).rejects.toThrow(Killed);
      await tell(told);
      for (let minutes = 0; minutes < 3; minutes += 1) {
        time.now += minute;
        await sweep();
      }
      expect(await hearings('it')).toMatchObject([{ state: 'succeeded' }]);
      expect(calls.length).toBeLessThanOrEqual(2);
    },
  );

  it('each time it tells a plugin, gives it up in the end', async () => {
    const { calls, runner } = notedRunner(() => {
      throw new Killed();
    });
    const { plugin, event, tell, sweep, hearings, time } = open(runner);
    await plugin('kills', ['*']);
    await expect(tell(event())).rejects.toThrow(Killed);
    for (let minutes = 0; minutes < 20; minutes += 1) {
      time.now += minute;
      await sweep().catch((error: unknown) => expect(error).toBeInstanceOf(Killed));
    }
    expect(calls).toHaveLength(mostTries);
    expect(await hearings('kills')).toMatchObject([{ state: 'failed', tries: mostTries }]);
  });
});

describe('many', () => {
  it('wait for the sweep where the tenant’s slots are held, and others’ do not', async () => {
    const { runner } = notedRunner(() => heard);
    const { plugin, event, tell, sweep, ports, time } = open(runner);
    await plugin('busy', ['*']);
    await plugin('free', ['*'], {}, 'ten_2');
    const until = new Date(time.now + minute).toISOString();
    await ports.table.transact(
      [0, 1].map((slot) => ({ kind: 'put' as const, key: hearingSlotPlace(tenantId, slot), data: { until } })),
    );
    expect(await tell(event())).toEqual({ left: 1 });
    expect(await tell(event('build.failed', 'ten_2'))).toEqual({ succeeded: 1 });
    expect(await sweep()).toEqual({ left: 1 });
    time.now += minute;
    expect(await sweep()).toEqual({ succeeded: 1 });
  });

  it('of one tenant take no more than its share of a sweep’s time', async () => {
    let slow = false;
    const { calls, runner } = notedRunner(() => {
      if (slow) world.time.now += 3_000;
      return slow ? heard : away;
    });
    const { plugin, event, tell, sweep, time } = open(runner);
    for (const tenant of ['ten_1', 'ten_2', 'ten_3', 'ten_4', 'ten_5', 'ten_6']) {
      await plugin('it', ['*'], {}, tenant);
      for (let at = 0; at < (tenant === 'ten_1' ? 40 : 1); at += 1) await tell(event('build.failed', tenant));
    }
    time.now += minute;
    slow = true;
    const first = calls.length;
    await sweep();
    const tenants = calls.slice(first).map((call) => call.tenantId);
    expect(new Set(tenants).size).toBe(6);
    expect(tenants.filter((tenant) => tenant === 'ten_1').length).toBeLessThanOrEqual(4);
    for (let minutes = 0; minutes < 15; minutes += 1) {
      time.now += minute;
      await sweep();
    }
    expect(calls.slice(first)).toHaveLength(45);
  });
});
