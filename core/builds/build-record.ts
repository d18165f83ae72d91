import { z } from 'zod';
import { complianceSummarySchema } from '../compliance/report.ts';
import { buildEstimateSchema } from '../plan/estimate.ts';
import { buildPluginsSchema } from '../plugins/stored-runs.ts';
import { priorities } from '../queue/priority.ts';
import { severities } from '../vulnerabilities/severity.ts';
import { vulnerabilitySummarySchema } from '../vulnerabilities/summary.ts';
import { prepareCallSchema } from './flow-messages.ts';
import { buildStates, workStates } from './lifecycle.ts';
import {
  artifactTypes,
  inspectionFileSchema,
  layerReferenceSchema,
  moduleReferenceSchema,
  stageTimesSchema,
  testReportSchema,
  trustClasses,
} from './manifest.ts';
import { warningSchema } from './warning.ts';

const timestamp = z.iso.datetime();
const digest = z.string().regex(/^[0-9a-f]{64}$/);

/** Why a build or a stage did not succeed, as users see it. */
export const failureSchema = z.strictObject({
  code: z.string(),
  reason: z.string().max(2_000),
  stage: z.string().optional(),
  step: z.string().optional(),
  exitCode: z.number().int().optional(),
  logTail: z.array(z.string().max(500)).max(40),
});
export type Failure = z.infer<typeof failureSchema>;

/** A build. Everything in it is keyed by tenant; the spec lies in a record of its own. */
export const buildRecordSchema = z.strictObject({
  id: z.string(),
  tenantId: z.string(),
  keyId: z.string(),
  /** Who asked for it; absent: the engine itself. */
  memberId: z.string().optional(),
  /** The team of the tenant that it belongs to (core/teams); absent: the tenant alone. */
  teamId: z.string().optional(),
  /** The version of a template that its spec was expanded from. */
  template: z.strictObject({ id: z.string(), version: z.number().int().min(1) }).optional(),
  /** What whoever asked for it was told beside. */
  warnings: z.array(warningSchema).optional(),
  name: z.string(),
  /** What the image is built on; absent: it is older than this member. */
  base: z.strictObject({ distribution: z.string(), release: z.string(), architecture: z.string() }).optional(),
  state: z.enum(buildStates),
  specDigest: digest,
  planDigest: digest.optional(),
  submittedAt: timestamp,
  plannedAt: timestamp.optional(),
  /** Present where the archive did not answer then: when the state that the plan is for was last read. */
  archiveReadAt: timestamp.optional(),
  /** What it was thought to take when it was planned. */
  estimate: buildEstimateSchema.optional(),
  startedAt: timestamp.optional(),
  endedAt: timestamp.optional(),
  cancelRequestedAt: timestamp.optional(),
  /** The build whose work this one goes on with. */
  resumedFrom: z.string().optional(),
  /** The build that this one repeats. */
  retryOf: z.string().optional(),
  /** Why the engine made it, which nobody asked for: by this scan, packages of the build that it repeats have fixes. */
  rebuild: z.strictObject({ scan: z.string(), data: digest, severity: z.enum(severities) }).optional(),
  /** The build with whose archive state this one is planned; absent: with the archive's own. */
  archiveOf: z.string().optional(),
  /** True: a failure ends only what needs the failed step; else it ends the whole build soon. */
  keepGoing: z.boolean().optional(),
  /**
   * warm: it builds only what all tenants share, ahead of need (core/plan/warm-plan.ts). verify: it makes all that another
   * build made once more, to be compared with that (core/verify/verification.ts).
   */
  purpose: z.enum(['warm', 'verify']).optional(),
  /** The build that it verifies; there exactly where that is its purpose. */
  verifies: z.string().optional(),
  /** It has tests, or is judged by profiles: what it made is published when it has succeeded, and not before. */
  tested: z.literal(true).optional(),
  /** True: it runs on its own, whatever else runs (core/sharing). */
  force: z.literal(true).optional(),
  /** The build whose work it shares; absent: its work is its own. */
  sharesWith: z.string().optional(),
  /** Of a work that others may join: what theirs must be the same in (core/sharing/claim.ts). */
  sharing: digest.optional(),
  /** Its owner cancelled it while others shared its work, which goes on for them: it is over for its readers. */
  withdrawnAt: timestamp.optional(),
  /** How the work of such a build ended. */
  outcome: z.enum(['succeeded', 'failed', 'cancelled']).optional(),
  /**
   * What it made is held until that is approved, or for good; absent where nobody has to approve it
   * (core/approvals).
   */
  publication: z.enum(['held', 'published', 'refused']).optional(),
  /** The requests for approval of it, by gate. */
  approvals: z.strictObject({ build: z.string().optional(), publish: z.string().optional() }).optional(),
  /** How much it matters among those of its team; absent: normal. */
  priority: z.enum(priorities).optional(),
  /** It counts among the builds that wait, of the installation and of its tenant (core/queue/places-in-queue.ts). */
  waits: z.literal(true).optional(),
  /** It counts among the builds that run at once, of the installation and of its tenant (core/queue/slots.ts). */
  holdsSlot: z.literal(true).optional(),
  /** Of whom else it counts. */
  slots: z.array(z.enum(['team', 'member', 'key'])).optional(),
  /** What its start was charged for; its end settles that and takes it out (core/queue/charge.ts). */
  charge: z
    .strictObject({ seconds: z.number(), tenantWeight: z.number().int(), teamWeight: z.number().int().optional() })
    .optional(),
  failure: failureSchema.optional(),
  /** What its image is by the profiles of its spec (core/compliance); absent: it names none, or is not judged yet. */
  compliance: complianceSummarySchema.optional(),
  /** What the scan at its end found; absent: there was no data of its release, or it is not scanned yet. */
  vulnerabilities: vulnerabilitySummarySchema.optional(),
  /** What plugins of the tenant had to do with it; absent: nothing so far. */
  plugins: buildPluginsSchema.optional(),
});
export type BuildRecord = z.infer<typeof buildRecordSchema>;

