import type { ActorOrEngine } from '../audit/entry.ts';
import type { Warning } from '../builds/warning.ts';
import type { JsonObject } from '../digest.ts';
import { EngineError, type FieldError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { PluginRunner } from '../ports/plugin-runner.ts';
import type { Table } from '../ports/table.ts';
import type { HookInput, PluginContext } from './contracts.ts';
import type { PluginHook } from './hooks.ts';
import { pluginLimits } from './limits.ts';
import { planPolicy } from './plan-policy.ts';
import type { EnabledPlugin } from './plugin-record.ts';
import { loadPlugins } from './plugin-repository.ts';
import type { PluginRuns } from './run-hook.ts';
import type { PluginRunRecord } from './run-record.ts';
import { transformSpec } from './transform-spec.ts';
import { failureError, validateSpec } from './validate-spec.ts';

export interface HookPorts {
  readonly table: Table;
  readonly clock: Clock;
  /** Absent: the installation runs no plugins, and its tenants have none. */
  readonly plugins?: PluginRunner;
}

/** What plugins are told of who asks for what. */
export interface Asked {
  /** The tenant alone: the engine itself. */
  readonly actor: ActorOrEngine;
  /** What the build will be called; absent: nothing is built. */
  readonly buildId?: string;
  readonly teamId?: string;
  readonly template?: PluginContext['template'];
  /** What their chance is made from where there is no build. */
  readonly seed: string;
  readonly signal: AbortSignal;
  /** When all of them must have ended: milliseconds of the epoch, as togetherUntil has it. */
  readonly until: number;
}

/** When plugins that are asked together from now on must have ended. */
export const togetherUntil = ({ clock }: Pick<HookPorts, 'clock'>): number =>
  clock.now().getTime() + pluginLimits.togetherMilliseconds.value;

export const hasHook = (enabled: readonly EnabledPlugin[], ...hooks: readonly PluginHook[]): boolean =>
  enabled.some((plugin) => plugin.hooks.some((hook) => hooks.includes(hook)));

/**
 * The spec as the tenant's plugins change it.
 * @param checkSpec the engine's own checks
 * @returns what stops it as an error of the spec, where a plugin failed without which nothing is built
 * @throws EngineError plugin.time_exceeded, plugin.unsupported, service.unavailable
 */
export async function transformed(
  ports: HookPorts,
  enabled: readonly EnabledPlugin[],
  asked: Asked,
  spec: JsonObject,
  checkSpec: (spec: JsonObject) => readonly FieldError[],
): Promise<{
  readonly spec: JsonObject;
  readonly errors: readonly FieldError[];
  readonly records: readonly PluginRunRecord[];
}> {
  const plugins = await loadPlugins(ports.table, asked.actor.tenantId, enabled, ['transformSpec']);
  const done = await withinTime(ports, { ...asked, tenantId: asked.actor.tenantId }, (runs) =>
    transformSpec(runs, plugins, { spec, context: contextOf(asked) }, checkSpec),
  );
  const { records } = done;
  if (done.ok) return { spec: done.spec, errors: [], records };
  return { spec, errors: [failureError(done.stoppedBy)], records };
}

/**
 * What the tenant's plugins find wrong with a spec that the engine's own checks have found valid.
 * @throws EngineError plugin.time_exceeded, plugin.unsupported, service.unavailable
 */
export async function judged(
  ports: HookPorts,
  enabled: readonly EnabledPlugin[],
  asked: Asked,
  spec: JsonObject,
): Promise<{ readonly errors: readonly FieldError[]; readonly records: readonly PluginRunRecord[] }> {
  const plugins = await loadPlugins(ports.table, asked.actor.tenantId, enabled, ['validateSpec']);
  return withinTime(ports, { ...asked, tenantId: asked.actor.tenantId }, (runs) =>
    validateSpec(runs, plugins, { spec, context: contextOf(asked) }),
  );
}

/**
 * What the tenant's plugins decide of a plan that is only looked at: nothing is built, and nothing is stored of it.
 * @throws EngineError plugin.time_exceeded, plugin.unsupported, service.unavailable
 */
export async function planJudged(
  ports: HookPorts,
  enabled: readonly EnabledPlugin[],
  asked: Asked,
  subject: Omit<HookInput<'planPolicy'>, 'context'>,
): ReturnType<typeof planPolicy> {
  const { tenantId } = asked.actor;
  const plugins = await loadPlugins(ports.table, tenantId, enabled, ['planPolicy']);
  return withinTime(ports, { ...asked, tenantId }, (runs) =>
    planPolicy(runs, plugins, { ...subject, context: contextOf(asked) }),
  );
}

/**
 * Runs plugins for as long as they may take together.
 * @throws EngineError plugin.time_exceeded, plugin.unsupported, service.unavailable; the signal's reason
 */
export async function withinTime<T>(
  { clock, plugins: runner }: HookPorts,
  {
    tenantId,
    buildId,
    seed,
    signal,
    until,
  }: Pick<Asked, 'buildId' | 'seed' | 'signal' | 'until'> & {
    readonly tenantId: string;
  },
  run: (runs: PluginRuns) => Promise<T>,
): Promise<T> {
  if (runner === undefined) throw new EngineError('plugin.unsupported', 'Nothing here runs the tenant’s plugins.');
  const now = clock.now();
  const time = AbortSignal.timeout(Math.max(0, until - now.getTime()));
  const moment = { now: now.toISOString(), seed: buildId ?? seed };
  try {
    return await run({ runner, tenantId, moment, signal: AbortSignal.any([signal, time]) });
  } catch (error) {
    if (!time.aborted || error !== time.reason) throw error;
    throw new EngineError(
      'plugin.time_exceeded',
      `They took more than ${pluginLimits.togetherMilliseconds.value / 1_000} seconds.`,
    );
  }
}

function contextOf({ actor, buildId, teamId, template }: Asked): PluginContext {
  return {
    tenantId: actor.tenantId,
    ...('memberId' in actor ? { memberId: actor.memberId } : {}),
    ...(buildId === undefined ? {} : { buildId }),
    ...(teamId === undefined ? {} : { teamId }),
    ...(template === undefined ? {} : { template }),
  };
}

/** Runs that failed and stopped nothing, as whoever asked is told of them. */
export const failureWarnings = (records: readonly PluginRunRecord[]): readonly Warning[] =>
  records.flatMap(({ plugin, version, hook, outcome, onFailure, code, reason }) =>
    outcome === 'failed' && onFailure === 'fail-open'
      ? [
          {
            code: 'plugin.failed',
            message: `${hook} of the plugin ${plugin}, version ${version}, failed (${code}): ${reason}. It is fail-open: nothing of it counts.`,
          },
        ]
      : [],
  );
