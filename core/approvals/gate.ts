import { z } from 'zod';
import { untilDone } from '../access/attempts.ts';
import { auditWrite } from '../audit/entry.ts';
import type { BuildRecord } from '../builds/build-record.ts';
import { findBuild, updateBuild } from '../builds/build-repository.ts';
import { specKey } from '../builds/keys.ts';
import { outboxWrite } from '../events/outbox.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { ConditionFailed, type Table, type TableWrite } from '../ports/table.ts';
import { queueBuild } from '../sharing/queue-build.ts';
import { versionPlace } from '../templates/places.ts';
import { versionRecordSchema } from '../templates/template-record.ts';
import { lastOfNamePlace, requestPlace } from './places.ts';
import { type ApprovalFacts, type ApprovalGate, type PolicyRecord, policiesFor, policyDigest } from './policy.ts';
import { type PolicyBook, readPolicies } from './policy-repository.ts';
import {
  type Ballot,
  ballotKeyOf,
  ballotUnchanged,
  type RequestRecord,
  readBallot,
  readRequest,
  requestFacts,
  requestTold,
  requestWrite,
} from './request.ts';
import { type Standing, standingOf } from './standing.ts';
import { authorsOf, readVoters } from './voters.ts';

export interface GatePorts {
  readonly table: Table;
  readonly clock: Clock;
  readonly ids: Ids;
}

/**
 * Brings a planned build to the gate before the queue, once: into the queue where no policy holds it, or where approvals
 * of the same spec that are still valid cover it; else it awaits approval, with a request for it in the same transaction.
 * Policies are those of now. What shares work ahead of need (`warm`) makes no artifact of a tenant, runs nothing of one
 * and passes; every other build is judged, one that resumes, repeats or verifies another too.
 * @param planned what planning has found out
 * @param storeWork stores what the build's execution reads: before it waits, since who lets it pass has no plan
 */
export async function passBuildGate(
  ports: GatePorts,
  build: BuildRecord,
  planned: Partial<BuildRecord>,
  storeWork: () => Promise<void> = async () => undefined,
): Promise<BuildRecord | undefined> {
  const { after } = await untilDone(async () => {
    const { waits, fields, writes } = await judgeAtGate(ports, { ...build, ...planned });
    const state = waits ? 'awaiting_approval' : 'queued';
    const enter = (current: BuildRecord) =>
      current.state === 'planning' && current.cancelRequestedAt === undefined
        ? { build: { ...current, ...planned, ...fields, state } as const, writes }
        : undefined;
    try {
      if (!waits) return { after: await queueBuild(ports, build.id, enter, storeWork) };
      await storeWork();
      return { after: await updateBuild(ports.table, build.id, enter) };
    } catch (error) {
      // Policies or approvals changed meanwhile: they are looked at anew.
      if (!(error instanceof ConditionFailed)) throw error;
      return undefined;
    }
  });
  return after;
}

/** What becomes of a build at the gate. */
interface Passage {
  readonly waits: boolean;
  readonly fields: Pick<BuildRecord, 'publication' | 'approvals'>;
  readonly writes: readonly TableWrite[];
}

const passes: Passage = { waits: false, fields: {}, writes: [] };

async function judgeAtGate(ports: GatePorts, build: BuildRecord): Promise<Passage> {
  if (build.purpose === 'warm') return passes;
  const book = await readPolicies(ports.table, build.tenantId);
  if (book.policies.length === 0 && build.plugins?.approval === undefined) return passes;
  const facts = await readFacts(ports.table, build);
  // From the first on, so that nothing of it is given out while it runs. What a verification makes never is.
  const isHeld = build.purpose === undefined && policiesFor(book.policies, 'publish', facts).length > 0;
  const held = isHeld ? { publication: 'held' as const } : {};
  const policies = policiesFor(book.policies, 'build', facts);
  if (policies.length === 0) return { ...passes, fields: held };
  const { request, ballot, standing } = await newRequest(ports, build, { gate: 'build', facts, policies, book });
  const fields = { ...held, approvals: { build: request.id } };
  const beside: TableWrite[] = [
    { kind: 'put', key: lastOfNamePlace(build.tenantId, build.name), data: { buildId: build.id } },
    ...[book.unchanged, ballotUnchanged(ballot)],
  ];
  const { tenantId } = build;
  if (!standing.met) {
    const asked = outboxWrite(ports, 'approval.requested', tenantId, requestTold(request));
    return { waits: true, fields, writes: [requestWrite(request, 'absent'), asked, ...beside] };
  }
  const covered = decided(ports, request, standing);
  const fact = { action: 'approval.covered', target: request.id, detail: requestFacts(covered) } as const;
  const audit = auditWrite(ports, { tenantId }, fact);
  return { waits: false, fields, writes: [requestWrite(covered, 'absent'), audit, ...beside] };
}

