import { z } from 'zod';
import type { Clock } from '../ports/clock.ts';
import type { Table } from '../ports/table.ts';
import { keyUsePlace } from './places.ts';
import type { Principal } from './principal.ts';
import { createSeldom } from './seldom.ts';

/** Milliseconds after which a process writes down anew that a key is used: "last used" is exact to that. */
const resolution = 10 * 60_000;
/** A record goes when its key has not been used for that long. */
const keptSeconds = 400 * 86_400;

const keyUseSchema = z.strictObject({ usedAt: z.iso.datetime(), address: z.string().exactOptional() });
export type KeyUse = z.infer<typeof keyUseSchema>;

/** Writes down when keys are used, and from where: seldom, since it costs a write. */
export interface KeyUseRecorder {
  used(principal: Pick<Principal, 'tenantId' | 'keyId'>, address: string | undefined): Promise<void>;
}

export function createKeyUseRecorder({
  table,
  clock,
}: {
  readonly table: Table;
  readonly clock: Clock;
}): KeyUseRecorder {
  const seldom = createSeldom(resolution);
  return {
    async used({ tenantId, keyId }, address) {
      const now = clock.now();
      if (!seldom.isDue(keyId, now)) return;
      const use: KeyUse = { usedAt: now.toISOString(), ...(address === undefined ? {} : { address }) };
      const expiresAt = Math.floor(now.getTime() / 1_000) + keptSeconds;
      await table.transact([{ kind: 'put', key: keyUsePlace(tenantId, keyId), data: use, expiresAt }]);
      seldom.done(keyId, now);
    },
  };
}

/** When and from where each of these keys was used last, as far as it was. */
export async function usesOf(
  table: Table,
  tenantId: string,
  keyIds: readonly string[],
): Promise<ReadonlyMap<string, KeyUse>> {
  const stored = await Promise.all(keyIds.map((keyId) => table.get(keyUsePlace(tenantId, keyId))));
  return new Map(
    stored.flatMap((record) => (record === undefined ? [] : [[record.key.sort, keyUseSchema.parse(record.data)]])),
  );
}
