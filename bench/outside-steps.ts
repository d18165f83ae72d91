import type { BuildDetail } from '../sdk/generated/types.gen.ts';

/**
 * Milliseconds of a build, by the engine's clock, in which its builders neither unpacked trees nor ran step programs nor
 * made layers, by theirs: planning, hand-over, the checking and copying of bytes, polling.
 * @param build one that has ended, whose stages ran one after another
 * @throws Error where a builder told nothing of its time
 */
export function millisecondsOutsideSteps(
  build: Pick<BuildDetail, 'submittedAt' | 'endedAt'> & {
    readonly stages: readonly Pick<BuildDetail['stages'][number], 'id' | 'attempts' | 'milliseconds'>[];
  },
): number {
  const ran = build.stages.filter(({ attempts }) => attempts > 0);
  const inBuilders = ran.reduce((sum, { id, milliseconds }) => {
    if (milliseconds === undefined) throw new Error(`the builder of ${id} told nothing of its time`);
    return sum + milliseconds.restore + milliseconds.steps;
  }, 0);
  return Date.parse(build.endedAt ?? '') - Date.parse(build.submittedAt) - inBuilders;
}
