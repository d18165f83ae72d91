import type { Random } from './random.ts';

/** Which stages each stage of a build needs, by number; a stage needs only earlier ones. */
export type StageGraph = readonly (readonly number[])[];

/** The shapes that plans have; `mixed` is layers of different widths, each stage on one to three of the layer before. */
export const shapes = ['chain', 'diamonds', 'fan-out', 'fan-in', 'mixed'] as const;
export type Shape = (typeof shapes)[number];

/** Draws a graph of so many stages (at least 4). Stage 0 is what every other one needs, directly or not. */
export function drawGraph(shape: Shape, stages: number, random: Random): StageGraph {
  switch (shape) {
    case 'chain':
      return Array.from({ length: stages }, (_, stage) => (stage === 0 ? [] : [stage - 1]));
    case 'diamonds':
      return diamonds(stages);
    case 'fan-out':
      return Array.from({ length: stages }, (_, stage) => (stage === 0 ? [] : stage === 1 ? [0] : [1]));
    case 'fan-in':
      return Array.from({ length: stages }, (_, stage) => {
        if (stage === 0) return [];
        return stage < stages - 1 ? [0] : Array.from({ length: stages - 2 }, (_, branch) => branch + 1);
      });
    case 'mixed':
      return mixed(stages, random);
  }
}

/** Two stages side by side between one and the next, again and again. */
function diamonds(stages: number): StageGraph {
  const graph: number[][] = [[]];
  let foot = 0;
  while (graph.length < stages) {
    const first = graph.length;
    if (stages - first < 3) {
      graph.push([foot]);
      foot = first;
    } else {
      graph.push([foot], [foot], [first, first + 1]);
      foot = first + 2;
    }
  }
  return graph;
}

function mixed(stages: number, random: Random): StageGraph {
  const graph: number[][] = [[]];
  let before = [0];
  while (graph.length < stages) {
    const width = Math.min(random.integer(1, 8), stages - graph.length);
    const layer: number[] = [];
    for (let place = 0; place < width; place += 1) {
      const needs = new Set<number>();
      for (let count = random.integer(1, 3); count > 0; count -= 1) {
        needs.add(before[random.integer(0, before.length - 1)] ?? 0);
      }
      layer.push(graph.length);
      graph.push([...needs].sort((a, b) => a - b));
    }
    before = layer;
  }
  return graph;
}

/** Which stages need each stage: a graph turned round. */
export function dependentsOf(graph: StageGraph): StageGraph {
  const dependents: number[][] = graph.map(() => []);
  for (const [stage, needs] of graph.entries()) for (const need of needs) dependents[need]?.push(stage);
  return dependents;
}
