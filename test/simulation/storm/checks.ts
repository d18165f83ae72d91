import { readAnalytics } from '../../../core/analytics/read-analytics.ts';
import { checkLinks } from '../../../core/audit/chain.ts';
import { listSealed, readHead } from '../../../core/audit/log-repository.ts';
import { budgetView, previewInvoice } from '../../../core/billing/billing-view.ts';
import { usageKinds } from '../../../core/billing/kinds.ts';
import { listPrices } from '../../../core/billing/rate-card.ts';
import { daySums } from '../../../core/billing/sums.ts';
import { listUsageOfDay, type UsageRecord } from '../../../core/billing/usage-record.ts';
import type { BuildRecord } from '../../../core/builds/build-record.ts';
import { buildKey, shardCount, sharingState } from '../../../core/builds/keys.ts';
import { isTerminal } from '../../../core/builds/lifecycle.ts';
import { artifactPlace } from '../../../core/builds/places.ts';
import { listArtifacts, listAttempts, listStages } from '../../../core/builds/stage-repository.ts';
import { isPublic } from '../../../core/events/catalogue.ts';
import { overdueEvents } from '../../../core/events/outbox.ts';
import { readLease, sumOf } from '../../../core/quota/lease.ts';
import { countOf, leasePlace, leasePrefix } from '../../../core/quota/places.ts';
import { asShown, workOf } from '../../../core/sharing/work-of.ts';
import { exactCost, type Fraction, nearest, plus } from '../../core/billing/billing-world.ts';
import type { Drawn, Storm } from './storm.ts';

type Check = (storm: Storm) => Promise<string[]> | string[];

/** Says, for each rule that must hold when all has come to rest, what breaks it. */
export async function checkAll(storm: Storm): Promise<string[]> {
  const found: string[] = [];
  for (const [name, check] of Object.entries(checks)) {
    for (const violation of await check(storm)) found.push(`${name}: ${violation}`);
  }
  return found;
}

const checks: Readonly<Record<string, Check>> = {
  'a build ends once': endsOnce,
  'a build ends as it should': endsRightly,
  'nothing runs past its build': ({ observer, engine }) => [
    ...observer.overrun(),
    ...(engine.tasks.size === 0 ? [] : [`${engine.tasks.size} builders run`]),
  ],
  'nothing is left open': leftOpen,
  'each stage is billed once': billedOnce,
  'sums are those of the records': sumsFit,
  'the invoice is the sum of the records': invoiceFits,
  'thresholds of a budget are told once': toldOnce,
  'events reach their endpoint, each under one name': delivered,
  'counters are what leases hold': leasesFit,
  'analytics count each build once': counted,
  'the audit log is whole': auditIsWhole,
  'what was made is there': madeIsThere,
};

const ends = ['build.succeeded', 'build.failed', 'build.cancelled'];

function endsOnce({ builds, observer }: Storm): string[] {
  return builds.flatMap((build) => {
    const { id, state } = asShown(build);
    const told = observer.events.filter(({ detail }) => detail.buildId === id).map(({ type }) => type);
    const ended = told.filter((type) => ends.includes(type));
    const wrong: string[] = [];
    if (!isTerminal(state)) wrong.push(`${id} is ${state}`);
    if (ended.join(' ') !== `build.${state}`)
      wrong.push(`${id} is ${state}, and told are ${ended.join(' ') || 'no end'}`);
    for (const type of ['build.submitted', 'build.queued', 'build.started'] as const) {
      const times = told.filter((one) => one === type).length;
      if (times > 1 || (state === 'succeeded' && times !== 1)) wrong.push(`${id} tells ${type} ${times} times`);
    }
    return wrong;
  });
}

/** Retries that a stage has for causes of a kind, by docs/builds.md; written down again, to be compared with. */
const allowed = { infrastructure: 3, lost: 1 };

function endsRightly({ builds, drawn, asked }: Storm): string[] {
  const byId = new Map(builds.map((build) => [build.id, build]));
  return builds.flatMap((build) => {
    const work = byId.get(workOf(build));
    const { state, failure, id } = asShown(build);
    if (state === 'cancelled') return asked.has(id) ? [] : [`${id} was cancelled, and nobody asked`];
    const fates = drawn.filter(({ buildId }) => buildId === work?.id);
    const reason = worst(fates);
    // A builder that hears nothing may take all the time that a stage has.
    if (failure?.code === 'step.timeout' && fates.some(({ deaf }) => deaf)) return [];
    if (state === 'succeeded') return reason === undefined ? [] : [`${id} succeeded in spite of ${reason}`];
    if (reason === undefined)
      return [`${id} is ${state} for no reason: ${failure?.code} ${failure?.reason.slice(0, 300)}`];
    return [];
  });
}

