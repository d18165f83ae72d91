import { z } from 'zod';
import { daySchema } from './days.ts';
import { type UsageKind, usageKindFacts, usageKinds } from './kinds.ts';
import { amountOf, exactNumber } from './money.ts';
import { priceOf, type RateCard, type RateVersion, versionOn } from './rate-card.ts';

/** A line of a bill: all of a kind that was used while a version of the rate card held. */
export const billLineSchema = z
  .strictObject({
    kind: z.enum(usageKinds),
    rates: daySchema.describe('The version of the rate card, by its first day.'),
    quantity: z.number().int().describe('Exact, in `unit`.'),
    unit: z.string(),
    shown: z.number().describe('The same in `shownUnit`, to six digits.'),
    shownUnit: z.string(),
    price: z.number().int().describe('Micro-dollars for one `per`.'),
    per: z.string(),
    microDollars: z.number().int().describe('Quantity times price, rounded once, half to even.'),
  })
  .meta({ id: 'BillLine' });
export type BillLine = z.infer<typeof billLineSchema>;

/** So much of a kind on a day. */
export interface Use {
  readonly day: string;
  readonly kind: UsageKind;
  readonly quantity: number | bigint;
}

/** Adds up what was used by version of the rate card and kind, exact, in whatever order it comes. */
export function createBill(card: RateCard) {
  const sums = new Map<string, { readonly version: RateVersion; readonly kind: UsageKind; quantity: bigint }>();
  return {
    add({ day, kind, quantity }: Use): void {
      const version = versionOn(card, day);
      const key = `${version.from} ${kind}`;
      const sum = sums.get(key) ?? { version, kind, quantity: 0n };
      sum.quantity += BigInt(quantity);
      sums.set(key, sum);
    },
    /** The lines: versions in their order, kinds in the order of the catalogue. */
    lines(): BillLine[] {
      return [...sums.values()]
        .sort(
          (a, b) =>
            a.version.from.localeCompare(b.version.from) || usageKinds.indexOf(a.kind) - usageKinds.indexOf(b.kind),
        )
        .map(({ version, kind, quantity }) => billLine(version, kind, quantity));
    },
  };
}

/** A line of so much of a kind. */
export function billLine(version: RateVersion, kind: UsageKind, quantity: bigint): BillLine {
  const { priced } = usageKindFacts[kind];
  const price = priceOf(version, kind);
  return {
    ...{ kind, rates: version.from, ...quantityView(kind, exactNumber(quantity)), price, per: priced.unit },
    microDollars: exactNumber(amountOf(quantity, price, priced.size)),
  };
}

/** A quantity as it is stored, and as people read it. */
export function quantityView(kind: UsageKind, quantity: number) {
  const { unit, shown } = usageKindFacts[kind];
  return { quantity, unit, shown: Number((quantity / shown.size).toFixed(6)), shownUnit: shown.unit };
}

/** Amounts together. */
export function totalOf(lines: readonly Pick<BillLine, 'microDollars'>[]): number {
  return exactNumber(lines.reduce((sum, { microDollars }) => sum + BigInt(microDollars), 0n));
}

/** All lines of what was used. */
export function billOf(card: RateCard, uses: Iterable<Use>): BillLine[] {
  const bill = createBill(card);
  for (const use of uses) bill.add(use);
  return bill.lines();
}
