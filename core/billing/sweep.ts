import { z } from 'zod';
import type { AttemptRecord } from '../builds/build-record.ts';
import { findBuild, type Versioned } from '../builds/build-repository.ts';
import { liveAttemptsPartitions, readLiveAttempt } from '../builds/stage-repository.ts';
import { toJsonObject } from '../json.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { ConditionFailed, type Table } from '../ports/table.ts';
import { listTenants } from '../tenancy/tenant.ts';
import { endAttemptWrites } from './attempt-usage.ts';
import { tellBudgets } from './budget-watch.ts';
import { closeInvoices } from './close-invoices.ts';
import { billingSweepPlace } from './places.ts';
import { sampleStorage } from './storage-sample.ts';

export interface BillingSweepPorts {
  readonly table: Table;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** Tenants that one run looks at: of a five-minute schedule 28,800 a day. */
const tenantsAtOnce = 100;

/** Milliseconds from the begin of one lap over all tenants to that of the next, at the least. */
const lapMilliseconds = 3_600_000;

/** Milliseconds after its build's end that a live attempt is left alone: what ended the build ends it. */
const grace = 600_000;

const pageSize = 500;

const tickSchema = z.strictObject({ cursor: z.string().exactOptional(), lapAt: z.iso.datetime().exactOptional() });

export interface BillingSwept {
  /** Attempts whose builds had ended long before. */
  readonly ended: number;
  readonly sampled: number;
  readonly invoices: number;
  /** Events of budgets. */
  readonly told: number;
}

/**
 * Does what no event does, and what lost ones left undone: ends attempts that outlived their builds, with what they used; then, for
 * the tenants whose turn it is, the day's sample of what they store, the invoices of months that are over, and their
 * budgets. All of it may be repeated, cut short, and done by two at once.
 * @throws AggregateError of what went wrong with single attempts and tenants, when all else is done
 */
export async function sweepBilling(ports: BillingSweepPorts): Promise<BillingSwept> {
  const failures: unknown[] = [];
  const ended = await endForgotten(ports, failures);
  const swept = { ended, sampled: 0, invoices: 0, told: 0 };
  for (let looked = 0; looked < tenantsAtOnce; looked += 1) {
    const turn = await nextTurn(ports, looked === 0);
    if (turn === undefined) break;
    for (const { tenantId } of turn.tenants) {
      // One that fails keeps the next from nothing: budgets are told also where an invoice cannot be closed.
      const tried = async (work: Promise<number>): Promise<number> =>
        work.catch((error: unknown) => {
          failures.push(error);
          return 0;
        });
      swept.sampled += await tried(sampleStorage(ports, tenantId).then(Number));
      swept.invoices += await tried(closeInvoices(ports, tenantId));
      swept.told += await tried(tellBudgets(ports, tenantId));
    }
  }
  if (failures.length > 0)
    throw new AggregateError(failures, `${failures.length} attempt(s) and tenant(s) could not be billed.`);
  return swept;
}

/**
 * The tenant whose turn it is, none where a lap is over. That it had its turn is written before it is looked at: one
 * whose work takes longer than the function may run holds up nobody, and has its next turn in the next lap.
 * @param first whether a lap may begin
 */
async function nextTurn({ table, clock }: BillingSweepPorts, first: boolean) {
  const now = clock.now();
  const { cursor, lapAt } = tickSchema.parse((await table.get(billingSweepPlace))?.data ?? {});
  if (cursor === undefined) {
    const isResting = lapAt !== undefined && now.getTime() < Date.parse(lapAt) + lapMilliseconds;
    if (!first || isResting) return undefined;
  }
  const page = await listTenants(table, { limit: 1, ...(cursor === undefined ? {} : { cursor }) });
  const began = cursor === undefined || lapAt === undefined ? now.toISOString() : lapAt;
  const tick = { lapAt: began, ...(page.cursor === undefined ? {} : { cursor: page.cursor }) };
  await table.transact([{ kind: 'put', key: billingSweepPlace, data: toJsonObject(tick) }]);
  return page;
}

/** @param failures takes what went wrong with single attempts: the others end none the less */
async function endForgotten(ports: BillingSweepPorts, failures: unknown[]): Promise<number> {
  const before = ports.clock.now().getTime() - grace;
  let ended = 0;
  for (const partition of liveAttemptsPartitions) {
    let cursor: string | undefined;
    do {
      const page = await ports.table.query({
        ...{ index: 'byState', partition, limit: pageSize },
        ...(cursor === undefined ? {} : { cursor }),
      });
      for (const record of page.records) {
        try {
          const { buildId, attempt } = readLiveAttempt(record);
          if (Date.parse(attempt.value.preparedAt) > before) continue;
          if (await endForgottenOne(ports, buildId, attempt, before)) ended += 1;
        } catch (error) {
          failures.push(error);
        }
      }
      cursor = page.cursor;
    } while (cursor !== undefined);
  }
  return ended;
}

/** Ends an attempt with its build, where that has ended. It used what it used until then. */
async function endForgottenOne(
  { table }: BillingSweepPorts,
  buildId: string,
  attempt: Versioned<AttemptRecord>,
  before: number,
): Promise<boolean> {
  const build = (await findBuild(table, buildId))?.value;
  if (build?.endedAt === undefined || Date.parse(build.endedAt) > before || attempt.value.state === 'ended')
    return false;
  try {
    await table.transact(endAttemptWrites(build, attempt, { endedAt: build.endedAt, ending: 'stopped' }));
    return true;
  } catch (error) {
    // The index was behind, or somebody else was faster.
    if (!(error instanceof ConditionFailed)) throw error;
    return false;
  }
}
