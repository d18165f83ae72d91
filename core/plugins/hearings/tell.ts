import { findBuild } from '../../builds/build-repository.ts';
import { EngineError } from '../../errors.ts';
import type { EngineEvent } from '../../events/event.ts';
import type { Clock } from '../../ports/clock.ts';
import type { PluginRunner } from '../../ports/plugin-runner.ts';
import { type Table, type TableKey, wrote } from '../../ports/table.ts';
import { takes } from '../../webhooks/endpoint.ts';
import { hookContracts } from '../contracts.ts';
import type { Plugin } from '../declaration.ts';
import { pluginLimits } from '../limits.ts';
import type { EnabledPlugin } from '../plugin-record.ts';
import { enabledPlugins, loadPlugins } from '../plugin-repository.ts';
import { type HookRun, runHook } from '../run-hook.ts';
import { runWrites } from '../stored-runs.ts';
import { ended, type Hearing, hearingWrite, readHearing } from './hearing.ts';
import { mayPass, mostTries, nextHearing } from './retry.ts';

export interface HearPorts {
  readonly table: Table;
  readonly clock: Clock;
  /** Absent: the installation runs no plugins, and its tenants have none. */
  readonly plugins?: PluginRunner;
}

/** What came of a look at a hearing. postponed: it is told again later. idle: it is not due, or is somebody else's. */
export type Told = 'succeeded' | 'failed' | 'skipped' | 'postponed' | 'idle';

/**
 * Milliseconds for which a run is its caller's own: longer than it can take, so that nobody else makes the same one, and
 * short enough that what a caller died over is soon told again.
 */
const leaseMilliseconds = pluginLimits.wallMilliseconds.value + 50_000;

/** Milliseconds after which is looked again where no sandbox could be had. */
const unavailableMilliseconds = 60_000;

/** Whether a plugin, as it is enabled, hears events of a type. */
export const hears = ({ hooks, events }: Pick<EnabledPlugin, 'hooks' | 'events'>, type: EngineEvent['type']): boolean =>
  hooks.includes('onEvent') && events?.some((entry) => takes(entry, type)) === true;

/**
 * Tells a plugin of an event, if that is due and nobody else does: the version that is enabled now, so that one that was
 * mended hears what its forerunner failed at. The run is claimed before it begins, and what came of it is written after
 * that: who dies in between leaves a claim that ends, and the plugin is told again. So it may hear an event twice. It has
 * happened, and nothing can be stopped any more: a failure is recorded, fail-closed or not.
 * @param key of the hearing
 * @throws EngineError service.unavailable, with the hearing as it was; the signal's reason
 */
export async function tellHearing(ports: HearPorts, key: TableKey, signal: AbortSignal): Promise<Told> {
  const { table, clock, plugins: runner } = ports;
  const record = await table.get(key);
  if (record === undefined) return 'idle';
  const { hearing, version } = readHearing(record);
  const now = clock.now();
  if (hearing.state !== 'pending' || hearing.dueAt === undefined || new Date(hearing.dueAt) > now) return 'idle';
  const end = async (state: 'failed' | 'skipped', reason: string): Promise<Told> =>
    (await wrote(table, [hearingWrite(ended(hearing, { state, reason }, now), version)])) ? state : 'idle';

  if (hearing.tries >= mostTries) {
    return end('failed', 'It is not known what became of the last run: the engine was stopped meanwhile.');
  }
  const plugin = await hearerOf(table, hearing);
  if (plugin === undefined || runner === undefined) {
    return end('skipped', 'The plugin is not enabled, or does not hear such events.');
  }

  const claimedUntil = new Date(now.getTime() + leaseMilliseconds).toISOString();
  const claimed: Hearing = { ...hearing, tries: hearing.tries + 1, claimedUntil, dueAt: claimedUntil };
  if (!(await wrote(table, [hearingWrite(claimed, version)]))) return 'idle';
  const { event, tenantId } = hearing;
  const moment = { now: event.at, seed: event.id };
  let run: HookRun<unknown>;
  try {
    const runs = { runner, tenantId, moment, signal };
    run = await runHook(runs, plugin, 'onEvent', { event }, hookContracts.onEvent.output);
  } catch (error) {
    if (error instanceof EngineError) {
      const { claimedUntil: _, ...rest } = hearing;
      const dueAt = new Date(clock.now().getTime() + unavailableMilliseconds).toISOString();
      await wrote(table, [hearingWrite({ ...rest, dueAt }, version + 1)]);
    }
    throw error;
  }
  const next = outcomeOf(claimed, run, clock.now());
  const beside = await runOfBuild(ports, next);
  const told = next.state === 'pending' ? 'postponed' : next.state;
  return (await wrote(table, [hearingWrite(next, version + 1), ...beside])) ? told : 'idle';
}

/** The plugin as it is run now; undefined where it hears such events no more. */
async function hearerOf(table: Table, { tenantId, plugin: name, event }: Hearing): Promise<Plugin | undefined> {
  const enabled = (await enabledPlugins(table, tenantId)).filter((one) => one.name === name && hears(one, event.type));
  const [plugin] = await loadPlugins(table, tenantId, enabled, ['onEvent']);
  return plugin;
}

function outcomeOf(claimed: Hearing, run: HookRun<unknown>, now: Date): Hearing {
  if (run.ok) return ended(claimed, { state: 'succeeded', run: run.record }, now);
  const again = mayPass(run.record) ? nextHearing(claimed.id, claimed.tries, now) : undefined;
  if (again === undefined) return ended(claimed, { state: 'failed', run: run.record }, now);
  const { claimedUntil: _, ...rest } = claimed;
  return { ...rest, run: run.record, dueAt: again.toISOString() };
}

/** The run as it stands with the build that the event is of, the last one of a hearing; none where that build is gone. */
async function runOfBuild({ table, clock }: HearPorts, { id, tenantId, event, run }: Hearing) {
  const { buildId } = event.detail;
  if (typeof buildId !== 'string' || run === undefined) return [];
  const found = await findBuild(table, buildId);
  return found?.value.tenantId === tenantId ? runWrites(buildId, `3#${id}`, [run], clock.now()) : [];
}
