import { z } from 'zod';
import { untilDone } from '../access/attempts.ts';
import { type Actor, auditWrite } from '../audit/entry.ts';
import { outboxWrite } from '../events/outbox.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { type Table, wrote } from '../ports/table.ts';
import { asRead } from '../retention/image.ts';
import { readDataRecord } from '../vulnerabilities/data-record.ts';
import { settingsPlace } from './places.ts';

/** The most that a tenant may have built anew a day: each is a build like any other, and uses its quotas. */
const mostOfADay = 100;

/** What a tenant says of automatic rebuilds. */
export const rebuildSettingsSchema = z
  .strictObject({
    automatic: z.boolean().describe('Whether the engine builds images anew by itself.'),
    severity: z
      .enum(['critical', 'high', 'medium', 'low'])
      .describe('From which severity on: that of the worst finding with a fix.'),
    mostPerDay: z
      .int()
      .min(1)
      .max(mostOfADay)
      .describe('How many are tried on a day, UTC; the others have their turn on the next ones.'),
  })
  .meta({ id: 'AutomaticRebuilds' });
export type RebuildSettings = Readonly<z.output<typeof rebuildSettingsSchema>>;

const { automatic, severity, mostPerDay } = rebuildSettingsSchema.shape;

/** The same as it is set: what is left out is as it is at first. */
export const givenRebuildSettingsSchema = z.strictObject({
  automatic: automatic.default(false),
  severity: severity.default('high'),
  mostPerDay: mostPerDay.default(10),
});

export async function readRebuildSettings(table: Pick<Table, 'get'>, tenantId: string): Promise<RebuildSettings> {
  return givenRebuildSettingsSchema.parse((await table.get(settingsPlace(tenantId)))?.data ?? {});
}

/** Changes what a tenant says of automatic rebuilds. Where they are on, what is due by the data that there is begins soon. */
export async function setRebuildSettings(
  ports: { readonly table: Table; readonly clock: Clock; readonly ids: Ids },
  actor: Actor,
  settings: RebuildSettings,
): Promise<RebuildSettings> {
  const { tenantId } = actor;
  const key = settingsPlace(tenantId);
  return untilDone(async () => {
    const stored = await ports.table.get(key);
    const dataDigest = (await readDataRecord(ports.table))?.record.data?.digest;
    const isDue = settings.automatic && dataDigest !== undefined;
    const done = await wrote(ports.table, [
      { kind: 'put', key, data: { ...settings }, condition: asRead(stored?.version) },
      auditWrite(ports, actor, { action: 'rebuilds.set', target: tenantId, detail: { ...settings } }),
      ...(isDue ? [outboxWrite(ports, 'vulnerabilities.rebuild', tenantId, { dataDigest })] : []),
    ]);
    return done ? settings : undefined;
  });
}
