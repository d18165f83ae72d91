import type { Latency, TableFaults } from '../../../bench/simulation/faulty-table.ts';
import { drawGraph, type StageGraph, shapes } from '../../../bench/simulation/graph-shapes.ts';
import type { BusFaults } from '../../../bench/simulation/paper-bus.ts';
import { mix, Random } from '../../../bench/simulation/random.ts';

/** What somebody does from outside, at a time in milliseconds from the begin. */
export type Happening =
  | {
      readonly at: number;
      readonly kind: 'submit';
      readonly tenant: number;
      readonly spec: number;
      readonly force: boolean;
    }
  /** Of the builds that there are by then, by number. */
  | { readonly at: number; readonly kind: 'cancel'; readonly build: number };

/** How a tenant's endpoint answers: most the first attempts alone, so that later ones are taken. */
export const manners = [
  'takes',
  'is slow',
  'fails',
  'is silent',
  'redirects',
  'takes and is not heard',
  'is busy',
  'is gone',
  'never answers well',
] as const;
export type Manner = (typeof manners)[number];

/** All that a seed stands for: what is asked of the engine, and what goes wrong. */
export interface Weather {
  readonly seed: number;
  readonly happenings: readonly Happening[];
  readonly graphs: readonly StageGraph[];
  readonly concurrentBuilds: number;
  readonly tableFaults: TableFaults;
  readonly latency: Latency;
  readonly busFaults: BusFaults;
  /** By tenant. */
  readonly manners: readonly Manner[];
  /** Bytes of the cache, from nothing at all on. */
  readonly cacheLimitBytes: number;
  /** Shares of attempts, from 0 to 1. */
  readonly attempts: {
    readonly failsToStart: number;
    readonly interrupted: number;
    readonly lost: number;
    readonly stepFails: number;
    readonly deaf: number;
  };
}

/** What sweeps do in place of an event that never comes. */
const swept = ['planBuild', 'dispatchBuilds', 'settleQuotas', 'bringSharersOn', 'recordUsage'] as const;

export const tenantCount = 2;
const minute = 60_000;

/** Draws the weather of a seed. Every third one is calm in one respect, so that no fault hides another. */
export function drawWeather(seed: number): Weather {
  const random = new Random(mix(seed, 77));
  const graphs = Array.from({ length: 2 }, () =>
    drawGraph(shapes[random.integer(0, shapes.length - 1)] ?? 'mixed', random.integer(1, 2), random),
  );
  const submissions = Array.from(
    { length: random.integer(2, 4) },
    (): Happening => ({
      ...{ at: random.between(0, 4 * minute), kind: 'submit', tenant: random.integer(0, tenantCount - 1) },
      ...{ spec: random.integer(0, graphs.length - 1), force: random.next() < 0.1 },
    }),
  );
  const cancels = Array.from({ length: random.integer(0, 2) }, (): readonly Happening[] => {
    const begun = submissions[random.integer(0, submissions.length - 1)]?.at ?? 0;
    // Half of them meet what there is to do at the begin of a build, when most is written.
    const at = random.next() < 0.5 ? begun + random.between(0, 25_000) : random.between(0, 8 * minute);
    const cancel = { kind: 'cancel', build: random.integer(0, 3) } as const;
    const again = random.next() < 0.2 ? [{ at: at + random.between(0, 100), ...cancel }] : [];
    return [{ at, ...cancel }, ...again];
  });
  const often = (share: number): number => (random.next() < 1 / 3 ? 0 : share);
  return {
    ...{ seed, graphs, happenings: [...submissions, ...cancels.flat()].sort((a, b) => a.at - b.at) },
    concurrentBuilds: random.integer(1, 3),
    tableFaults: { conflict: often(0.05), kill: often(0.05), throttle: often(0.01), unheard: often(0.1) },
    latency: { instant: 0.3, slowest: 50, stalled: often(0.02), longest: 10_000 },
    busFaults: {
      ...{ lost: often(0.15), twice: often(0.4), slowest: random.next() < 0.5 ? 500 : 20_000 },
      ...{ redelivered: 3 * minute, refused: often(0.1), forgotten: random.next() < 1 / 3 ? swept : [] },
    },
    manners: Array.from({ length: tenantCount }, () => manners[random.integer(0, manners.length - 1)] ?? 'takes'),
    cacheLimitBytes: random.next() < 0.3 ? 0 : Number.MAX_SAFE_INTEGER,
    attempts: {
      ...{ failsToStart: often(0.1), interrupted: often(0.12), lost: often(0.06) },
      ...{ stepFails: often(0.06), deaf: often(0.15) },
    },
  };
}
