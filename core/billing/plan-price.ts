import { z } from 'zod';
import { type BuilderSize, builderQuantities } from './attempt-usage.ts';
import { daySchema } from './days.ts';
import type { UsageKind } from './kinds.ts';
import { currency } from './money.ts';
import { billLine, billLineSchema, totalOf } from './pricing.ts';
import type { RateVersion } from './rate-card.ts';

/** What the builders of a plan would be billed, by the same rule as bills are. */
export const planPriceSchema = z
  .strictObject({
    currency: z.literal(currency),
    rates: daySchema.describe('The version of the rate card that holds now, by its first day.'),
    lines: z.array(billLineSchema),
    microDollars: z.number().int().describe('Builders alone: storage and downloads come with time.'),
  })
  .meta({ id: 'PlanPrice' });
export type PlanPrice = z.infer<typeof planPriceSchema>;

/** @param builders of the stages that run, each with the seconds that it is thought to take */
export function priceOfBuilders(
  version: RateVersion,
  builders: Iterable<{ readonly size: BuilderSize; readonly seconds: number }>,
): PlanPrice {
  const sums = new Map<UsageKind, bigint>();
  for (const { size, seconds } of builders) {
    const used = { ...builderQuantities(size, Math.round(seconds * 1_000)), 'builder.attempts': 1 };
    for (const [kind, quantity] of Object.entries(used) as [UsageKind, number][]) {
      sums.set(kind, (sums.get(kind) ?? 0n) + BigInt(quantity));
    }
  }
  const lines = [...sums].flatMap(([kind, quantity]) => (quantity === 0n ? [] : [billLine(version, kind, quantity)]));
  return { currency, rates: version.from, lines, microDollars: totalOf(lines) };
}
