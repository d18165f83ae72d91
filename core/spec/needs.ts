import { nearestName, quoted } from '../text.ts';
import { specLimits } from './limits.ts';
import type { Outline } from './outline.ts';
import { builtInStepIds } from './reserved-names.ts';
import { type SpecError, specError } from './spec-errors.ts';

/** A step's way to a step that it needs; `place` is the index in its `needs`, undefined where they are implied. */
interface Edge {
  readonly from: number;
  readonly to: number;
  readonly place: number | undefined;
}

/** Needs that name no step of the spec. */
function unknownNeeds(steps: Outline['steps']): SpecError[] {
  const ids = steps.flatMap((step) => step?.id ?? []);
  const known = new Set(ids);
  return steps.flatMap((step, index) =>
    (step?.needs ?? []).flatMap((need, place) => {
      if (need === undefined || known.has(need)) return [];
      const builtIn = builtInStepIds.some((id) => id === need);
      const near = ids.length <= specLimits.steps.value ? nearestName(need, ids) : undefined;
      return specError(['steps', index, 'needs', place], {
        code: 'spec.unknown_need',
        reason: builtIn
          ? `${quoted(need)} is a step of the engine, which every step follows anyway`
          : `there is no step ${quoted(need)}`,
        remedy: near === undefined ? 'Remove it, or name the id of a step in `steps`.' : `Did you mean ${near}?`,
      });
    }),
  );
}

/** The steps that each step needs, with the need that is implied where none is given. */
function edgesOf(steps: Outline['steps']): Edge[][] {
  const indexOf = new Map(steps.map((step, index) => [step?.id, index]));
  return steps.map((step, from) => {
    if (step?.needs === undefined) return from === 0 ? [] : [{ from, to: from - 1, place: undefined }];
    return step.needs.flatMap((need, place) => {
      const to = need === undefined ? undefined : indexOf.get(need);
      return to === undefined ? [] : [{ from, to, place }];
    });
  });
}

/** One circle through steps that are left when all steps outside circles are taken away, or undefined. */
function findCircle(edges: readonly (readonly Edge[])[], left: Set<number>): Edge[] | undefined {
  for (let before = -1; before !== left.size; ) {
    before = left.size;
    for (const step of left) {
      if (!(edges[step] ?? []).some(({ to }) => left.has(to))) left.delete(step);
    }
  }
  const walked: Edge[] = [];
  for (let [step] = left; step !== undefined; ) {
    const start = walked.findIndex(({ from }) => from === step);
    if (start >= 0) return walked.slice(start);
    const edge: Edge | undefined = edges[step]?.find(({ to }) => left.has(to));
    if (edge === undefined) return undefined;
    walked.push(edge);
    step = edge.to;
  }
  return undefined;
}

/** Each circle of needs, told once, at the first need in it that is written out. Implied needs count. */
function circles(steps: Outline['steps']): SpecError[] {
  const edges = edgesOf(steps);
  const left = new Set(steps.keys());
  const errors: SpecError[] = [];
  const idOf = (index: number) => steps[index]?.id ?? `steps[${index}]`;
  for (let circle = findCircle(edges, left); circle !== undefined; circle = findCircle(edges, left)) {
    const ids = circle.map(({ from }) => idOf(from));
    const written = circle.filter(({ place }) => place !== undefined).sort((a, b) => a.from - b.from)[0];
    const implied = circle.find(({ place }) => place === undefined);
    const follows = implied && `; ${idOf(implied.from)} names no needs, so it follows ${idOf(implied.to)}`;
    errors.push(
      specError(['steps', written?.from ?? 0, 'needs', written?.place ?? 0], {
        code: 'spec.circular_needs',
        reason: `the steps need each other in a circle: ${[...ids, ids[0]].join(' -> ')}${follows ?? ''}`,
        remedy: 'Remove one of these needs.',
      }),
    );
    for (const { from } of circle) left.delete(from);
  }
  return errors;
}

/** Errors of the needs between steps. Circles are sought only in as many steps as a spec may have. */
export function needErrors(steps: Outline['steps']): SpecError[] {
  return [...unknownNeeds(steps), ...(steps.length <= specLimits.steps.value ? circles(steps) : [])];
}
