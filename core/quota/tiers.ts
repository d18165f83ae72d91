/** What a tenant or a team can have a quota of. */
export const quotaNames = [
  'buildsPerDay',
  'failedBuildsPerDay',
  'concurrentBuilds',
  'buildMinutesPerMonth',
  'images',
  'storedBytes',
] as const;
export type QuotaName = (typeof quotaNames)[number];

/** Most of each; one that is absent has no bound. */
export type QuotaLimits = Readonly<Partial<Record<QuotaName, number>>>;

const GiB = 1024 ** 3;

/**
 * The plan tiers: all that an installation offers, in one table. A build of a small image takes 2 to 5 builder minutes
 * and makes 0.3 to 2 GiB of artifacts (docs/performance.md): what a tier has of each is so that the others suit it.
 */
export const tiers = {
  free: {
    buildsPerDay: 10,
    failedBuildsPerDay: 20,
    concurrentBuilds: 1,
    buildMinutesPerMonth: 300,
    images: 20,
    storedBytes: 20 * GiB,
  },
  team: {
    buildsPerDay: 100,
    failedBuildsPerDay: 200,
    concurrentBuilds: 5,
    buildMinutesPerMonth: 5_000,
    images: 500,
    storedBytes: 500 * GiB,
  },
  business: {
    buildsPerDay: 1_000,
    failedBuildsPerDay: 2_000,
    concurrentBuilds: 25,
    buildMinutesPerMonth: 50_000,
    images: 5_000,
    storedBytes: 5_000 * GiB,
  },
  unlimited: {},
} as const satisfies Record<string, QuotaLimits>;
export type TierName = keyof typeof tiers;

export const tierNames = ['free', 'team', 'business', 'unlimited'] as const satisfies readonly TierName[];

/** The tier of a tenant that has none of its own, where the installation names none. */
export const usualTier: TierName = 'unlimited';

/** How what is used up frees: with time, or only when something is deleted or more is granted. */
export const quotaKinds: Readonly<
  Record<
    QuotaName,
    {
      readonly unit: 'builds' | 'minutes' | 'images' | 'bytes';
      readonly period: 'day' | 'month' | 'none';
      readonly what: string;
    }
  >
> = {
  buildsPerDay: { unit: 'builds', period: 'day', what: 'builds a day' },
  failedBuildsPerDay: { unit: 'builds', period: 'day', what: 'failed builds a day' },
  concurrentBuilds: { unit: 'builds', period: 'none', what: 'builds at once' },
  buildMinutesPerMonth: { unit: 'minutes', period: 'month', what: 'build minutes a month' },
  images: { unit: 'images', period: 'none', what: 'stored images' },
  storedBytes: { unit: 'bytes', period: 'none', what: 'stored bytes' },
};

/** What is counted by leases; builds at once are counted by the dispatcher (core/queue/slots.ts). */
export type LeasedQuota = Exclude<QuotaName, 'concurrentBuilds'>;
export const leasedQuotas = quotaNames.filter((name): name is LeasedQuota => name !== 'concurrentBuilds');