/** A stage of a build. The counter `pending` beside it holds how many stages it still waits for. */
export const stageRecordSchema = z.strictObject({
  id: z.string(),
  state: z.enum(workStates),
  trust: z.enum(trustClasses),
  steps: z.array(z.string()),
  needs: z.array(z.string()),
  dependents: z.array(z.string()),
  /** Stages that it waits for, beside what it needs, so that not too many run at once. */
  after: z.array(z.string()).optional(),
  /** Token of the waiting AwaitDependencies. */
  token: z.string().optional(),
  /**
   * Tokens that were stored before, the latest first. A call that its caller lost sight of may store its token after the
   * call that is made in its stead: which of them is still waited for cannot be told here.
   */
  earlierTokens: z.array(z.string()).optional(),
  /** Number of the latest attempt; 0 before the first. */
  attempt: z.number().int().min(0),
  retries: z.strictObject({
    infrastructure: z.number().int().min(0),
    lost: z.number().int().min(0),
    damaged: z.number().int().min(0).optional(),
  }),
  /** What was decided of the last attempt that ended badly, to be answered again where it is asked again. */
  classified: z
    .strictObject({ attempt: z.number().int().min(1), retry: z.boolean(), waitSeconds: z.number().min(0) })
    .optional(),
  startedAt: timestamp.optional(),
  endedAt: timestamp.optional(),
  failure: failureSchema.optional(),
});
export type StageRecord = z.infer<typeof stageRecordSchema>;

