import { waitsUnderLimit } from '../../core/builds/stage-limit.ts';
import { at } from './event-queue.ts';
import { dependentsOf, type StageGraph } from './graph-shapes.ts';
import type { Workload } from './workload.ts';

/**
 * What each stage still waits for, as the counter `pending` of its record holds it: what it needs, and the stage that
 * core/builds/stage-limit.ts puts before it so that not too many of a build run at once. By the columns of a workload.
 */
export class Needs {
  readonly #stagesPerBuild: number;
  readonly #graphs: readonly StageGraph[];
  readonly #dependents: readonly StageGraph[];
  readonly #pending: Int32Array;
  readonly #settled: Uint8Array;

  /** @param limit stages of one build at once */
  constructor(workload: Workload, limit: number) {
    this.#stagesPerBuild = workload.stagesPerBuild;
    this.#graphs = workload.graphs.map((graph) => underLimit(graph, limit));
    this.#dependents = this.#graphs.map(dependentsOf);
    this.#pending = Int32Array.from(this.#graphs.flatMap((graph) => graph.map((needs) => needs.length)));
    this.#settled = new Uint8Array(this.#pending.length);
  }

  /** True where a stage has needs at all. */
  has(place: number): boolean {
    return this.#of(this.#graphs, place).length > 0;
  }

  pending(place: number): number {
    return at(this.#pending, place);
  }

  /** A stage is settled; answers the stages that now wait for nothing more. */
  settle(place: number): number[] {
    if (at(this.#settled, place) === 1) throw new Error(`stage ${place} is settled twice`);
    this.#settled[place] = 1;
    const first = place - (place % this.#stagesPerBuild);
    const free: number[] = [];
    for (const dependent of this.#of(this.#dependents, place)) {
      const pending = at(this.#pending, first + dependent) - 1;
      if (pending < 0) throw new Error(`stage ${first + dependent} waits for less than nothing`);
      this.#pending[first + dependent] = pending;
      if (pending === 0) free.push(first + dependent);
    }
    return free;
  }

  /** @throws Error where a stage begins before all that it needs is settled */
  check(place: number): void {
    const first = place - (place % this.#stagesPerBuild);
    for (const need of this.#of(this.#graphs, place)) {
      if (at(this.#settled, first + need) === 0) throw new Error(`stage ${place} began before stage ${first + need}`);
    }
  }

  #of(graphs: readonly StageGraph[], place: number): readonly number[] {
    return graphs[Math.floor(place / this.#stagesPerBuild)]?.[place % this.#stagesPerBuild] ?? [];
  }
}

function underLimit(graph: StageGraph, limit: number): StageGraph {
  const stages = graph.map((needs, stage) => ({ id: String(stage), needs: needs.map(String) }));
  const waits = waitsUnderLimit(stages, limit);
  return graph.map((needs, stage) => {
    const before = waits.get(String(stage));
    return before === undefined ? needs : [...needs, Number(before)];
  });
}
