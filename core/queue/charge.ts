/**
 * Fewest and most seconds that a build is charged for when it starts. Fargate bills a minute at least, and what nobody
 * can have thought right (an estimate of days) must not shut its tenant out; how long it ran is settled at its end.
 */
export const fewestSeconds = 60;
const mostSeconds = 86_400;
/** What a build is charged for that has no estimate. */
const unknownSeconds = 600;

export const weights = { fewest: 1, usual: 1, most: 1_000 } as const;

/** What a build was charged for when it started, and by which weights: its end settles it. */
export interface Charge {
  readonly seconds: number;
  readonly tenantWeight: number;
  /** There where its team was charged too. */
  readonly teamWeight?: number | undefined;
}

/** Seconds that a build is thought to take. */
export const expectedSeconds = (estimate: number | undefined): number => estimate ?? unknownSeconds;

/** Seconds of a slot that a build is charged for when it starts. */
export function chargedSeconds(estimate: number | undefined): number {
  return Math.min(mostSeconds, Math.max(fewestSeconds, expectedSeconds(estimate)));
}

/** Virtual milliseconds: time in a slot, over the weight of whose time it is. */
export function virtualMilliseconds(seconds: number, weight: number): number {
  return Math.ceil((seconds * 1_000) / weight);
}

/** Virtual milliseconds to be added where a build took other than it was charged for; negative where it took less. */
export function settlement(chargedFor: number, ran: number, weight: number): number {
  return virtualMilliseconds(Math.max(fewestSeconds, ran), weight) - virtualMilliseconds(chargedFor, weight);
}
