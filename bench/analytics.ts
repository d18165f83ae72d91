import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openSqliteTable } from '../adapters/sqlite/sqlite-table.ts';
import { createSystemClock } from '../adapters/system/clock.ts';
import { daysBetween, type Figures, readAnalytics } from '../core/analytics/read-analytics.ts';
import { attemptUsagePlace, rateCardPlace } from '../core/billing/places.ts';
import type { RateVersion } from '../core/billing/rate-card.ts';
import { type UsageRecord, usageWrites } from '../core/billing/usage-record.ts';
import type { BuildRecord } from '../core/builds/build-record.ts';
import { buildWrite } from '../core/builds/build-repository.ts';
import { eventEnvelope } from '../core/events/envelope.ts';
import { toJsonObject } from '../core/json.ts';
import type { TableWrite } from '../core/ports/table.ts';
import { handle } from '../functions/events/roll-up-analytics/roll-up-analytics.ts';
import { Random } from './simulation/random.ts';

/**
 * `npm run bench:analytics`: a month of a million builds of one tenant whose ends are told as the bus does, one in twenty
 * twice, through the function that hears of them, over SQLite in a file. What the rollups say is compared with a recount
 * that holds every duration. Ends with exit code 1 where they differ.
 */
const { values } = parseArgs({
  options: { builds: { type: 'string', default: '1000000' }, seed: { type: 'string', default: '1' } },
});
const builds = Number(values.builds);
const numbers = new Random(Number(values.seed));
const random = () => numbers.next();
const month = Date.parse('2026-11-01T00:00:00Z');
const monthMilliseconds = 30 * 86_400_000;
const tenantId = 'ten_1';
/** Builds between two ticks of the schedule: a busy minute. */
const perTick = 2_000;

const clock = createSystemClock();
const folder = mkdtempSync(join(tmpdir(), 'lbuild-bench-analytics-'));
const table = openSqliteTable({ file: join(folder, 'table.db'), clock });
const tick = { source: 'aws.events', 'detail-type': 'Scheduled Event' };
const states = ['succeeded', 'succeeded', 'succeeded', 'failed', 'cancelled'] as const;
const codes = ['step.failed', 'builder.lost', 'archive.changed'];
const releases = ['trixie', 'bookworm', 'sid'];

/** Counts and every duration, by day and by template: what rollups do without. */
interface Recounted {
  builds: number;
  microDollars: number;
  failed: number;
  readonly totals: number[];
}
const recount = { day: new Map<string, Recounted>(), template: new Map<string, Recounted>() };

function add(groups: Map<string, Recounted>, group: string, build: BuildRecord, microDollars: number): void {
  const found = groups.get(group) ?? { builds: 0, failed: 0, microDollars: 0, totals: [] };
  found.builds += 1;
  found.microDollars += microDollars;
  if (build.state === 'failed') found.failed += 1;
  found.totals.push(Date.parse(build.endedAt ?? '') - Date.parse(build.submittedAt));
  groups.set(group, found);
}

function madeBuild(number: number): BuildRecord {
  const pick = <Value>(from: readonly [Value, ...Value[]] | readonly Value[]): Value =>
    from[Math.floor(random() * from.length)] as Value;
  const submitted = month + Math.floor((number / builds) * (monthMilliseconds - 7_200_000));
  const at = (milliseconds: number) => new Date(submitted + milliseconds).toISOString();
  const wait = Math.floor(20_000 * random() ** 3 * 30);
  const run = Math.floor(30_000 + 3_000_000 * random() ** 6);
  const state = pick(states);
  return {
    ...{ id: `bld_${String(number).padStart(8, '0')}`, tenantId, keyId: 'key', name: 'edge', state },
    ...{ specDigest: '0'.repeat(64), submittedAt: at(0), plannedAt: at(900), startedAt: at(900 + wait) },
    endedAt: at(900 + wait + run),
    base: { distribution: 'debian', release: pick(releases), architecture: 'amd64' },
    template: { id: `tpl_${Math.floor(40 * random() ** 2)}`, version: 1 },
    ...(random() < 0.5 ? { teamId: `team_${Math.floor(8 * random())}` } : {}),
    ...(state === 'failed' ? { failure: { code: pick(codes), reason: 'made', logTail: [] } } : {}),
  };
}

/** What a builder of a build used: the record alone, as the sums of days are not what is read here. */
function usedMinutes(build: BuildRecord, minutes: number): TableWrite[] {
  const day = build.submittedAt.slice(0, 10);
  const quantities = { 'builder.vcpu': minutes * 60_000 };
  const record: UsageRecord = {
    ...{ tenantId, payer: 'tenant', day, buildId: build.id, stage: 'base', attempt: 1 },
    ...{ recordedAt: build.submittedAt, quantities },
  };
  return minutes === 0 ? [] : usageWrites(attemptUsagePlace(build.id, 'base', 1, day), record).slice(0, 1);
}

