import { readAnalytics } from '../../../core/analytics/read-analytics.ts';
import { budgetView, previewInvoice } from '../../../core/billing/billing-view.ts';
import { buildCost } from '../../../core/billing/build-cost.ts';
import { usageKinds } from '../../../core/billing/kinds.ts';
import { listPrices } from '../../../core/billing/rate-card.ts';
import { readRateCard } from '../../../core/billing/rate-repository.ts';
import { daySums } from '../../../core/billing/sums.ts';
import { listUsageOfDay, type UsageRecord } from '../../../core/billing/usage-record.ts';
import { listAttempts } from '../../../core/builds/stage-repository.ts';
import { readLease, sumOf } from '../../../core/quota/lease.ts';
import { countOf, leasePlace, leasePrefix } from '../../../core/quota/places.ts';
import { asShown } from '../../../core/sharing/work-of.ts';
import { exactCost, type Fraction, nearest, plus } from '../../core/billing/billing-world.ts';
import type { Drawn, Storm } from './state.ts';

const dayMilliseconds = 86_400_000;
const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 10);

/** The days that a storm reached: a receiver that is away for long has it go on into the next one. */
function daysOf({ engine: { clock } }: Storm): string[] {
  const [from, to] = [clock.now().getTime() - clock.elapsed, clock.now().getTime()];
  const days = Math.floor(to / dayMilliseconds) - Math.floor(from / dayMilliseconds) + 1;
  return Array.from({ length: days }, (_, at) => dayOf(from + at * dayMilliseconds));
}

async function recordsOf(storm: Storm, tenantId: string): Promise<UsageRecord[]> {
  const { table } = storm.engine;
  const pages = await Promise.all(daysOf(storm).map((day) => listUsageOfDay(table, tenantId, day, { limit: 1_000 })));
  return pages.flatMap(({ records }) => [...records]);
}

/** How an attempt may end whose builder was told to end, or came to its end. */
const heard = ['reported', 'stopped', 'timeout'];
/** Where the engine stopped its task: whoever sees that before its build's end knows no more than that it went. */
const stopped = [...heard, 'lost'];
/** How it may end where its builder went, by what was drawn of it; one that hears nothing may be given up before. */
const gone: Readonly<Record<Drawn['fate'], readonly string[]>> = {
  ...{ sound: [], step: [] },
  infrastructure: ['infrastructure'],
  lost: ['lost', 'stopped', 'timeout'],
};

