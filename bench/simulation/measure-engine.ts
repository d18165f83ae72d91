import type { BuildRecord } from '../../core/builds/build-record.ts';
import { recordBytes } from '../../core/ports/table-limits.ts';
import { entryWrites } from '../../core/queue/queue-entry.ts';
import { assumptions } from './assumptions.ts';
import type { TableUnits } from './counting-table.ts';
import { drawGraph, shapes } from './graph-shapes.ts';
import { startPaperEngine } from './paper-engine.ts';
import { mix, Random } from './random.ts';
import { drawAttempt } from './workload.ts';

/** What a build costs the engine's own functions, as they were counted. */
export interface EngineMeasure {
  readonly builds: number;
  readonly stagesPerBuild: number;
  /** A build's units by who spends them, the most writes first. Sweeps and the dispatcher belong to no build. */
  readonly units: readonly { readonly caller: string; readonly units: TableUnits }[];
  /** Requests of a build to the object store. */
  readonly blobWrites: number;
  readonly blobReads: number;
  /** Of a build's entry in the queue: what the dispatcher reads. */
  readonly entryBytes: number;
  readonly mostEvents: number;
}

/** Functions that work for one build at a time. */
const ofBuilds = new Set([
  'startBuild',
  'planBuild',
  'AwaitDependencies',
  'PrepareStage',
  'ClassifyStage',
  'SettleStage',
  'FinalizeBuild',
  'exchange',
]);

/** Scripts of a build: with the engine’s own steps a plan of 40 stages, the most that it may have. */
const scripts = 32;

/** Runs so many builds of every shape through the engine's own functions, flow and table, one tenant, no limits. */
export async function measureEngine(builds: number, seed: number): Promise<EngineMeasure> {
  let place = 0;
  const engine = await startPaperEngine({
    seed,
    limits: { concurrentBuilds: builds, concurrentBuildsPerTenant: builds, stagesPerBuild: 40 },
    tableFaults: { conflict: 0, kill: 0 },
    busFaults: { lost: 0, twice: 0, slowest: 200 },
    draw: (random) => {
      place += 1;
      const { medians, sigma, longest } = assumptions.work;
      const stepMilliseconds = Math.min(longest, random.lognormal(medians.tenant, sigma));
      return { draw: { ...drawAttempt(seed, place, 1), stepFails: false }, stepMilliseconds };
    },
  });
  const ids: string[] = [];
  for (let build = 0; build < builds; build += 1) {
    const graph = drawGraph(shapes[build % shapes.length] ?? 'mixed', scripts, new Random(mix(seed, build)));
    ids.push(await engine.submit('tenant', `build-${build}`, graph));
  }
  const ended = await engine.finish(ids, 48 * 3_600_000);
  const costs = ids.map((id) => engine.histories.cost(id));
  const bytes = ended.reduce((sum, build) => sum + entryBytes({ ...build, state: 'queued' }), 0);
  const stages = ids.reduce((sum, id) => sum + engine.histories.visits(id).length, 0);
  const { requests } = engine.blobs;
  const units = [...engine.counting.units]
    .filter(([caller]) => ofBuilds.has(caller))
    .map(([caller, { reads, writes, calls }]) => {
      return { caller, units: { reads: reads / builds, writes: writes / builds, calls: calls / builds } };
    })
    .sort((a, b) => b.units.writes - a.units.writes);
  await engine.close();
  const failed = ended.filter((build) => build.state !== 'succeeded');
  if (failed.length > 0) throw new Error(`${failed.length} builds did not succeed: ${failed[0]?.failure?.reason}`);
  return {
    builds,
    stagesPerBuild: stages / builds,
    units,
    blobWrites: requests.writes / builds,
    blobReads: requests.reads / builds,
    entryBytes: bytes / builds,
    mostEvents: costs.reduce((most, cost) => Math.max(most, cost.events), 0),
  };
}

function entryBytes(build: BuildRecord): number {
  const [write] = entryWrites({ ...build, state: 'planning' }, build);
  if (write?.kind !== 'put') throw new Error('a queued build has an entry');
  return recordBytes({ key: write.key, data: write.data, counters: {}, indexes: {} });
}
