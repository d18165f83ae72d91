import { untilDone } from '../../access/attempts.ts';
import { type Actor, auditWrite } from '../../audit/entry.ts';
import { EngineError } from '../../errors.ts';
import type { Table, TableRecord } from '../../ports/table.ts';
import { wrote } from '../../ports/table.ts';
import type { PluginPorts } from '../change-plugin.ts';
import { hearingPlace, hearingsOfState } from '../places.ts';
import { getPlugin } from '../plugin-repository.ts';
import {
  type Hearing,
  type HearingState,
  hearingExpiry,
  hearingWrite,
  readHearing,
  type StoredHearing,
} from './hearing.ts';

const isKept = (record: TableRecord, now: Date): boolean =>
  record.expiresAt === undefined || record.expiresAt * 1_000 > now.getTime();

/**
 * A page of what a plugin was told, the latest events first.
 * @param state absent: of all
 * @throws EngineError plugin.not_found
 */
export async function listHearings(
  { table, clock }: Pick<PluginPorts, 'table' | 'clock'>,
  tenantId: string,
  name: string,
  state: HearingState | undefined,
  page: { readonly limit: number; readonly cursor?: string },
): Promise<{ readonly hearings: readonly Hearing[]; readonly cursor?: string }> {
  await getPlugin(table, tenantId, name);
  const { partition } =
    state === undefined ? hearingPlace(tenantId, name, '') : hearingsOfState(tenantId, name, state, '');
  const { records, cursor } = await table.query({
    ...(state === undefined ? {} : { index: 'byTenant' }),
    ...{ partition, descending: true, ...page },
  });
  const now = clock.now();
  // The table deletes late, and an index shows late how a hearing stands.
  const hearings = records
    .filter((record) => isKept(record, now))
    .map((record) => readHearing(record).hearing)
    .filter((hearing) => state === undefined || hearing.state === state);
  return { hearings, ...(cursor === undefined ? {} : { cursor }) };
}

/** @throws EngineError plugin.not_found, plugin.hearing_not_found */
async function getHearing(table: Table, tenantId: string, name: string, id: string, now: Date): Promise<StoredHearing> {
  await getPlugin(table, tenantId, name);
  const record = await table.get(hearingPlace(tenantId, name, id));
  if (record === undefined || !isKept(record, now)) {
    throw new EngineError('plugin.hearing_not_found', 'The plugin was told nothing under this id.');
  }
  return readHearing(record);
}

/**
 * Has a plugin told again, however that ended, by the version that is enabled then: within a minute, by the sweep. One
 * that it is being told at this moment stays as it is.
 * @throws EngineError plugin.not_found, plugin.hearing_not_found, service.unavailable
 */
export async function tellAgain(ports: PluginPorts, actor: Actor, name: string, id: string): Promise<Hearing> {
  const { table, clock } = ports;
  return untilDone(async () => {
    const now = clock.now();
    const { hearing, version } = await getHearing(table, actor.tenantId, name, id, now);
    if (hearing.claimedUntil !== undefined && new Date(hearing.claimedUntil) > now) return hearing;
    const { endedAt: _, claimedUntil: __, reason: ___, ...rest } = hearing;
    const next: Hearing = {
      ...{ ...rest, state: 'pending', tries: 0, dueAt: now.toISOString() },
      expires: Math.max(hearing.expires, hearingExpiry(now)),
    };
    const entry = {
      action: 'plugin.told_again',
      target: name,
      detail: { hearing: id, type: hearing.event.type },
    } as const;
    return (await wrote(table, [hearingWrite(next, version), auditWrite(ports, actor, entry)])) ? next : undefined;
  });
}