const decided = ({ clock }: GatePorts, request: RequestRecord, standing: Standing): RequestRecord => ({
  ...request,
  state: 'approved',
  decidedAt: clock.now().toISOString(),
  votes: standing.votes.filter(({ counts }) => counts.length > 0).map(({ vote }) => vote),
});

/**
 * What becomes of the artifacts of a build that has succeeded: held, with a request for approval, where a policy of now
 * holds it. Approvals of another build do not count: it may have made other bytes of the same spec.
 * @returns what is to be written in the transaction that ends the build
 */
export async function publishGate(
  ports: GatePorts,
  build: BuildRecord,
): Promise<{
  readonly fields: Pick<BuildRecord, 'publication' | 'approvals'>;
  readonly writes: readonly TableWrite[];
}> {
  // A verification's image is nobody's, and published to nobody.
  if (build.purpose !== undefined) return { fields: {}, writes: [] };
  // Nor is what was made of a work that its own build has left.
  if (build.withdrawnAt !== undefined) return { fields: {}, writes: [] };
  const released = build.publication === undefined ? {} : { publication: 'published' as const };
  const book = await readPolicies(ports.table, build.tenantId);
  if (book.policies.length === 0) return { fields: released, writes: [] };
  const facts = { ...(await readFacts(ports.table, build)), compliance: build.compliance?.state ?? ('none' as const) };
  const policies = policiesFor(book.policies, 'publish', facts);
  if (policies.length === 0) return { fields: released, writes: [] };
  const { request } = await newRequest(ports, build, { gate: 'publish', facts, policies, book });
  return {
    fields: { publication: 'held', approvals: { ...build.approvals, publish: request.id } },
    writes: [
      requestWrite(request, 'absent'),
      outboxWrite(ports, 'approval.requested', build.tenantId, requestTold(request)),
    ],
  };
}

const outputsSchema = z.object({ outputs: z.array(z.object({ type: z.string() })) });

/** What policies are judged by. */
async function readFacts(table: Table, build: BuildRecord): Promise<ApprovalFacts> {
  const spec = outputsSchema.parse((await table.get(specKey(build.id)))?.data);
  return {
    templates: await templatesOf(table, build),
    outputs: [...new Set(spec.outputs.map(({ type }) => type))].sort(),
    ...(build.teamId === undefined ? {} : { teamId: build.teamId }),
    costMicros: Math.round((build.estimate?.dollars ?? 0) * 1_000_000),
    ...(build.plugins?.approval === undefined ? {} : { plugins: build.plugins.approval }),
  };
}

/** Builds before one that are looked at for its template: who goes on so long has said it long ago. */
const mostOrigins = 20;

/**
 * The template that a build is of, and those that this one extends. One that resumes, repeats or verifies another is of
 * that one's: else it would be a way around.
 */
async function templatesOf(table: Table, build: BuildRecord): Promise<string[]> {
  let of: BuildRecord | undefined = build;
  for (let hops = 0; of !== undefined && of.template === undefined && hops < mostOrigins; hops += 1) {
    const origin: string | undefined = of.resumedFrom ?? of.retryOf ?? of.verifies;
    of = origin === undefined ? undefined : (await findBuild(table, origin))?.value;
  }
  const template = of?.template;
  if (template === undefined) return [];
  const stored = await table.get(versionPlace(template.id, template.version));
  const below = stored === undefined ? [] : versionRecordSchema.parse(stored.data).extends;
  return [...new Set([template.id, ...below.map(({ id }) => id)])].sort();
}

