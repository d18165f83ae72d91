import { openSqliteTable } from '../../../adapters/sqlite/sqlite-table.ts';
import { createIds } from '../../../adapters/system/ids.ts';
import type { Actor } from '../../../core/audit/entry.ts';
import { eventEnvelope, scheduleEnvelope } from '../../../core/events/envelope.ts';
import type { EngineEvent, EventType } from '../../../core/events/event.ts';
import { newEvent } from '../../../core/events/outbox.ts';
import { enablePlugin, putPlugin } from '../../../core/plugins/change-plugin.ts';
import { pluginDeclarationSchema } from '../../../core/plugins/declaration.ts';
import type { Hearing } from '../../../core/plugins/hearings/hearing.ts';
import { listHearings } from '../../../core/plugins/hearings/hearing-repository.ts';
import type { HearPorts } from '../../../core/plugins/hearings/tell.ts';
import type { Clock } from '../../../core/ports/clock.ts';
import type { PluginCall, PluginFigures, PluginOutcome, PluginRunner } from '../../../core/ports/plugin-runner.ts';
import { handle } from '../../../functions/events/tell-plugins/tell-plugins.ts';

export const tenantId = 'ten_1';
export const actorOf = (tenant: string): Actor => ({
  ...{ tenantId: tenant, memberId: 'mem_1', keyId: 'key_1', requestId: 'req_1' },
});

/** What a run took that took nothing. */
export const figures: PluginFigures = {
  ...{ log: { lines: [], truncated: false }, fetches: [], milliseconds: 5, cpuMilliseconds: 1, memoryBytes: 1_000 },
};
export const heard: PluginOutcome = { ...figures, ok: true, output: null };

/** Stands in for the sandbox: notes each call, and answers as it is told. */
export function notedRunner(answer: (call: PluginCall) => PluginOutcome | Promise<PluginOutcome>) {
  const calls: PluginCall[] = [];
  const runner: PluginRunner = {
    run: async (call) => {
      calls.push(call);
      return answer(call);
    },
  };
  return { calls, runner };
}

/** The engine's own part in hearings over a table of its own, on a clock that tests set. */
export function openHearingWorld(runner: PluginRunner) {
  const time = { now: Date.parse('2026-11-28T06:00:00.000Z') };
  const clock: Clock = {
    now: () => new Date(time.now),
    sleep: () => Promise.reject(new Error('nothing here sleeps')),
  };
  const ids = createIds(clock);
  const table = openSqliteTable({ file: ':memory:', clock });
  const ports = { table, clock, ids, plugins: runner };
  return {
    ...{ ports, time },
    /** Puts a plugin that hears, and has it run. Its code is its name: nothing here runs it. */
    async plugin(name: string, events: string[], given: object = {}, tenant = tenantId) {
      const declaration = pluginDeclarationSchema.parse({ name, hooks: ['onEvent'], events, ...given });
      const { version } = await putPlugin(ports, actorOf(tenant), declaration, `// ${name} ${JSON.stringify(given)}`);
      await enablePlugin(ports, actorOf(tenant), name, {});
      return version.version;
    },
    event: (type: EventType = 'build.failed', tenant = tenantId): EngineEvent => ({
      ...newEvent({ clock, ids }, 'build.failed', tenant, { buildId: 'bld_1', code: 'script.failed' }),
      type,
    }),
    tell: (event: EngineEvent, given: HearPorts = ports) => handle(given, eventEnvelope(event)),
    sweep: (given: HearPorts = ports) => handle(given, scheduleEnvelope('s', clock.now())),
    async hearings(name: string, tenant = tenantId): Promise<readonly Hearing[]> {
      return (await listHearings(ports, tenant, name, undefined, { limit: 1_000 })).hearings;
    },
    close: () => table.close(),
  };
}
