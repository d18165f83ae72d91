/**
 * What is measured of what a tenant uses. Quantities are integers in `unit`, so that sums of them are exact; units are so
 * large that a double holds the month of a tenant with 100,000 builders, or with 200 PiB stored.
 */
export const usageKinds = [
  'builder.vcpu',
  'builder.memory',
  'builder.disk',
  'builder.time',
  'builder.attempts',
  'storage.artifacts',
  'storage.uploads',
  'egress.authorised',
  'api.calls',
  'approvals',
] as const;
export type UsageKind = (typeof usageKinds)[number];

export interface UsageKindFacts {
  readonly what: string;
  /** Of what is stored and summed. */
  readonly unit: string;
  /** What people read: so many of `unit` are one of it. */
  readonly shown: { readonly unit: string; readonly size: number };
  /** What a price is for: so many of `unit` are one of it. A month is 30 days, a GiB 2^30 bytes. */
  readonly priced: { readonly unit: string; readonly size: number };
}

const GiB = 1024 ** 3;
const hour = 3_600_000;

/** Disk that each builder has beside what is counted: what Fargate gives with a task, GiB. */
export const includedDiskGiB = 20;

export const usageKindFacts: Readonly<Record<UsageKind, UsageKindFacts>> = {
  'builder.vcpu': {
    what: 'processors of builders',
    unit: 'vCPU-ms',
    shown: { unit: 'vCPU-seconds', size: 1_000 },
    priced: { unit: 'vCPU-hour', size: hour },
  },
  'builder.memory': {
    what: 'memory of builders',
    unit: 'GiB-ms',
    shown: { unit: 'GiB-seconds', size: 1_000 },
    priced: { unit: 'GiB-hour', size: hour },
  },
  'builder.disk': {
    what: `disk of builders beyond ${includedDiskGiB} GiB each`,
    unit: 'GiB-ms',
    shown: { unit: 'GiB-seconds', size: 1_000 },
    priced: { unit: 'GiB-hour', size: hour },
  },
  'builder.time': {
    what: 'time of builders, those side by side each',
    unit: 'ms',
    shown: { unit: 'seconds', size: 1_000 },
    priced: { unit: 'minute', size: 60_000 },
  },
  'builder.attempts': {
    what: 'builders that were begun',
    unit: 'attempts',
    shown: { unit: 'attempts', size: 1 },
    priced: { unit: 'attempt', size: 1 },
  },
  'storage.artifacts': {
    what: 'artifacts that are stored, a sample a day',
    unit: 'KiB-days',
    shown: { unit: 'GiB-days', size: GiB / 1_024 },
    priced: { unit: 'GiB-month', size: (30 * GiB) / 1_024 },
  },
  'storage.uploads': {
    what: 'uploads that are stored, a sample a day',
    unit: 'KiB-days',
    shown: { unit: 'GiB-days', size: GiB / 1_024 },
    priced: { unit: 'GiB-month', size: (30 * GiB) / 1_024 },
  },
  'egress.authorised': {
    what: 'downloads that were authorised, whether or not all of their bytes were fetched',
    unit: 'KiB',
    shown: { unit: 'GiB', size: GiB / 1_024 },
    priced: { unit: 'GiB', size: GiB / 1_024 },
  },
  'api.calls': {
    what: 'calls of the API',
    unit: 'calls',
    shown: { unit: 'calls', size: 1 },
    priced: { unit: '1,000 calls', size: 1_000 },
  },
  approvals: {
    what: 'approvals and rejections that people gave',
    unit: 'decisions',
    shown: { unit: 'decisions', size: 1 },
    priced: { unit: 'decision', size: 1 },
  },
};

/** Who pays: the tenant, or the service itself for what its infrastructure took back and what it builds ahead. */
export const payers = ['tenant', 'service'] as const;
export type Payer = (typeof payers)[number];

/** How much of each kind. */
export type Quantities = Readonly<Partial<Record<UsageKind, number>>>;
