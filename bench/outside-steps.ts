import type { BuildDetail } from '../sdk/generated/types.gen.ts';

/**
 * Milliseconds of a build, by the engine's clock, in which no step program ran and no layer was made: planning,
 * hand-over, unpacking, copying, polling. Steps that ran at once are counted once.
 * @param build one that has ended
 */
export function millisecondsOutsideSteps(
  build: Pick<BuildDetail, 'submittedAt' | 'endedAt'> & {
    readonly stages: readonly {
      readonly steps: readonly {
        readonly hit: boolean;
        readonly endedAt?: string;
        readonly milliseconds?: { readonly program: number; readonly capture: number };
      }[];
    }[];
  },
): number {
  const began = Date.parse(build.submittedAt);
  const ended = Date.parse(build.endedAt ?? '');
  const spans = build.stages
    .flatMap(({ steps }) => steps)
    .flatMap(({ hit, endedAt, milliseconds }) => {
      if (hit || endedAt === undefined || milliseconds === undefined) return [];
      const end = Math.min(Date.parse(endedAt), ended);
      return [{ start: Math.max(began, end - milliseconds.program - milliseconds.capture), end }];
    })
    .sort((a, b) => a.start - b.start);
  let inSteps = 0;
  let reached = began;
  for (const { start, end } of spans) {
    if (end <= reached) continue;
    inSteps += end - Math.max(start, reached);
    reached = end;
  }
  return ended - began - inSteps;
}