/** One run of a stage in a builder. */
export const attemptRecordSchema = z.strictObject({
  stage: z.string(),
  attempt: z.number().int().min(1),
  /** SHA-256 of the ticket, which itself is stored nowhere. */
  ticketHash: digest,
  state: z.enum(['live', 'ended']),
  trust: z.enum(trustClasses),
  steps: z.array(z.string()),
  /** What it may download: digest to path in the work bucket. */
  blobs: z.record(z.string(), z.string()),
  /** The same of artifacts: digest to path in the artifacts bucket. */
  artifacts: z.record(z.string(), z.string()).optional(),
  /** Names of the secrets that it may ask for: by the step that names them. */
  secrets: z.record(z.string(), z.array(z.string())).optional(),
  preparedAt: timestamp,
  /** Of PrepareStage's calls the one that made it; absent: made by an earlier version. */
  call: prepareCallSchema.optional(),
  /** Of its builder: what it uses is billed by that. */
  size: z.strictObject({ vcpu: z.number(), memoryMiB: z.number().int(), diskGiB: z.number().int() }).optional(),
  /** Seconds after which its builder is ended: nothing beyond that is billed. */
  timeoutSeconds: z.number().int().min(1).optional(),
  endedAt: timestamp.optional(),
  /** Its uploads in parts, by `step/output`: the store's name of each, and how it is cut. */
  uploads: z
    .record(z.string(), z.strictObject({ id: z.string(), size: z.number().int(), partSize: z.number().int() }))
    .optional(),
  /** Where its time went, as the builder reported it. */
  milliseconds: stageTimesSchema.optional(),
  /** How it ended where the builder did not report itself. */
  ending: z.enum(['reported', 'infrastructure', 'lost', 'timeout', 'stopped']).optional(),
});
export type AttemptRecord = z.infer<typeof attemptRecordSchema>;

/** How far a live attempt is, as its builder last told: apart from the attempt, which is large and written seldom. */
export const progressRecordSchema = z.strictObject({
  stage: z.string(),
  attempt: z.number().int().min(1),
  step: z.string(),
  percent: z.number().int(),
});
export type ProgressRecord = z.infer<typeof progressRecordSchema>;

const timings = z.strictObject({ program: z.number().int(), capture: z.number().int() });

/** What a step of a build came to. `hit` true: taken from the cache, nothing ran. */
export const stepRecordSchema = z.strictObject({
  id: z.string(),
  hit: z.boolean(),
  program: z.string().optional(),
  /** Of its layer, module or artifact. */
  bytes: z.number().int().min(0).optional(),
  attempt: z.number().int().min(0),
  milliseconds: timings.optional(),
  /** By the store's clock, to the second: when its receipt came, and what the builder says that it took before that. */
  startedAt: timestamp.optional(),
  endedAt: timestamp.optional(),
  /** The layer that it has in this build: the pointer of its key may go, and be made anew with another one. */
  layer: layerReferenceSchema.optional(),
  /** What an inspection of it found; the file lies in the artifacts bucket under tenant and digest. */
  inspection: inspectionFileSchema.optional(),
  facts: z.record(z.string(), z.string()),
});
export type StepRecord = z.infer<typeof stepRecordSchema>;

/** What a step's key points to: written once, by the control plane only. */
export const resultRecordSchema = z.strictObject({
  key: digest,
  program: z.string(),
  /** Id that the step had where it was made; another build may call it otherwise. */
  step: z.string().optional(),
  layer: layerReferenceSchema.optional(),
  module: moduleReferenceSchema.optional(),
  artifact: z
    .strictObject({
      type: z.enum(artifactTypes),
      size: z.number().int(),
      sha256: digest,
      mediaType: z.string(),
    })
    .optional(),
  /** Of a boot test that was passed. */
  test: testReportSchema.optional(),
  inspection: inspectionFileSchema.optional(),
  facts: z.record(z.string(), z.string()),
  buildId: z.string(),
  at: timestamp,
  /** When a build last took it, to within an hour (core/cache/uses.ts); absent: never since it was made. */
  lastUsedAt: timestamp.optional(),
  /** Hours in which a build took it. */
  hits: z.number().int().min(0).optional(),
});
export type ResultRecord = z.infer<typeof resultRecordSchema>;

/** A file that a user can download; its bytes lie in the artifacts bucket under tenant and digest. */
export const artifactRecordSchema = z.strictObject({
  name: z.string(),
  type: z.enum(artifactTypes),
  step: z.string(),
  size: z.number().int(),
  sha256: digest,
  mediaType: z.string(),
});
export type ArtifactRecord = z.infer<typeof artifactRecordSchema>;

/** What a boot test of a build came to, passed or not; its files lie in the artifacts bucket under tenant and digest. */
export const testRecordSchema = testReportSchema.extend({
  step: z.string(),
  facts: z.record(z.string(), z.string()),
});
export type TestRecord = z.infer<typeof testRecordSchema>;
