import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ArchiveCache } from './archive-cache.ts';
import { detachOrphanedLoops, listLoops } from './loop-devices.ts';
import { ToolFailure } from './private-root.ts';
import type { ResultRecord, Results, Scenario } from './results.ts';
import type { Ground, Measured, Series } from './series.ts';

/** A tool that meets an archive file for the first time is measured again: by then the cache has it. */
const attempts = 3;

/** Milliseconds before every measurement but the first: somebody has to change the spec before it is built again. */
const editing = 3_000;
/**
 * A tree and a disk image of it take some 3 GiB. A virtual machine's host may take free memory back, and giving it again
 * is slow: 2 GiB took from 1 to 10 s here, by what had been freed when. So every measurement begins with this much at
 * hand.
 */
const memoryAtHand = '4G';

/** The archive had to be asked while a tool worked: what was measured holds somebody else's time. */
class CacheWasCold extends Error {}

export interface Bench {
  readonly results: Results;
  readonly cache: ArchiveCache;
  /** Folder in which all tools work: in memory, or on the disk. */
  readonly ground: string;
  /** Folder on the disk. */
  readonly disk: string;
  readonly builderRoot: string;
  readonly peersRoot: string;
  readonly logs: string;
  readonly commit: string;
  readonly timeoutSeconds: number;
  readonly log: (line: string) => void;
  readonly now: () => Date;
}

/**
 * Measures what is missing of a series in a round, from its cold build on, since each scenario goes on from the one
 * before. What fails is a result too, and where the cold build failed there is nothing to change.
 */
export async function runSeries(bench: Bench, series: Series, round: number): Promise<void> {
  const { results, log } = bench;
  const missing = series.scenarios.filter((scenario) => results.find(series.name, scenario, round) === undefined);
  if (missing.length === 0) return;
  const broken = results.all.find((one) => one.series === series.name && one.error !== undefined);
  if (broken !== undefined && broken.round < round) {
    log(`${series.name}: left out, it failed in round ${broken.round} (${broken.scenario})`);
    return;
  }
  for (let attempt = 1; ; attempt += 1) {
    try {
      await measureSeries(bench, series, round, missing);
      return;
    } catch (error) {
      if (!(error instanceof CacheWasCold) || attempt === attempts) throw error;
      log(`${series.name}: its packages had to be downloaded first; once more, now that they are there`);
    }
  }
}

async function measureSeries(bench: Bench, series: Series, round: number, missing: readonly Scenario[]): Promise<void> {
  const { results, log } = bench;
  const ground = makeGround(bench, series);
  const loops = listLoops();
  const record = (scenario: Scenario, outcome: Measured | { error: string }): void => {
    const { name } = series;
    if (results.find(name, scenario, round) !== undefined) return;
    const given = 'error' in outcome ? { error: outcome.error, facts: {} } : outcome;
    const { commit } = bench;
    const made: ResultRecord = { series: name, scenario, round, commit, at: bench.now().toISOString(), ...given };
    results.append(made);
  };
  const last = series.scenarios.findLastIndex((scenario) => missing.includes(scenario));
  let running: Awaited<ReturnType<Series['begin']>> | undefined;
  try {
    running = await series.begin(ground);
    for (const [at, scenario] of series.scenarios.slice(0, last + 1).entries()) {
      if (at > 0) await sleep(editing);
      touchMemory();
      const fetched = bench.cache.fetched;
      let measured: Measured;
      try {
        measured = await running.measure(scenario);
      } catch (error) {
        if (!(error instanceof ToolFailure)) throw error;
        log(`${series.name} ${scenario}: cannot be measured: ${error.message}`);
        record(scenario, { error: error.message });
        if (scenario !== 'cold') continue;
        for (const after of series.scenarios.slice(1)) record(after, { error: 'its cold build failed' });
        return;
      }
      if (bench.cache.fetched !== fetched) throw new CacheWasCold();
      log(`${series.name} ${scenario}, round ${round}: ${measured.seconds.toFixed(2)} s`);
      record(scenario, measured);
    }
  } finally {
    await running?.close();
    for (const folder of [ground.work, ground.workOnDisk]) rmSync(folder, { recursive: true, force: true });
    detachOrphanedLoops(loops);
  }
}

/** Takes memory and gives it back, so that the host has it ready. @throws Error */
function touchMemory(): void {
  const argv = ['if=/dev/zero', 'of=/dev/null', `bs=${memoryAtHand}`, 'count=1', 'iflag=fullblock', 'status=none'];
  execFileSync('dd', argv);
}

function makeGround(bench: Bench, series: Series): Ground {
  const work = join(bench.ground, series.name);
  const workOnDisk = join(bench.disk, series.name);
  for (const folder of [work, workOnDisk]) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
  }
  const { builderRoot, peersRoot, timeoutSeconds } = bench;
  return {
    ...{ work, workOnDisk, builderRoot, peersRoot, timeoutSeconds },
    packageCache: join(bench.ground, 'packages'),
    archives: bench.cache.addresses,
    logFile: join(bench.logs, `${series.name}.log`),
  };
}