let largest = 0;
const ports = { table, clock };
const pricePerMinute = 1_000;
const prices = { 'builder.vcpu': 60 * pricePerMinute };
const rates: RateVersion = { from: '2026-01-01', name: 'made', prices };
await table.transact([{ kind: 'put', key: rateCardPlace, data: toJsonObject({ versions: [rates] }) }]);
const began = performance.now();
const spent = { take: 0, fold: 0 };
for (let number = 0; number < builds; number += 1) {
  const build = madeBuild(number);
  const minutes = Math.floor(30 * random());
  // Tenths of a cent a minute and processor, so that no amount is rounded.
  const microDollars = minutes * pricePerMinute;
  add(recount.day, (build.endedAt ?? '').slice(0, 10), build, microDollars);
  add(recount.template, build.template?.id ?? '', build, microDollars);
  await table.transact([buildWrite(build, 'absent'), ...usedMinutes(build, minutes)]);
  const told = eventEnvelope({
    ...{ id: `evt_${build.id}`, type: 'build.succeeded', version: 1, tenantId, at: build.endedAt ?? '' },
    detail: { buildId: build.id },
  });
  const from = performance.now();
  await handle(ports, told);
  if (random() < 0.05) await handle(ports, told);
  spent.take += performance.now() - from;
  if (number % perTick === perTick - 1) {
    await fold();
    largest = Math.max(largest, process.memoryUsage().heapUsed - held());
  }
}
await fold();

async function fold(): Promise<void> {
  const from = performance.now();
  await handle(ports, tick);
  spent.fold += performance.now() - from;
}

/** Bytes that the recount itself holds: a number for each build, twice. */
function held(): number {
  let kept = 0;
  for (const groups of Object.values(recount)) for (const { totals } of groups.values()) kept += totals.length;
  return kept * 8;
}

const days = daysBetween('2026-11-01', '2026-12-01');
const asked = performance.now();
const byDay = await readAnalytics(table, tenantId, { days, groupBy: 'day' });
const answered = performance.now() - asked;
const byTemplate = await readAnalytics(table, tenantId, { days, groupBy: 'template' });
const wrong = [...differences(recount.day, byDay.groups), ...differences(recount.template, byTemplate.groups)];
if (byDay.all.builds !== builds) wrong.push(`${byDay.all.builds} builds in all`);
const seconds = (milliseconds: number) => (milliseconds / 1_000).toFixed(1);
console.log(`${builds} builds, seed ${values.seed}: ${seconds(performance.now() - began)} s in all`);
console.log(`told: ${seconds(spent.take)} s (${Math.round(builds / (spent.take / 1_000))} builds/s)`);
console.log(`folded: ${seconds(spent.fold)} s (${Math.round(builds / (spent.fold / 1_000))} builds/s)`);
console.log(`a month by day is answered in ${answered.toFixed(0)} ms`);
console.log(`most memory of the heap beside the recount's own numbers: ${Math.round(largest / 1_048_576)} MiB`);
console.log(
  `table: ${Math.round(statSync(join(folder, 'table.db')).size / 1_048_576)} MiB, the builds themselves among it`,
);
console.log(wrong.length === 0 ? 'the rollups say what the recount says' : `WRONG: ${wrong.slice(0, 10).join('; ')}`);
if (wrong.length > 0) process.exitCode = 1;
table.close();
rmSync(folder, { recursive: true, force: true });

/** Where counts or means differ at all, or a percentile by more than the 5 per cent that it may. */
function differences(
  expected: ReadonlyMap<string, Recounted>,
  found: readonly { readonly group: string; readonly figures: Figures }[],
): string[] {
  if (found.length !== expected.size) return [`${found.length} groups, not ${expected.size}`];
  return found.flatMap(({ group, figures }) => {
    const right = expected.get(group);
    if (right === undefined) return [`${group} should not be there`];
    const sorted = right.totals.toSorted((a, b) => a - b);
    const mean = Math.round(sorted.reduce((sum, value) => sum + value, 0) / sorted.length) / 1_000;
    const exact = (share: number) => (sorted[Math.ceil(share * sorted.length) - 1] ?? 0) / 1_000;
    const { totalSeconds, builds: counted, outcomes, microDollars } = figures;
    const near = (value: number, share: number) => Math.abs(value - exact(share)) <= 0.05 * exact(share);
    const same =
      counted === right.builds &&
      outcomes.failed === right.failed &&
      microDollars === right.microDollars &&
      totalSeconds !== null &&
      totalSeconds.mean === mean &&
      near(totalSeconds.p50, 0.5) &&
      near(totalSeconds.p90, 0.9) &&
      near(totalSeconds.p99, 0.99);
    return same
      ? []
      : [`${group}: ${JSON.stringify({ found: { counted, totalSeconds, microDollars }, mean, p50: exact(0.5) })}`];
  });
}