/** Why a build must have failed; undefined where it must not. */
function worst(fates: readonly Drawn[]): string | undefined {
  const times = (stage: string, fate: Drawn['fate']): number =>
    fates.filter((one) => one.stageId === stage && one.fate === fate).length;
  for (const stage of new Set(fates.map(({ stageId }) => stageId))) {
    if (times(stage, 'step') > 0) return `a step of ${stage}`;
    if (times(stage, 'infrastructure') > allowed.infrastructure) return `the infrastructure of ${stage}`;
    if (times(stage, 'lost') > allowed.lost) return `lost builders of ${stage}`;
  }
  return undefined;
}

async function leftOpen({ engine, builds }: Storm): Promise<string[]> {
  const { table } = engine;
  const left: string[] = [];
  const waiting = await overdueEvents(table, new Date(8.64e15));
  if (waiting.length > 0) left.push(`${waiting.length} events in the outbox: ${waiting[0]?.type}`);
  for (const { id, sharesWith, state, outcome } of builds) {
    const live = (await listAttempts(table, id)).filter(({ value }) => value.state === 'live');
    for (const { value } of live) left.push(`${id} ${value.stage} ${value.attempt} is live`);
    // What a cancellation stopped stays as it was, and is shown as cancelled (core/builds/build-view.ts).
    if (sharesWith !== undefined || state === 'cancelled' || outcome === 'cancelled') continue;
    const edges = await table.query({ partition: buildKey(id).partition, sortPrefix: 'EDGE#', limit: 10 });
    if (edges.records.length > 0) left.push(`${id} has edges`);
    for (const { value } of await listStages(table, id)) {
      const isOver = ['succeeded', 'failed', 'cancelled', 'skipped'].includes(value.state);
      if (!isOver) left.push(`${id} ${value.id} is ${value.state}`);
    }
  }
  for (const owner of ['installation', ...new Set(builds.map(({ tenantId }) => tenantId))]) {
    const running = await table.get({ partition: `RUNNING#${owner}`, sort: 'RUNNING' });
    const count = running?.counters.builds ?? 0;
    if (count !== 0) left.push(`${owner} counts ${count} running builds`);
  }
  for (let shard = 0; shard < shardCount; shard += 1) {
    const page = await table.query({ index: 'byState', partition: `STATE#${sharingState}#${shard}`, limit: 10 });
    if (page.records.length > 0) left.push(`${page.records.length} builds still share`);
  }
  return left;
}

async function recordsOf({ engine }: Storm, tenantId: string): Promise<UsageRecord[]> {
  const day = engine.clock.now().toISOString().slice(0, 10);
  const { records } = await listUsageOfDay(engine.table, tenantId, day, { limit: 1_000 });
  return [...records];
}

