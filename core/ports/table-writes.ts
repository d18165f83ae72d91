import type { JsonObject } from '../digest.ts';
import type { TableCondition, TableRecord, TableWrite } from './table.ts';

/** Whether a write may take place on what is stored under its key: its condition, and a counter's bounds. */
export function mayWrite(write: TableWrite, before: TableRecord | undefined): boolean {
  if (write.condition !== undefined && !conditionHolds(write.condition, before)) return false;
  if (write.kind !== 'increment') return true;
  const { min, max } = counterBounds(write);
  const result = counterOf(before, write.counter) + BigInt(write.by);
  return result >= BigInt(min) && result <= BigInt(max);
}

/** What is stored under a key after a write that may take place; undefined where nothing is. */
export function recordAfter(write: TableWrite, before: TableRecord | undefined): TableRecord | undefined {
  const version = (before?.version ?? 0) + 1;
  switch (write.kind) {
    case 'check':
      return before;
    case 'delete':
      return undefined;
    case 'put':
      return {
        key: write.key,
        version,
        data: write.data,
        counters: before === undefined ? (write.counters ?? {}) : before.counters,
        indexes: write.indexes ?? {},
        ...(write.expiresAt === undefined ? {} : { expiresAt: write.expiresAt }),
      };
    case 'increment': {
      const empty: { data: JsonObject; counters: TableRecord['counters']; indexes: TableRecord['indexes'] } = {
        data: {},
        counters: {},
        indexes: {},
      };
      const record = before ?? { key: write.key, ...empty };
      const value = Number(counterOf(before, write.counter) + BigInt(write.by));
      return { ...record, version, counters: { ...record.counters, [write.counter]: value } };
    }
  }
}

/** The bounds of an increment's result. Without its own they are those of exact integers. */
export function counterBounds(write: { readonly min?: number; readonly max?: number }): { min: number; max: number } {
  return { min: write.min ?? Number.MIN_SAFE_INTEGER, max: write.max ?? Number.MAX_SAFE_INTEGER };
}

function conditionHolds(condition: TableCondition, before: TableRecord | undefined): boolean {
  switch (condition.kind) {
    case 'absent':
      return before === undefined;
    case 'exists':
      return before !== undefined;
    case 'version':
      return before?.version === condition.version;
  }
}

/** A counter that is not there is 0; names such as `constructor` must not reach the prototype. */
function counterOf(record: TableRecord | undefined, name: string): bigint {
  if (record === undefined || !Object.hasOwn(record.counters, name)) return 0n;
  return BigInt(record.counters[name] ?? 0);
}
