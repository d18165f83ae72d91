import { assumptions } from './assumptions.ts';
import type { Capacity } from './capacity.ts';
import { at } from './event-queue.ts';
import type { Outcome } from './outcome.ts';
import { drawAttempt, type Workload } from './workload.ts';

/** No schedule of a workload is shorter. Milliseconds. */
export interface LowerBounds {
  /** By build: its longest way from the first stage to the end, each stage's first start-up included. */
  readonly criticalPaths: Float64Array;
  /** The last build on its critical path, from its submission on. */
  readonly criticalPath: number;
  /** So many tasks at the rate of launches. */
  readonly launches: number;
  /** All critical paths over the builds that may run at once. */
  readonly builds: number;
  /** All start-ups and work over the tasks that may run at once. */
  readonly tasks: number;
  readonly largest: number;
}

/** Bounds over the builds that succeeded, with the start-ups and the work that were drawn for them. */
export function lowerBounds(workload: Workload, capacity: Capacity, outcome: Outcome): LowerBounds {
  const { arrivals, stagesPerBuild } = workload;
  const { perSecond, burst } = assumptions.launches;
  const criticalPaths = new Float64Array(arrivals.length);
  let [criticalPath, allPaths, allTasks, stages] = [0, 0, 0, 0];
  for (const [build, { at: submitted }] of arrivals.entries()) {
    const { path, tasks } = pathOf(workload, build);
    criticalPaths[build] = path;
    if (at(outcome.failure, build) > 0) continue;
    criticalPath = Math.max(criticalPath, submitted + assumptions.planning + path);
    allPaths += path;
    allTasks += tasks;
    stages += stagesPerBuild;
  }
  const bounds = {
    criticalPath,
    launches: (Math.max(0, stages - burst) * 1_000) / perSecond,
    builds: allPaths / capacity.builds.installation,
    tasks: allTasks / capacity.tasks,
  };
  return { criticalPaths, ...bounds, largest: Math.max(...Object.values(bounds)) };
}

/** The critical path of a build, and the milliseconds of its tasks together. */
function pathOf(workload: Workload, build: number): { path: number; tasks: number } {
  const { graphs, stagesPerBuild, seed, work } = workload;
  const { shortest } = assumptions.functionCall;
  const ends = new Float64Array(stagesPerBuild);
  let [path, tasks] = [0, 0];
  for (const [stage, needs] of (graphs[build] ?? []).entries()) {
    const place = build * stagesPerBuild + stage;
    const task = drawAttempt(seed, place, 1).startUp + at(work, place);
    const begin = needs.reduce((latest, need) => Math.max(latest, at(ends, need)), 0);
    // PrepareStage before the task and SettleStage after it.
    ends[stage] = begin + shortest + task + shortest;
    path = Math.max(path, at(ends, stage));
    tasks += task;
  }
  return { path: path + shortest, tasks };
}
