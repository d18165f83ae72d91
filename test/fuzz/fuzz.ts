import { setTimeout as sleep } from 'node:timers/promises';
import { mix, Random } from '../../bench/simulation/random.ts';
import { type DescribedOperation, describedOperations } from './described-operations.ts';
import { type EngineUnderFuzz, openEngineUnderFuzz, type TenantUnderFuzz } from './engine-under-fuzz.ts';
import { firstRequests } from './first-requests.ts';
import { type Ask, askFirst, plain } from './first-round.ts';
import { type FuzzAnswer, judge } from './judge.ts';
import { Pool } from './pool.ts';
import { type FuzzRequest, makeRequest, resourceBefore } from './requests.ts';
import { type Json, json } from './values.ts';

/** Something that an answer may not be, with what asked for it. */
export interface Finding {
  readonly complaint: string;
  readonly operation: string;
  readonly number: number;
  readonly request: string;
  readonly answer: string;
  readonly cause?: unknown;
}

export interface FuzzReport {
  readonly requests: number;
  readonly seconds: number;
  readonly findings: readonly Finding[];
  /** Answers by status. */
  readonly statuses: ReadonlyMap<number, number>;
  /** Operations by id, with how often they went well. */
  readonly successes: ReadonlyMap<string, number>;
  /** Requests that the document's schemas refuse. */
  readonly refused: number;
}

/** Requests that one tenant is asked, before a new one comes: what it holds, and what is set in it, does not pile up. */
const requestsOfTenant = 320;

/** Fewest milliseconds that one request may wait: no answer after that is a finding of its own. */
const patience = 30_000;

/**
 * Asks the engine what its OpenAPI document says may be asked, and what it says may not, one request after the other.
 * The same seed derives the same requests, but for ids, which are those of the run.
 */
export async function fuzz(options: {
  readonly seed: number;
  readonly requests: number;
  /** Told of each finding as it comes. */
  readonly onFinding?: (finding: Finding) => void;
}): Promise<FuzzReport> {
  const operations = describedOperations();
  const began = Date.now();
  const findings: Finding[] = [];
  const statuses = new Map<number, number>();
  const successes = new Map<string, number>();
  let refused = 0;
  let sent = 0;
  const engine = await openEngineUnderFuzz();
  const ask = async (request: FuzzRequest): Promise<FuzzAnswer> => {
    const causesBefore = engine.causes.length;
    const answer = await withPatience(engine.send(request));
    sent += 1;
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    if (answer.status < 400) successes.set(request.operation.id, (successes.get(request.operation.id) ?? 0) + 1);
    if (request.refused !== undefined) refused += 1;
    for (const complaint of judge(request, answer)) {
      const finding = { complaint, number: sent, ...shown(request, answer), cause: engine.causes[causesBefore] };
      findings.push(finding);
      options.onFinding?.(finding);
    }
    return answer;
  };
  try {
    for (let round = 0; sent < options.requests; round += 1) {
      const random = new Random(mix(options.seed, round));
      const left = options.requests - sent;
      // No tenant comes for so few that they make not even what there can be.
      const most = left < 1.5 * requestsOfTenant ? left : requestsOfTenant;
      await fuzzTenant(engine, { operations, random, most, ask, name: `fuzzed ${round}` });
    }
  } finally {
    await engine.close();
  }
  return { requests: sent, seconds: (Date.now() - began) / 1_000, findings, statuses, successes, refused };
}

interface Round {
  readonly operations: readonly DescribedOperation[];
  readonly random: Random;
  readonly most: number;
  readonly name: string;
  readonly ask: Ask;
}

/** Gives a tenant of its own what there can be, and then asks of it at random. */
async function fuzzTenant(engine: EngineUnderFuzz, { operations, random, most, name, ask }: Round): Promise<void> {
  const tenant = await engine.tenant(name);
  const pool = new Pool(tenant.kept);
  pool.learn({ tenantId: tenant.tenantId }, 'tenants');
  const good = new Map<string, Json[]>();
  const learn = (request: FuzzRequest, answer: FuzzAnswer): void => {
    if (answer.status >= 300 || !(answer.headers['content-type'] ?? '').startsWith('application/json')) return;
    const body: unknown = JSON.parse(answer.body);
    const { path, parameters } = request.operation;
    pool.learn(body, resourceBefore(path));
    for (const [name, value] of Object.entries(request.pathValues ?? {})) {
      if (parameters.length > 0) pool.learn(value, resourceBefore(path, name), name);
    }
    if (request.operation.id === 'readBuildLock') good.set('uploadLock', [json(body)]);
    if (request.sent === undefined) return;
    const known = good.get(request.operation.id) ?? [];
    good.set(request.operation.id, [...known.slice(-5), request.sent]);
  };
  await askFirst(engine, tenant, operations, pool, async (request) => {
    const answer = await ask(request);
    learn(request, answer);
    return answer;
  });
  for (const operation of ['previewPlan', 'validateSpec']) good.set(operation, good.get('startBuild') ?? []);
  for (let left = most - firstRequests.length; left > 0; left -= 1) {
    const operation = operations[random.integer(0, operations.length - 1)];
    if (operation === undefined) continue;
    const request = makeRequest(operation, { random, pool }, tenant.credentials, good);
    learn(request, await ask(request));
    // Else no build would be taken for the rest of the run.
    if (operation.id === 'beginMaintenance') left -= await endMaintenance(operations, tenant, ask);
  }
}

async function endMaintenance(
  operations: readonly DescribedOperation[],
  tenant: TenantUnderFuzz,
  ask: Ask,
): Promise<number> {
  const operation = operations.find(({ id }) => id === 'endMaintenance');
  if (operation === undefined) return 0;
  await ask(plain(operation, tenant, {}, undefined));
  return 1;
}

async function withPatience(answer: Promise<FuzzAnswer>): Promise<FuzzAnswer> {
  const over = new AbortController();
  const late = sleep(patience, undefined, { signal: over.signal }).then((): FuzzAnswer => {
    return { status: 599, headers: {}, body: `nothing came for ${patience} ms` };
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    over.abort();
    late.catch(() => undefined);
  }
}

/** A request and its answer as lines for people, without the key. */
function shown(request: FuzzRequest, answer: FuzzAnswer) {
  const { authorization, ...headers } = request.headers;
  const body = request.body === undefined ? '' : ` ${new TextDecoder().decode(request.body.subarray(0, 1_500))}`;
  const key = authorization === undefined ? 'no key' : 'key';
  const refused = request.refused === undefined ? '' : ` [refused: ${request.refused}]`;
  return {
    operation: request.operation.id,
    request: `${request.method} ${request.target} (${key}, ${JSON.stringify(headers).slice(0, 300)})${body}${refused}`,
    answer: `${answer.status} ${answer.headers['content-type'] ?? ''} ${answer.body.slice(0, 600)}`,
  };
}
