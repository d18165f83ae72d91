import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findArchives } from '../../local/archive-sources.ts';
import { readMemory } from '../../local/tasks/work-space.ts';
import { ensureBuilderRoot } from '../../scripts/builder-root.ts';
import { stop } from '../../scripts/setup/system.mjs';
import { drawPlots } from '../plots/draw.ts';
import { startArchiveCache } from './archive-cache.ts';
import { judge } from './bounds.ts';
import { describeCommit, describeMachine } from './machine.ts';
import { type BenchOptions, chosenSeries } from './options.ts';
import { ensurePeersRoot } from './peers-root.ts';
import type { ArchiveAddresses } from './reference.ts';
import { reportTables } from './report.ts';
import { Results } from './results.ts';
import { type Bench, runSeries } from './run-series.ts';
import { isWhole, writeSection } from './section.ts';
import { seriesIn } from './tools/all.ts';

const project = dirname(dirname(import.meta.dirname));
/** Trees, caches and images of one tool at its largest, with room; the builders' own memory comes on top. */
const leastMemory = 10 * 1024 ** 3;
const memoryShare = 0.6;

/**
 * The work itself, inside its namespaces: rounds of all series, so that what is compared was measured side by side.
 * @param folder an empty folder that is removed afterwards
 * @returns the exit code: 1 where a bound fails, or where our own build does
 */
export async function runInside(options: BenchOptions, folder: string): Promise<number> {
  const log = (line: string): void => {
    process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);
  };
  const allSeries = seriesIn(options.place);
  const chosen = chosenSeries(allSeries, options.only);
  const kept = join(options.results, options.place);
  const results = new Results(join(kept, 'results.jsonl'));
  if (options.fresh) results.drop(chosen.map(({ name }) => name));
  const upstream = machineArchives();
  const { directory: builderRoot, cache: keptFolder } = await ensureBuilderRoot({ project, log });
  const peersRoot = ensurePeersRoot(keptFolder, upstream, log);
  const cache = await startArchiveCache({
    directory: join(keptFolder, 'bench-archive'),
    upstream,
    now: () => Date.now(),
  });
  const logs = join(kept, 'logs');
  if (options.fresh) rmSync(logs, { recursive: true, force: true });
  const bench: Bench = {
    ...{ results, cache, builderRoot, peersRoot, logs, log },
    ground: options.place === 'memory' ? await mountMemory(join(folder, 'memory')) : join(folder, 'ground'),
    disk: join(folder, 'disk'),
    commit: describeCommit(project),
    timeoutSeconds: options.timeoutSeconds,
    now: () => new Date(),
  };
  try {
    for (let round = 1; round <= options.runs; round += 1) {
      log(`round ${round} of ${options.runs}`);
      for (const series of chosen) await runSeries(bench, series, round);
    }
    const verdicts = judge(results.all);
    process.stdout.write(`${reportTables(results.all, allSeries, verdicts)}\n`);
    if (isWhole(results.all, allSeries)) {
      await drawPlots({ records: results.all, series: allSeries, peersRoot, ground: bench.ground, project });
      writeSection(join(project, 'docs/performance.md'), {
        ...{ records: results.all, series: allSeries, verdicts },
        machine: describeMachine(),
        place: options.place,
      });
      log('docs/performance.md and docs/plots/ hold this');
    } else {
      log('docs/ is left as it is: not every series has three rounds');
    }
    const broken = results.all.some(({ series, error }) => series.startsWith('ours-') && error !== undefined);
    return broken || verdicts.some(({ verdict }) => verdict === 'fail') ? 1 : 0;
  } finally {
    await cache.close();
  }
}

function machineArchives(): ArchiveAddresses {
  const { debian, debianSecurity } = findArchives();
  if (debian === undefined || debianSecurity === undefined) {
    stop("this machine's apt sources name no Debian archive and security archive over http or https.");
  }
  return { debian, security: debianSecurity };
}

/** Memory for everybody's trees, caches and images: what is measured is the tools, not this disk's hour. */
async function mountMemory(place: string): Promise<string> {
  const available = Number(/^MemAvailable:\s+(\d+) kB$/m.exec(await readMemory())?.[1] ?? 0) * 1024;
  if (available < leastMemory) stop(`${leastMemory / 1024 ** 3} GiB of memory are needed; the machine has fewer left.`);
  mkdirSync(place, { recursive: true });
  const size = Math.floor(available * memoryShare);
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=755`, 'bench', place]);
  if (status !== 0) stop(`no tmpfs can be mounted on ${place}.`);
  return place;
}
