/** How much a build matters among those of its own team, or of its tenant where it has none; the least first. */
export const priorities = ['low', 'normal', 'high', 'urgent'] as const;
export type Priority = (typeof priorities)[number];

/** What a build has that does not say. */
export const usualPriority: Priority = 'normal';

/**
 * Milliseconds of waiting that weigh as much as one priority: a quarter of an hour, some builds' time. So a low build
 * goes before every urgent one that comes more than three quarters of an hour after it.
 */
export const ageingMilliseconds = 900_000;

/**
 * Where a build stands among those of its team: the smallest goes first. It is the time of its submission, set back by
 * its priority, and so never changes: of two builds that wait, both age alike.
 * @param submittedAt milliseconds since 1970
 */
export function rankOf(submittedAt: number, priority: Priority): number {
  return submittedAt - priorities.indexOf(priority) * ageingMilliseconds;
}
