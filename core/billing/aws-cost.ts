import { z } from 'zod';
import { costTable } from '../plan/cost-table.ts';
import { type UsageKind, usageKindFacts, usageKinds } from './kinds.ts';
import { amountOf, currency, exactNumber } from './money.ts';

/**
 * What the same use costs the operator by AWS's public prices: us-east-1, on demand, x86, November 2026 (AWS Fargate,
 * Step Functions, S3, API Gateway, Lambda and DynamoDB pricing pages). In nano-dollars for one unit as rate cards
 * price it, so that small prices are integers too. Approximate where it says so; what does not grow with use (NAT
 * gateway, keys, logs) is not in it.
 */
export const awsPrices = {
  date: costTable.date,
  region: costTable.region,
  nanoDollars: {
    // $0.000011244 a vCPU-second; Spot and Arm cost less.
    'builder.vcpu': 40_478_400,
    'builder.memory': 4_445_000,
    'builder.disk': 111_000,
    // Fargate bills a minute at least; what short attempts cost beyond their time is in that of an attempt below.
    'builder.time': 0,
    // Seven state transitions at $0.000025, the five functions and some sixty requests to the table around a stage (assumed).
    'builder.attempts': 175_000 + 60_000,
    // S3 Standard, $0.023 a GB-month.
    'storage.artifacts': 23_000_000,
    'storage.uploads': 23_000_000,
    // $0.09 a GB, as if all of each file were fetched.
    'egress.authorised': 90_000_000,
    // For 1,000 calls: HTTP API $0.001, Lambda's request $0.0002, 60 ms of 1 GiB on Arm $0.0008, three reads of the table $0.0004.
    'api.calls': 2_400_000,
    approvals: 2_000,
  } satisfies Record<UsageKind, number>,
} as const;

export const awsCostLineSchema = z
  .strictObject({
    kind: z.enum(usageKinds),
    quantity: z.number().int(),
    unit: z.string(),
    microDollars: z.number().int(),
  })
  .meta({ id: 'AwsCostLine' });

/** An estimate of what AWS asks for what was used, whoever pays for it. */
export const awsCostSchema = z
  .strictObject({
    currency: z.literal(currency),
    region: z.string(),
    pricesOf: z.string().describe('Date of the price table.'),
    lines: z.array(awsCostLineSchema),
    microDollars: z.number().int(),
  })
  .meta({ id: 'AwsCost' });
export type AwsCost = z.infer<typeof awsCostSchema>;

export function awsCostOf(quantities: ReadonlyMap<UsageKind, bigint>): AwsCost {
  const lines = usageKinds.flatMap((kind) => {
    const quantity = quantities.get(kind) ?? 0n;
    if (quantity === 0n) return [];
    const { unit, priced } = usageKindFacts[kind];
    const microDollars = exactNumber(amountOf(quantity, awsPrices.nanoDollars[kind], priced.size * 1_000));
    return [{ kind, quantity: exactNumber(quantity), unit, microDollars }];
  });
  const { region, date } = awsPrices;
  return {
    ...{ currency, region, pricesOf: date, lines },
    microDollars: lines.reduce((sum, line) => sum + line.microDollars, 0),
  };
}
