import { z } from 'zod';
import type { BuildRecord } from '../builds/build-record.ts';
import { cacheCountedKey, cacheDayKey } from '../builds/keys.ts';
import { listSteps } from '../builds/stage-repository.ts';
import type { Clock } from '../ports/clock.ts';
import { ConditionFailed, type Table } from '../ports/table.ts';

/** Days for which hits and misses are kept. */
export const keptDays = 400;

const countSchema = z.strictObject({ hits: z.number().int(), misses: z.number().int() });
const daySchema = z.strictObject({ day: z.iso.date(), programs: z.record(z.string(), countSchema) });
type Counts = z.infer<typeof daySchema>['programs'];

export const programRateSchema = z.strictObject({
  program: z.string(),
  hits: z.number().int(),
  misses: z.number().int(),
  hitRate: z.number().min(0).max(1),
});
export type ProgramRate = z.infer<typeof programRateSchema>;

/**
 * Adds a build's hits and misses to those of its tenant and the day, once: its steps stand in the table by then. Safe
 * to repeat.
 */
export async function countHits(
  ports: { readonly table: Table; readonly clock: Clock },
  build: Pick<BuildRecord, 'id' | 'tenantId'>,
): Promise<void> {
  const counts: Counts = {};
  for (const { program, hit } of await listSteps(ports.table, build.id)) {
    if (program === undefined) continue;
    const before = counts[program] ?? { hits: 0, misses: 0 };
    counts[program] = { hits: before.hits + (hit ? 1 : 0), misses: before.misses + (hit ? 0 : 1) };
  }
  const now = ports.clock.now();
  const day = now.toISOString().slice(0, 10);
  const key = cacheDayKey(build.tenantId, day);
  for (;;) {
    if ((await ports.table.get(cacheCountedKey(build.id))) !== undefined) return;
    const record = await ports.table.get(key);
    const before = record === undefined ? {} : daySchema.parse(record.data).programs;
    try {
      await ports.table.transact([
        {
          kind: 'put',
          key,
          data: { day, programs: sum(before, counts) },
          expiresAt: Math.floor(now.getTime() / 1_000) + keptDays * 86_400,
          condition: record === undefined ? { kind: 'absent' } : { kind: 'version', version: record.version },
        },
        { kind: 'put', key: cacheCountedKey(build.id), data: { day }, condition: { kind: 'absent' } },
      ]);
      return;
    } catch (error) {
      // Another build of the tenant was counted, or this one: look again.
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
}

/** Hits and misses of a tenant's builds by program, of the last `days` days, today among them. */
export async function hitRates(
  ports: { readonly table: Table; readonly clock: Clock },
  tenantId: string,
  days: number,
): Promise<ProgramRate[]> {
  const from = new Date(ports.clock.now().getTime() - (days - 1) * 86_400_000).toISOString().slice(0, 10);
  const { partition } = cacheDayKey(tenantId, '');
  const { records } = await ports.table.query({ partition, descending: true, limit: days });
  const counts = records
    .map((record) => daySchema.parse(record.data))
    .filter(({ day }) => day >= from)
    .reduce<Counts>((total, { programs }) => sum(total, programs), {});
  return Object.entries(counts)
    .map(([program, { hits, misses }]) => {
      return { program, hits, misses, hitRate: Number((hits / Math.max(1, hits + misses)).toFixed(4)) };
    })
    .sort((a, b) => (a.program < b.program ? -1 : 1));
}

function sum(a: Counts, b: Counts): Counts {
  const total = { ...a };
  for (const [program, { hits, misses }] of Object.entries(b)) {
    const before = total[program] ?? { hits: 0, misses: 0 };
    total[program] = { hits: before.hits + hits, misses: before.misses + misses };
  }
  return total;
}
