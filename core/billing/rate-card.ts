import { z } from 'zod';
import { dayAt, daySchema } from './days.ts';
import { type UsageKind, usageKindFacts, usageKinds } from './kinds.ts';

/** The highest price, in micro-dollars: a thousand dollars for one unit. */
const highestPrice = 1_000_000_000;

/** Prices by kind, in integer micro-dollars for one of its priced unit. What has none costs nothing. */
export const pricesSchema = z
  .partialRecord(z.enum(usageKinds), z.number().int().min(0).max(highestPrice))
  .describe(
    `Micro-dollars (millionths of a US dollar) for one unit; what is not named costs nothing. Units: ${usageKinds
      .map((kind) => `${kind} ${usageKindFacts[kind].priced.unit}`)
      .join(', ')}.`,
  );
export type Prices = z.infer<typeof pricesSchema>;

/** A version of the rate card: what is used from a day on costs this, until the next version begins. */
export const rateVersionSchema = z
  .strictObject({
    from: daySchema.describe('The first day on which it holds, from 00:00 UTC.'),
    name: z.string().min(1).max(100).describe('For people, such as "list prices 2027".'),
    prices: pricesSchema,
  })
  .meta({ id: 'RateVersion' });
export type RateVersion = z.infer<typeof rateVersionSchema>;

/**
 * What holds where the operator has set nothing: what AWS asks by its public prices for us-east-1, November 2026 (x86, on
 * demand), as core/plan/cost-table.ts has them, so that the figures mean something from the first build on. Fargate: $0.000011244 a
 * vCPU-second, $0.004445 a GB-hour, $0.000111 a GB-hour of disk; Step Functions $0.025 per 1,000 transitions, of which
 * a stage that runs takes seven; S3 standard $0.023 a GB-month; data out $0.09 a GB; HTTP API $1.00 and Lambda $0.20 a
 * million requests, and as much again for Lambda's time and the table's reads (assumed).
 */
export const listPrices: RateVersion = {
  from: '1970-01-01',
  name: 'AWS list prices, us-east-1, 2026-11',
  prices: {
    'builder.vcpu': 40_478,
    'builder.memory': 4_445,
    'builder.disk': 111,
    'builder.attempts': 175,
    'storage.artifacts': 23_000,
    'storage.uploads': 23_000,
    'egress.authorised': 90_000,
    'api.calls': 2_400,
  },
};

/** The versions of a rate card, the oldest first; before the first one, list prices. */
export interface RateCard {
  readonly versions: readonly RateVersion[];
}

/** The version that holds on a day. */
export function versionOn({ versions }: RateCard, day: string): RateVersion {
  return versions.findLast(({ from }) => from <= day) ?? listPrices;
}

/** The versions that hold on some day of a span, in their order: the first one on its first day. */
export function versionsWithin(card: RateCard, { from, to }: { readonly from: string; readonly to: string }) {
  return [versionOn(card, from), ...card.versions.filter((version) => version.from > from && version.from < to)];
}

export const priceOf = ({ prices }: RateVersion, kind: UsageKind): number => prices[kind] ?? 0;

/** The rate card as users see it. */
export const rateCardViewSchema = z
  .strictObject({
    current: rateVersionSchema.describe('What holds today; list prices of AWS where the operator has set nothing.'),
    versions: z.array(rateVersionSchema).describe('All that the operator has set, the oldest first.'),
  })
  .meta({ id: 'RateCard' });

export const rateCardView = (card: RateCard, now: Date): z.infer<typeof rateCardViewSchema> => ({
  ...{ current: versionOn(card, dayAt(now)), versions: [...card.versions] },
});