/** The policies of a request as a record tells them. */
export const policyStandings = ({ policies }: Standing): RequestRecord['policies'] =>
  policies.map(({ policy, needed, given }) => ({ name: policy.name, digest: policyDigest(policy), needed, given }));

/** When the first of the approvals that count ends. */
export function givenUntil({ votes }: Standing): Pick<RequestRecord, 'givenUntil'> {
  const ends = votes.flatMap(({ until }) => (until === undefined ? [] : [until]));
  return ends.length === 0 ? {} : { givenUntil: new Date(Math.min(...ends)).toISOString() };
}

async function newRequest(
  ports: GatePorts,
  build: BuildRecord,
  by: {
    readonly gate: ApprovalGate;
    readonly facts: ApprovalFacts;
    readonly policies: readonly PolicyRecord[];
    readonly book: PolicyBook;
  },
): Promise<{ readonly request: RequestRecord; readonly ballot: Ballot; readonly standing: Standing }> {
  const { table, clock, ids } = ports;
  const { tenantId, specDigest, memberId } = build;
  const { gate, facts, policies, book } = by;
  const now = clock.now();
  const seconds = Math.min(...policies.map(({ validSeconds }) => validSeconds));
  const asked: RequestRecord = {
    ...{ id: ids.next('apr'), tenantId, buildId: build.id, name: build.name, gate, state: 'pending', specDigest },
    ...(memberId === undefined ? {} : { memberId }),
    authors: await authorsOf(table, tenantId, memberId),
    ...{ facts, policies: [], requestedAt: now.toISOString() },
    expiresAt: new Date(now.getTime() + seconds * 1_000).toISOString(),
    seen: { policies: book.revision, ballot: 0 },
  };
  const key = ballotKeyOf(asked);
  const ballot = readBallot(key, await table.get(key));
  const voters = await readVoters(
    table,
    build,
    ballot.votes.map((vote) => vote.memberId),
  );
  const standing = standingOf(policies, ballot.votes, { authors: asked.authors, voters, now });
  const request: RequestRecord = {
    ...asked,
    policies: policyStandings(standing),
    ...givenUntil(standing),
    seen: { policies: book.revision, ballot: ballot.version },
    ...(gate === 'build' && !standing.met ? await voidedOf(ports, build, standing) : {}),
  };
  return { request, ballot, standing };
}

/**
 * The approvals that a build does not have though one before it had them: of the build that it goes on with or repeats,
 * or else of the last one of its name. They were of another spec, or under policies that have changed.
 */
async function voidedOf(
  { table }: GatePorts,
  build: BuildRecord,
  standing: Standing,
): Promise<Pick<RequestRecord, 'voided'>> {
  const own = standing.votes.filter(({ code }) => code === 'approval.voided');
  const before = build.resumedFrom ?? build.retryOf ?? (await lastOfName(table, build));
  const found = before === undefined ? undefined : await findBuild(table, before);
  const requestId = found?.value.approvals?.build;
  const stored = requestId === undefined ? undefined : await table.get(requestPlace(requestId));
  if (before === undefined || stored === undefined) return {};
  const { value: request } = readRequest(stored);
  if (request.specDigest === build.specDigest) {
    if (own.length === 0) return {};
    return { voided: { reason: 'policy_changed', approvals: own.length, buildId: before } };
  }
  const key = ballotKeyOf(request);
  const { votes } = readBallot(key, await table.get(key));
  if (votes.length === 0) return {};
  return { voided: { reason: 'spec_changed', approvals: votes.length, buildId: before } };
}

async function lastOfName(table: Table, { tenantId, name }: BuildRecord): Promise<string | undefined> {
  const buildId = (await table.get(lastOfNamePlace(tenantId, name)))?.data.buildId;
  return typeof buildId === 'string' ? buildId : undefined;
}
