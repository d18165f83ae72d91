import { mix, Random } from './random.ts';
import type { Arrival } from './workload.ts';

/** How builds come in: by name, what each means. */
export const arrivalPatterns = {
  burst: 'one tenant, all at once',
  steady: 'ten tenants, evenly at random over the time',
  'two-tenants': 'a heavy tenant with nine tenths, all at once; a light one with the rest, at random over the time',
} as const;
export type ArrivalPattern = keyof typeof arrivalPatterns;

/** Draws so many submissions over `span` milliseconds, in order of time. */
export function drawArrivals(pattern: ArrivalPattern, builds: number, span: number, seed: number): Arrival[] {
  const random = new Random(mix(seed, 3));
  const draw = (build: number): Arrival => {
    switch (pattern) {
      case 'burst':
        return { at: 0, tenant: 0 };
      case 'steady':
        return { at: random.between(0, span), tenant: random.integer(0, 9) };
      case 'two-tenants':
        return build < builds * 0.9 ? { at: 0, tenant: 0 } : { at: random.between(0, span), tenant: 1 };
    }
  };
  return Array.from({ length: builds }, (_, build) => draw(build)).sort((a, b) => a.at - b.at);
}
