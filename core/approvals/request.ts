import { z } from 'zod';
import { toJsonObject } from '../json.ts';
import type { TableCondition, TableKey, TableRecord, TableWrite } from '../ports/table.ts';
import { approvalLimits } from './limits.ts';
import { ballotPlace, pendingRequests, requestPlace, tenantRequests } from './places.ts';
import { approvalGates, factsSchema } from './policy.ts';

const timestamp = z.iso.datetime();
const digest = z.string().regex(/^[0-9a-f]{64}$/);

export const requestIdSchema = z.string().regex(/^apr_[0-9A-Z]{26}$/);

/**
 * pending: it waits for approvals. closed: what it was for ended otherwise. An expired or rejected one has ended its
 * build, or keeps what that made held for good.
 */
export const requestStates = ['pending', 'approved', 'rejected', 'expired', 'closed'] as const;
export type RequestState = (typeof requestStates)[number];

/** One line of text of somebody: no control characters, nor marks that turn the direction of text. */
export const commentSchema = z
  .string()
  .min(1)
  .max(approvalLimits.comment)
  .refine(
    (text) => text.isWellFormed() && !/[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u.test(text),
    'it is not one line of plain text: control characters and marks of direction are refused',
  );

/** Approvals that a new build does not have, though the build before it had them. */
export const voidedSchema = z.strictObject({
  reason: z.enum(['spec_changed', 'policy_changed']),
  approvals: z.number().int().min(1),
  /** The build that they were given to. */
  buildId: z.string(),
});

/** An approval of a member: of one spec or build, under the policies that it was given under. */
export const voteSchema = z.strictObject({
  memberId: z.string(),
  at: timestamp,
  comment: z.string().exactOptional(),
  /** The request that it was given to. */
  requestId: z.string(),
  /** Digests of the policies that it was given under. */
  policies: z.array(digest),
});
export type Vote = z.infer<typeof voteSchema>;

/** That a build waits for approval, and how that ended. */
export const requestRecordSchema = z.strictObject({
  id: requestIdSchema,
  tenantId: z.string(),
  buildId: z.string(),
  /** The name in the spec. */
  name: z.string(),
  gate: z.enum(approvalGates),
  state: z.enum(requestStates),
  specDigest: digest,
  /** Who asked for the build; absent: nobody who is known. */
  memberId: z.string().exactOptional(),
  /** Who cannot approve: the author, and who added the service account that the author is. */
  authors: z.array(z.string()),
  facts: factsSchema,
  /** The policies that held it when it was last looked at, each with its quorum, and how many had approved then. */
  policies: z.array(
    z.strictObject({ name: z.string(), digest, needed: z.number().int().min(0), given: z.number().int().min(0) }),
  ),
  /** When the first of those approvals ends; absent: there was none. */
  givenUntil: timestamp.exactOptional(),
  requestedAt: timestamp,
  expiresAt: timestamp,
  decidedAt: timestamp.exactOptional(),
  /** Of a rejection: who, and why. */
  rejection: z.strictObject({ memberId: z.string(), comment: z.string() }).exactOptional(),
  voided: voidedSchema.exactOptional(),
  /** Of one that is decided: the approvals that counted. */
  votes: z.array(voteSchema).exactOptional(),
  /** What it was last judged by: the state of policies and approvals. */
  seen: z.strictObject({ policies: z.number().int(), ballot: z.number().int() }),
});
export type RequestRecord = z.infer<typeof requestRecordSchema>;

const ballotSchema = z.strictObject({ votes: z.array(voteSchema) });

/** The approvals of one spec or build, and the version under which they stand; 0: there was none yet. */
export interface Ballot {
  readonly key: TableKey;
  readonly votes: readonly Vote[];
  readonly version: number;
}

/** Where the approvals of a request are. */
export const ballotKeyOf = ({ tenantId, gate, specDigest, buildId }: RequestRecord): TableKey =>
  ballotPlace(tenantId, gate === 'build' ? { gate, specDigest } : { gate, buildId });

export function readBallot(key: TableKey, stored: TableRecord | undefined): Ballot {
  if (stored === undefined) return { key, votes: [], version: 0 };
  return { key, votes: ballotSchema.parse(stored.data).votes, version: stored.version };
}

const ballotCondition = ({ version }: Ballot): TableCondition =>
  version === 0 ? { kind: 'absent' } : { kind: 'version', version };

/** The write that fails where approvals were given or withdrawn since. */
export const ballotUnchanged = (ballot: Ballot): TableWrite => ({
  ...{ kind: 'check', key: ballot.key, condition: ballotCondition(ballot) },
});

/** The write that puts other approvals in place of those that were read. */
export const ballotWrite = (ballot: Ballot, votes: readonly Vote[]): TableWrite => ({
  ...{ kind: 'put', key: ballot.key, data: toJsonObject({ votes }), condition: ballotCondition(ballot) },
});

export function readRequest(stored: TableRecord): { readonly value: RequestRecord; readonly version: number } {
  return { value: requestRecordSchema.parse(stored.data), version: stored.version };
}

/** The write that stores a request; a pending one is among those that the sweep looks at. */
export function requestWrite(request: RequestRecord, version: number | 'absent'): TableWrite {
  const { id, tenantId, state, expiresAt } = request;
  return {
    kind: 'put',
    key: requestPlace(id),
    data: toJsonObject(request),
    indexes: {
      byTenant: tenantRequests(tenantId, id),
      ...(state === 'pending' ? { byState: pendingRequests(expiresAt, id) } : {}),
    },
    condition: version === 'absent' ? { kind: 'absent' } : { kind: 'version', version },
  };
}

/** What the audit log tells of a request. */
export function requestFacts({ id, buildId, gate, state, specDigest, policies }: RequestRecord) {
  const names = policies.map(({ name }) => name);
  return { approvalId: id, buildId, gate, state, specDigest, policies: names };
}

/** What events tell of it. */
export function requestTold(request: RequestRecord) {
  const { facts, expiresAt } = request;
  return { ...requestFacts(request), teamId: facts.teamId, expiresAt };
}
