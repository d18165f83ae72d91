import type { BuildRecord } from '../builds/build-record.ts';
import { readBuild } from '../builds/build-repository.ts';
import { shardCount } from '../builds/keys.ts';
import { type BuildState, buildStates, isTerminal } from '../builds/lifecycle.ts';
import { findPlan, scopeIn } from '../builds/plan-store.ts';
import type { Blobs } from '../ports/blobs.ts';
import type { Table, TablePage } from '../ports/table.ts';
import { resultName } from './eviction.ts';

/** Builds a page of the index of states. */
const page = 200;
/** Plans that are read at one time: a plan has some 50 KB. */
const atOnce = 16;

/**
 * Every build that has not ended, state by state, in the order of a build's life: one that moves on meanwhile may come
 * twice, and is not missed.
 */
export async function* unfinishedBuilds(table: Table): AsyncGenerator<BuildRecord> {
  for (const state of buildStates.filter((candidate) => !isTerminal(candidate))) yield* buildsOfState(table, state);
}

async function* buildsOfState(table: Table, state: BuildState): AsyncGenerator<BuildRecord> {
  for (let shard = 0; shard < shardCount; shard += 1) {
    let cursor: string | undefined;
    do {
      const found: TablePage = await table.query({
        ...{ index: 'byState', partition: `STATE#${state}#${shard}`, limit: page },
        ...(cursor === undefined ? {} : { cursor }),
      });
      yield* found.records.map((record) => readBuild(record).value);
      cursor = found.cursor;
    } while (cursor !== undefined);
  }
}

/**
 * The results that builds which are planned and have not ended may take or have taken, by name: those of every step of
 * their plans.
 * @param ask only builds of this tenant; at most so many plans
 * @returns undefined where there are more
 */
export async function neededResults(
  ports: { readonly table: Table; readonly blobs: Blobs },
  ask: { readonly tenantId?: string; readonly most?: number } = {},
): Promise<ReadonlySet<string> | undefined> {
  const builds = new Map<string, BuildRecord>();
  for await (const build of unfinishedBuilds(ports.table)) {
    if (ask.tenantId !== undefined && build.tenantId !== ask.tenantId) continue;
    builds.set(build.id, build);
    if (builds.size > (ask.most ?? Number.POSITIVE_INFINITY)) return undefined;
  }
  const needed = new Set<string>();
  const waiting = [...builds.values()];
  const readPlans = async (): Promise<void> => {
    for (let build = waiting.pop(); build !== undefined; build = waiting.pop()) {
      const plan = await findPlan(ports.blobs, build.id);
      for (const step of plan?.steps ?? []) needed.add(resultName(scopeIn(build, step), step.key));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, readPlans));
  return needed;
}
