import { mix, Random } from '../random.ts';

/** A tenant of the run, and what it wants. */
export interface PaperTenant {
  readonly place: number;
  /** Of its share of the slots. */
  readonly weight: number;
  /**
   * contender: it always has builds that wait, until it has submitted all; limited: a tier holds it back, and it submits
   * as fast as that lets it.
   */
  readonly kind: 'contender' | 'limited';
  readonly builds: number;
}

/** What a build comes to, drawn before anything runs. */
export interface PaperBuild {
  /** Milliseconds from its start to its end. */
  readonly milliseconds: number;
  /** Seconds that its plan says. */
  readonly estimate: number;
  readonly bytes: number;
  readonly outcome: 'succeeded' | 'failed' | 'broken' | 'cancelled';
}

/** One in so many tenants is held back by its quotas. */
const limitedShare = 20;
const limitedBuilds = 40;

/** What a limited tenant may: ten builds a day and one at once, and fewer images than it wants. */
export const limitedQuotas = { buildsPerDay: 10, concurrentBuilds: 1, images: 30 } as const;

/** Weights by the part of the contenders that have them: half, three in ten, a fifth. */
const weightOf = (share: number): number => (share < 0.5 ? 1 : share < 0.8 ? 2 : 4);

/**
 * Draws tenants. Contenders want work in the measure of their weights, so that all of them have some until the end.
 */
export function drawTenants(tenants: number, builds: number): readonly PaperTenant[] {
  const isLimited = (place: number): boolean => place % limitedShare === limitedShare - 1;
  const places = Array.from({ length: tenants }, (_, place) => place);
  const contenders = places.filter((place) => !isLimited(place));
  const weights = new Map(contenders.map((place, rank) => [place, weightOf((rank * 0.61803398875) % 1)]));
  const sum = [...weights.values()].reduce((total, weight) => total + weight, 0);
  const left = builds - (tenants - contenders.length) * limitedBuilds;
  let [given, wanted] = [0, 0];
  return places.map((place): PaperTenant => {
    const weight = weights.get(place);
    if (weight === undefined) return { place, weight: 1, kind: 'limited', builds: limitedBuilds };
    // What rounding leaves over goes to the next: the builds come out exactly.
    wanted += (left * weight) / sum;
    const own = Math.round(wanted) - given;
    given += own;
    return { place, weight, kind: 'contender', builds: own };
  });
}

/** Draws a build of a tenant's by its number. Four minutes is the middle; estimates are wrong by a quarter or so. */
export function drawBuild(seed: number, tenant: number, number: number): PaperBuild {
  const random = new Random(mix(seed, tenant, number, 31));
  const milliseconds = Math.min(3_600_000, random.lognormal(240_000, 0.4));
  const luck = random.next();
  return {
    milliseconds: Math.round(milliseconds),
    estimate: (milliseconds / 1_000) * random.lognormal(1, 0.25),
    bytes: Math.round(random.lognormal(600e6, 0.5)),
    outcome: luck < 0.03 ? 'failed' : luck < 0.04 ? 'broken' : luck < 0.05 ? 'cancelled' : 'succeeded',
  };
}