async function billedOnce(storm: Storm): Promise<string[]> {
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
      const nth = observer.tasks
        .filter((one) => one.buildId === build.id && one.stageId === value.stage)
        .indexOf(task as never);
      const fate = drawn.filter((one) => one.buildId === build.id && one.stageId === value.stage)[nth]?.fate;
      const payer = value.ending === 'infrastructure' ? 'service' : 'tenant';
      if (mine.some((one) => one.payer !== payer)) wrong.push(`${name} (${value.ending}) is billed to the wrong one`);
      if (fate === 'lost' && value.ending === 'infrastructure') wrong.push(`${name} was lost, and is the service's`);
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

const dayOf = ({ clock }: Storm['engine'], later: number): string =>
  new Date(clock.now().getTime() + later * 86_400_000).toISOString().slice(0, 10);

async function sumsFit(storm: Storm): Promise<string[]> {
  const { engine, tenants } = storm;
  const today = dayOf(engine, 0);
  const wrong: string[] = [];
  for (const tenantId of tenants) {
    const sums = new Map<string, number>();
    const add = (name: string, by: number) => sums.set(name, (sums.get(name) ?? 0) + by);
    for (const { payer, day, quantities } of await recordsOf(storm, tenantId)) {
      for (const [kind, quantity] of Object.entries(quantities)) add(`${day} ${payer} ${kind}`, quantity ?? 0);
    }
    for await (const { day, payer, kind, quantity } of daySums(engine.table, tenantId, {
      from: today,
      to: dayOf(engine, 1),
    })) {
      add(`${day} ${payer} ${kind}`, -quantity);
    }
    for (const [name, rest] of sums) if (rest !== 0) wrong.push(`${tenantId} ${name} is off by ${rest}`);
  }
  return wrong;
}

async function invoiceFits(storm: Storm): Promise<string[]> {
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

function delivered({ observer, receiver, addresses }: Storm): string[] {
  const wrong: string[] = [];
  const names = new Map<string, string>();
  for (const event of observer.events) {
    const url = addresses.get(event.tenantId);
    if (url === undefined || !isPublic(event.type)) continue;
    const came = receiver.received.filter((one) => one.url === url && eventIdOf(one.body) === event.id);
    if (!came.some(({ wasTaken }) => wasTaken)) wrong.push(`${event.type} ${event.id} did not arrive`);
    const ids = new Set(came.map(({ id }) => id));
    if (ids.size > 1) wrong.push(`${event.id} came under ${ids.size} names`);
    if (new Set(came.map(({ body }) => body)).size > 1) wrong.push(`${event.id} came with different bodies`);
    for (const id of ids) {
      const other = names.get(id);
      if (other !== undefined) wrong.push(`${event.id} and ${other} came under one name`);
      names.set(id, event.id);
    }
  }
  const known = new Set(observer.events.map(({ id }) => id));
  for (const { body, url } of receiver.received) {
    if (!known.has(eventIdOf(body))) wrong.push(`${eventIdOf(body)} came and was never told`);
    const event = observer.events.find(({ id }) => id === eventIdOf(body));
    if (event !== undefined && addresses.get(event.tenantId) !== url) wrong.push(`${event.id} came to another tenant`);
  }
  return wrong;
}

const eventIdOf = (body: string): string => String(Object(JSON.parse(body)).eventId);

async function leasesFit({ engine, tenants, builds }: Storm): Promise<string[]> {
  const wrong: string[] = [];
  for (const tenantId of tenants) {
    const { partition } = leasePlace(tenantId, '');
    const { records } = await engine.table.query({ partition, limit: 1_000 });
    const leases = records.filter(({ key }) => key.sort.startsWith(leasePrefix)).map(readLease);
    for (const { lease } of leases) if (lease.state !== 'settled') wrong.push(`${lease.buildId} is ${lease.state}`);
    const mine = builds.filter((build) => build.tenantId === tenantId);
    if (leases.length !== mine.length) wrong.push(`${leases.length} leases of ${mine.length} builds`);
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

async function counted({ engine, tenants, builds }: Storm): Promise<string[]> {
  const days = [engine.clock.now().toISOString().slice(0, 10)];
  const wrong: string[] = [];
  for (const tenantId of tenants) {
    const { all } = await readAnalytics(engine.table, tenantId, { days, groupBy: 'day' });
    const mine = builds.filter((build) => build.tenantId === tenantId);
    const shown: Readonly<Record<string, number>> = all.outcomes;
    for (const outcome of ['succeeded', 'failed', 'cancelled']) {
      const expected = mine.filter((build) => asShown(build).state === outcome).length;
      if ((shown[outcome] ?? 0) !== expected) wrong.push(`${shown[outcome] ?? 0} ${outcome} of ${expected}`);
    }
  }
  return wrong;
}

async function auditIsWhole({ engine, tenants, builds, asked }: Storm): Promise<string[]> {
  const wrong: string[] = [];
  for (const tenantId of tenants) {
    const head = await readHead(engine.table, tenantId);
    const page = await listSealed(engine.table, tenantId, { limit: 1_000 });
    const links = [...page.links].sort((a, b) => a.sequence - b.sequence);
    const chained = checkLinks(links);
    if ('flaw' in chained) wrong.push(`${tenantId}: ${JSON.stringify(chained.flaw)}`);
    if (head.sequence !== links.length) wrong.push(`${links.length} entries, and the head is at ${head.sequence}`);
    const ids = links.map(({ entry }) => entry.entryId);
    if (new Set(ids).size !== ids.length) wrong.push('an entry is sealed twice');
    const submitted = links.filter(({ entry }) => entry.action === 'build.submitted').length;
    const mine = builds.filter((build) => build.tenantId === tenantId);
    if (submitted !== mine.length) wrong.push(`${submitted} submissions of ${mine.length} are sealed`);
    for (const build of mine) {
      const times = links.filter(
        ({ entry }) => entry.action === 'build.cancel_requested' && entry.target === build.id,
      ).length;
      if (times > 1) wrong.push(`${build.id}: ${times} requests to cancel`);
      if (times === 1 && !asked.has(build.id)) wrong.push(`${build.id}: nobody asked`);
    }
  }
  return wrong;
}

async function madeIsThere({ engine, builds }: Storm): Promise<string[]> {
  const wrong: string[] = [];
  for (const build of builds) {
    const { id, state, tenantId } = asShown(build as BuildRecord);
    if (state !== 'succeeded') continue;
    const artifacts = await listArtifacts(engine.table, workOf(build));
    if (artifacts.length === 0) wrong.push(`${id} has no artifact`);
    for (const { sha256 } of artifacts) {
      const stored = await engine.blobs.head(artifactPlace(tenantId, sha256));
      if (stored === undefined) wrong.push(`${id} has lost ${sha256.slice(0, 8)}`);
    }
  }
  return wrong;
}