export async function billedOnce(storm: Storm): Promise<string[]> {
  const { engine, builds, observer, drawn, tenants } = storm;
  const records = (await Promise.all(tenants.map((tenantId) => recordsOf(storm, tenantId)))).flat();
  const wrong: string[] = [];
  for (const build of builds) {
    const attempts = (await listAttempts(engine.table, build.id)).map(({ value }) => value);
    for (const { stage, attempt, preparedAt } of attempts) {
      const before = attempts.find((one) => one.stage === stage && one.attempt === attempt - 1);
      const overlaps = before !== undefined && (before.endedAt ?? '9') > preparedAt;
      if (overlaps)
        wrong.push(`${build.id} ${stage}: attempts ${attempt - 1} and ${attempt} are billed at the same time`);
    }
    for (const value of attempts) {
      const name = `${build.id} ${value.stage} ${value.attempt}`;
      const mine = records.filter(
        (one) => one.buildId === build.id && one.stage === value.stage && one.attempt === value.attempt,
      );
      const time = Math.max(0, Date.parse(value.endedAt ?? '') - Date.parse(value.preparedAt));
      const begun = mine.reduce((sum, { quantities }) => sum + (quantities['builder.attempts'] ?? 0), 0);
      const billed = mine.reduce((sum, { quantities }) => sum + (quantities['builder.time'] ?? 0), 0);
      if (begun !== 1) wrong.push(`${name} is billed ${begun} times`);
      if (billed !== time) wrong.push(`${name} is billed ${billed} ms of ${time}`);
      const task = observer.tasks.find(
        (one) => one.buildId === build.id && one.stageId === value.stage && one.attempt === value.attempt,
      );
      // From when it was prepared to when its end was seen: what its builder took, and what the engine took beside.
      const ran = task === undefined ? 0 : (task.to ?? 0) - task.from;
      const isCut = value.ending === 'stopped' || value.ending === 'timeout';
      if (task !== undefined && !isCut && time < ran) wrong.push(`${name} ran ${ran} ms and is billed ${time}`);
      const { fate, deaf = false } =
        drawn.find((one) => one.buildId === build.id && one.stageId === value.stage && one.attempt === value.attempt) ??
        {};
      // Of one that nobody saw run there is the engine's own word alone. One that was taken back may have been told to end
      // before, or its end was seen with that of its build first.
      const isTakenBack = fate === 'infrastructure' && task?.end === 'gone';
      const isStopped = build.endedAt !== undefined && (value.endedAt ?? '') >= build.endedAt;
      const isUnclear = fate === undefined || (isTakenBack && isStopped);
      const isService = isUnclear ? value.ending === 'infrastructure' : isTakenBack;
      const payer = isService ? 'service' : 'tenant';
      if (mine.some((one) => one.payer !== payer)) {
        wrong.push(`${name} (drawn ${fate}, ended ${value.ending}) is not billed to the ${payer}`);
      }
      // One that hears nothing goes when it asks for something after its time is over.
      const went = deaf ? [...gone[fate ?? 'sound'], ...heard] : gone[fate ?? 'sound'];
      const known = task?.end === 'gone' ? went : task?.end === 'stopped' ? stopped : heard;
      if (!isUnclear && !known.includes(value.ending ?? ''))
        wrong.push(`${name} was ${fate}, and ended ${value.ending}`);
    }
  }
  for (const task of observer.tasks) {
    const known = records.some(
      (one) => one.buildId === task.buildId && one.stage === task.stageId && one.attempt === task.attempt,
    );
    if (!known) wrong.push(`${task.buildId} ${task.stageId} ${task.attempt} ran and is not billed`);
  }
  return wrong;
}

export async function sumsFit(storm: Storm): Promise<string[]> {
  const { engine, tenants } = storm;
  const [from = ''] = daysOf(storm);
  const to = dayOf(engine.clock.now().getTime() + dayMilliseconds);
  const wrong: string[] = [];
  for (const tenantId of tenants) {
    const sums = new Map<string, number>();
    const add = (name: string, by: number) => sums.set(name, (sums.get(name) ?? 0) + by);
    for (const { payer, day, quantities } of await recordsOf(storm, tenantId)) {
      for (const [kind, quantity] of Object.entries(quantities)) add(`${day} ${payer} ${kind}`, quantity ?? 0);
    }
    for await (const { day, payer, kind, quantity } of daySums(engine.table, tenantId, { from, to })) {
      add(`${day} ${payer} ${kind}`, -quantity);
    }
    for (const [name, rest] of sums) if (rest !== 0) wrong.push(`${tenantId} ${name} is off by ${rest}`);
  }
  return wrong;
}

export async function invoiceFits(storm: Storm): Promise<string[]> {
  const { engine, tenants } = storm;
  const wrong: string[] = [];
  for (const tenantId of tenants) {
    const costs = new Map<string, Fraction>();
    for (const { payer, quantities } of await recordsOf(storm, tenantId)) {
      if (payer === 'service') continue;
      for (const kind of usageKinds) {
        const cost = exactCost(kind, quantities[kind] ?? 0, listPrices.prices[kind] ?? 0);
        costs.set(kind, plus(costs.get(kind) ?? { numerator: 0n, denominator: 1n }, cost));
      }
    }
    const expected = [...costs.values()].reduce((sum, cost) => sum + nearest(cost), 0n);
    const { microDollars } = await previewInvoice(engine.ports, tenantId);
    if (BigInt(microDollars) !== expected) wrong.push(`${tenantId} pays ${microDollars} for ${expected}`);
  }
  return wrong;
}

/**
 * What is used after the last event of a build is told by the sweep of each hour; a tenant whose turn is cut short has the
 * next one.
 */
