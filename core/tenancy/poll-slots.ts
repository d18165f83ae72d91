import { z } from 'zod';
import type { Clock } from '../ports/clock.ts';
import { ConditionFailed, type Table, type TableKey } from '../ports/table.ts';

/**
 * Requests of one tenant that may wait at once. A waiting request holds a Lambda for up to 20 s, and the account's
 * concurrency (1,000 unless raised) is shared by all tenants: ten leave room for a hundred tenants that all wait.
 */
export const pollSlots = 10;

/** How long a slot outlives the wait it was taken for: the time in which a request that died still holds it. */
const graceSeconds = 10;

const slotSchema = z.strictObject({ holder: z.string(), until: z.number().int() });

/** A held slot; `release` frees it early. */
export interface PollSlot {
  release(): Promise<void>;
}

/**
 * Takes one of the tenant's slots for that many seconds; undefined where all are taken: then the caller answers at
 * once instead of waiting. A slot whose time is over is free, whatever became of its holder.
 */
export async function takePollSlot(
  ports: { readonly table: Table; readonly clock: Clock },
  tenantId: string,
  holder: string,
  seconds: number,
): Promise<PollSlot | undefined> {
  const partition = `POLL#${tenantId}`;
  const now = Math.floor(ports.clock.now().getTime() / 1000);
  const held = new Map(
    (await ports.table.query({ partition, limit: pollSlots })).records.map((record) => [record.key.sort, record]),
  );
  for (let number = 0; number < pollSlots; number += 1) {
    const key: TableKey = { partition, sort: `SLOT#${number}` };
    const record = held.get(key.sort);
    if (record !== undefined && slotSchema.parse(record.data).until > now) continue;
    const until = now + seconds + graceSeconds;
    try {
      await ports.table.transact([
        {
          kind: 'put',
          key,
          data: { holder, until },
          expiresAt: until,
          condition: record === undefined ? { kind: 'absent' } : { kind: 'version', version: record.version },
        },
      ]);
    } catch (error) {
      // Another request took this slot between read and write: the next one may be free.
      if (error instanceof ConditionFailed) continue;
      throw error;
    }
    return { release: () => releaseSlot(ports.table, key, holder) };
  }
  return undefined;
}

async function releaseSlot(table: Table, key: TableKey, holder: string): Promise<void> {
  const record = await table.get(key);
  if (record === undefined || slotSchema.parse(record.data).holder !== holder) return;
  try {
    await table.transact([{ kind: 'delete', key, condition: { kind: 'version', version: record.version } }]);
  } catch (error) {
    // Taken over by somebody else after it ran out: no longer ours to free.
    if (!(error instanceof ConditionFailed)) throw error;
  }
}
