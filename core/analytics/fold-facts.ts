import { shardCount } from '../builds/keys.ts';
import { toJsonObject } from '../json.ts';
import type { Clock } from '../ports/clock.ts';
import { ConditionFailed, type Table, type TableKey, type TableWrite } from '../ports/table.ts';
import { pendingShard, rollupPlace } from './places.ts';
import {
  type Dimension,
  emptyRollup,
  type Fact,
  factSchema,
  mergeRollups,
  type Rollup,
  rollupOf,
  rollupSchema,
} from './rollup.ts';

/** Days for which rollups are kept: two years and a month, to compare a month with the same of the year before. */
export const keptDays = 761;

/**
 * Builds that one transaction folds. Each is taken out of the facts, and goes into at most four rollups: 20 need 100
 * writes where no two are alike, as many as a transaction may have.
 */
const mostBuilds = 20;

/** Pages of facts that one call reads a shard, so that it ends in time; the next call goes on. */
const mostPages = 200;
const pageSize = 200;

/**
 * Folds facts into the rollups of their days and groups. A fact goes and is counted in one transaction, so each is counted
 * once, however often this is called and wherever it is cut off.
 * @returns how many builds were folded
 */
export async function foldFacts(ports: { readonly table: Table; readonly clock: Clock }): Promise<number> {
  let folded = 0;
  for (let shard = 0; shard < shardCount; shard += 1) {
    for (let page = 0; page < mostPages; page += 1) {
      const { records } = await ports.table.query({ partition: pendingShard(shard), limit: pageSize });
      const facts = records.map(({ key, data }) => ({ key, fact: factSchema.parse(data) }));
      // Alike together: the fewer rollups a transaction touches, the less is written.
      facts.sort((a, b) => (likeness(a.fact) < likeness(b.fact) ? -1 : 1));
      for (let at = 0; at < facts.length; at += mostBuilds) {
        folded += await foldSome(ports, facts.slice(at, at + mostBuilds));
      }
      if (records.length < pageSize) break;
    }
  }
  return folded;
}

const likeness = ({ tenantId, day, groups }: Fact): string =>
  [tenantId, day, groups.template, groups.team, groups.distribution].join('#');

/** Folds some facts in one transaction; where others were faster, from what is there then. */
async function foldSome(
  { table, clock }: { readonly table: Table; readonly clock: Clock },
  facts: readonly { readonly key: TableKey; readonly fact: Fact }[],
): Promise<number> {
  for (;;) {
    const still = (
      await Promise.all(facts.map(async (one) => ((await table.get(one.key)) === undefined ? [] : [one])))
    ).flat();
    if (still.length === 0) return 0;
    const sums = new Map<string, { readonly key: TableKey; readonly rollup: Rollup }>();
    for (const { fact } of still) {
      for (const key of placesOf(fact)) {
        const name = `${key.partition} ${key.sort}`;
        const before = sums.get(name)?.rollup ?? emptyRollup;
        sums.set(name, { key, rollup: mergeRollups(before, rollupOf(fact)) });
      }
    }
    const puts = await Promise.all([...sums.values()].map(({ key, rollup }) => rollupWrite(table, clock, key, rollup)));
    const taken = still.map(({ key }): TableWrite => ({ kind: 'delete', key, condition: { kind: 'exists' } }));
    try {
      await table.transact([...taken, ...puts]);
      return still.length;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
}

function placesOf({ tenantId, day, groups }: Fact): TableKey[] {
  const named = Object.entries(groups) as [Dimension, string][];
  return [rollupPlace(tenantId, day), ...named.map((group) => rollupPlace(tenantId, day, group))];
}

async function rollupWrite(table: Table, clock: Clock, key: TableKey, rollup: Rollup): Promise<TableWrite> {
  const record = await table.get(key);
  const before = record === undefined ? emptyRollup : rollupSchema.parse(record.data);
  return {
    ...{ kind: 'put', key, data: toJsonObject(mergeRollups(before, rollup)) },
    expiresAt: Math.floor(clock.now().getTime() / 1_000) + keptDays * 86_400,
    condition: record === undefined ? { kind: 'absent' } : { kind: 'version', version: record.version },
  };
}