export async function toldInTime(storm: Storm): Promise<string[]> {
  let wrong = await toldOnce(storm);
  for (let hour = 0; hour < 4 && wrong.length > 0; hour += 1) {
    await storm.engine.pass(66 * 60_000);
    wrong = await toldOnce(storm);
  }
  return wrong;
}

async function toldOnce({ engine, tenants, observer }: Storm): Promise<string[]> {
  const wrong: string[] = [];
  for (const tenantId of tenants) {
    const { reached } = await budgetView(engine.ports, { tenantId });
    const told = observer.events.flatMap(({ type, tenantId: of, detail }) =>
      of === tenantId && type.startsWith('budget.') ? [Number(detail.threshold)] : [],
    );
    const [is, must] = [told, reached].map((all) => [...all].sort((a, b) => a - b).join(' '));
    if (is !== must) wrong.push(`${tenantId} is told of ${is || 'none'} of ${must || 'none'}`);
  }
  return wrong;
}

/** Failures of a storm that are not their tenant's, by docs/quotas.md; written down again, to be compared with. */
const servicesFault = new Set(['builder.infrastructure']);

export async function leasesFit({ engine, tenants, builds }: Storm): Promise<string[]> {
  const wrong: string[] = [];
  for (const tenantId of tenants) {
    const { partition } = leasePlace(tenantId, '');
    const { records } = await engine.table.query({ partition, limit: 1_000 });
    const leases = records.filter(({ key }) => key.sort.startsWith(leasePrefix)).map(readLease);
    for (const { lease } of leases) if (lease.state !== 'settled') wrong.push(`${lease.buildId} is ${lease.state}`);
    const mine = builds.filter((build) => build.tenantId === tenantId);
    // One that holds nothing, of a failure that is the service's, is swept away.
    const held = new Set(leases.map(({ lease }) => lease.buildId));
    const without = mine.filter(
      (build) => !held.has(build.id) && !servicesFault.has(asShown(build).failure?.code ?? ''),
    );
    for (const { id, state } of without) wrong.push(`${id} is ${state} and has no lease`);
    const sums = sumOf(leases.flatMap(({ lease }) => lease.shares));
    for (const { key, counters } of records) {
      const counter = countOf(key);
      if (counter === undefined) continue;
      const name = `${counter.quota}#${counter.period}`;
      const held = sums.get(name)?.amount ?? 0;
      if (held !== (counters.used ?? 0)) wrong.push(`${name} counts ${counters.used}, and leases hold ${held}`);
      sums.delete(name);
    }
    for (const name of sums.keys()) wrong.push(`${name} is not counted`);
    const images = records.filter(({ key }) => countOf(key)?.quota === 'images');
    const used = images.reduce((sum, { counters }) => sum + (counters.used ?? 0), 0);
    const expected = mine.filter((build) => asShown(build).state === 'succeeded').length;
    if (used !== expected) wrong.push(`${used} images are counted of ${expected}`);
  }
  return wrong;
}

export async function counted(storm: Storm): Promise<string[]> {
  const { engine, tenants, builds } = storm;
  const days = daysOf(storm);
  const wrong: string[] = [];
  const card = await readRateCard(engine.table);
  for (const tenantId of tenants) {
    const { all } = await readAnalytics(engine.table, tenantId, { days, groupBy: 'day' });
    const mine = builds.filter((build) => build.tenantId === tenantId);
    const costs = await Promise.all(mine.map((build) => buildCost(engine.table, build, card)));
    const cost = costs.reduce((sum, { microDollars }) => sum + microDollars, 0);
    if (all.microDollars !== cost) wrong.push(`${all.microDollars} micro-dollars of ${cost}`);
    const shown: Readonly<Record<string, number>> = all.outcomes;
    for (const outcome of ['succeeded', 'failed', 'cancelled']) {
      const expected = mine.filter((build) => asShown(build).state === outcome).length;
      if ((shown[outcome] ?? 0) !== expected) wrong.push(`${shown[outcome] ?? 0} ${outcome} of ${expected}`);
    }
  }
  return wrong;
}
