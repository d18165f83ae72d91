import { z } from 'zod';
import { type Actor, auditWrite } from '../audit/entry.ts';
import { EngineError } from '../errors.ts';
import { toJsonObject } from '../json.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import type { Table, TableKey, TableWrite } from '../ports/table.ts';

/** Why the installation takes no new builds. */
export const maintenanceSchema = z.strictObject({
  reason: z.string().min(1).max(500).describe('What every user may read.'),
  since: z.iso.datetime(),
  until: z.iso.datetime().exactOptional().describe('When it is likely over. It ends by DELETE alone.'),
});
export type Maintenance = Readonly<z.infer<typeof maintenanceSchema>>;

const place: TableKey = { partition: 'INSTALLATION', sort: 'MAINTENANCE' };

/** Fails a transaction while there is maintenance. */
export const noMaintenance: TableWrite = { kind: 'check', key: place, condition: { kind: 'absent' } };

/** Seconds after which to ask again where nobody said until when, and the most that anyone is told to wait. */
const usualWait = 300;
const longestWait = 3_600;

/** The maintenance that goes on; undefined: none does. */
export async function readMaintenance(table: Table): Promise<Maintenance | undefined> {
  const record = await table.get(place);
  return record === undefined ? undefined : maintenanceSchema.parse(record.data);
}

/**
 * Refuses new builds from now on, and has no build of the queue start; what runs goes on. Where maintenance goes on
 * already, it has this reason and end from now on.
 */
export async function beginMaintenance(
  ports: { readonly table: Table; readonly clock: Clock; readonly ids: Ids },
  actor: Actor,
  { reason, until }: Pick<Maintenance, 'reason' | 'until'>,
): Promise<Maintenance> {
  const before = await readMaintenance(ports.table);
  const maintenance: Maintenance = {
    ...{ reason, since: before?.since ?? ports.clock.now().toISOString() },
    ...(until === undefined ? {} : { until }),
  };
  await ports.table.transact([
    { kind: 'put', key: place, data: toJsonObject(maintenance) },
    auditWrite(ports, actor, {
      ...{ action: 'maintenance.begun', target: 'installation', detail: toJsonObject(maintenance) },
    }),
  ]);
  return maintenance;
}

/** Takes builds again. Where there is no maintenance nothing is done. */
export async function endMaintenance(
  ports: { readonly table: Table; readonly clock: Clock; readonly ids: Ids },
  actor: Actor,
): Promise<void> {
  if ((await readMaintenance(ports.table)) === undefined) return;
  await ports.table.transact([
    { kind: 'delete', key: place },
    auditWrite(ports, actor, { action: 'maintenance.ended', target: 'installation' }),
  ]);
}

/** @throws EngineError service.maintenance while it goes on */
export async function needService({ table, clock }: { readonly table: Table; readonly clock: Clock }): Promise<void> {
  const maintenance = await readMaintenance(table);
  if (maintenance === undefined) return;
  const { reason, until } = maintenance;
  const left = until === undefined ? usualWait : Math.ceil((Date.parse(until) - clock.now().getTime()) / 1_000);
  throw new EngineError('service.maintenance', `The installation is being maintained: ${reason}`, {
    // An end that has passed says nothing of when it is over.
    retryAfterSeconds: left <= 0 ? usualWait : Math.min(longestWait, left),
  });
}
