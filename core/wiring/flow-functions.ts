import { anchorsPrefix } from '../audit/places.ts';
import { scansPrefix } from '../builds/places.ts';
import { pluginLimits } from '../plugins/limits.ts';
import { vulnerabilityPrefix } from '../vulnerabilities/places.ts';
import { webhookSecretPrefix } from '../webhooks/places.ts';
import type { GroupRights } from './operation-groups.ts';

/** A function that the state machine, a rule, a schedule or the table's stream calls. */
export interface EngineFunction {
  readonly name: string;
  /** File with `handle(ports, input)`; its lambda.ts neighbour binds it: functions/<room>/<name>/lambda.ts. */
  readonly entry: string;
  readonly rights: GroupRights & {
    readonly sendsTokens: boolean;
    readonly publishes: boolean;
    /** It writes into the archive of audit logs, and sees the names there. */
    readonly exportsAudit?: boolean;
  };
  readonly timeoutSeconds: number;
  /** MiB on AWS, where it needs more than is usual (lib/engine-function.ts). */
  readonly memoryMiB?: number;
  /** Events that one machine calls it with at once: of one that waits for others’ servers, fewer than there is room for. */
  readonly mostAtOnce?: number;
}

const none = {
  table: 'write',
  blobs: 'none',
  signsUrls: false,
  startsFlow: false,
  stopsFlow: false,
  stopsTasks: false,
  sendsTokens: false,
  publishes: false,
} as const;

/** Functions of the state machine, by the substitution that names each in lib/build.asl.json. */
export const orchestrationFunctions = {
  AwaitDependencies: {
    name: 'await-dependencies',
    entry: 'functions/orchestration/await-dependencies/lambda.ts',
    rights: { ...none, sendsTokens: true },
    timeoutSeconds: 30,
  },
  PrepareStage: {
    name: 'prepare-stage',
    entry: 'functions/orchestration/prepare-stage/lambda.ts',
    rights: { ...none, blobs: 'write', signsUrls: true },
    timeoutSeconds: 120,
  },
  ClassifyStage: {
    name: 'classify-stage',
    entry: 'functions/orchestration/classify-stage/lambda.ts',
    rights: { ...none, blobs: 'write' },
    // A blob that a builder found damaged may be read whole.
    timeoutSeconds: 600,
  },
  SettleStage: {
    name: 'settle-stage',
    entry: 'functions/orchestration/settle-stage/lambda.ts',
    rights: { ...none, blobs: 'write', sendsTokens: true },
    // The store copies some 100 MB a second in one request, and 50 GiB in a minute in many.
    timeoutSeconds: 600,
  },
  FinalizeBuild: {
    name: 'finalize-build',
    entry: 'functions/orchestration/finalize-build/lambda.ts',
    // It signs the evidence; of a verification it compares what two builds made.
    rights: { ...none, blobs: 'write', signingKey: 'sign' },
    timeoutSeconds: 120,
  },
} as const satisfies Record<string, EngineFunction>;

/** Functions that events and schedules call. */
export const eventFunctions = {
  planBuild: {
    name: 'plan-build',
    entry: 'functions/orchestration/plan-build/lambda.ts',
    // It reads the archives of specs with their passwords.
    rights: { ...none, blobs: 'write', secretKey: 'open', runsPlugins: true },
    timeoutSeconds: 120,
  },
  dispatchBuilds: {
    name: 'dispatch-builds',
    entry: 'functions/events/dispatch-builds/lambda.ts',
    rights: { ...none, startsFlow: true },
    timeoutSeconds: 60,
  },
  cancelBuild: {
    name: 'cancel-build',
    entry: 'functions/events/cancel-build/lambda.ts',
    rights: { ...none, stopsFlow: true, stopsTasks: true },
    timeoutSeconds: 60,
  },
  settleBuild: {
    name: 'settle-build',
    entry: 'functions/events/settle-build/lambda.ts',
    rights: { ...none, blobs: 'write', startsFlow: true, stopsTasks: true, sendsTokens: true },
    timeoutSeconds: 120,
  },
  publishOutbox: {
    name: 'publish-outbox',
    entry: 'functions/events/publish-outbox/lambda.ts',
    rights: { ...none, publishes: true },
    timeoutSeconds: 60,
  },
  reapTasks: {
    name: 'reap-tasks',
    entry: 'functions/events/reap-tasks/lambda.ts',
    // It deletes bytes whose removal was cut short.
    rights: { ...none, blobs: 'write', stopsTasks: true },
    timeoutSeconds: 60,
  },
  bringSharersOn: {
    name: 'bring-sharers-on',
    entry: 'functions/events/bring-sharers-on/lambda.ts',
    rights: none,
    // A thousand builds that share one work are brought on in some seconds.
    timeoutSeconds: 120,
  },
  cleanUp: {
    name: 'clean-up',
    entry: 'functions/events/clean-up/lambda.ts',
    // It deletes what nobody has, and ends what is stuck.
    rights: { ...none, blobs: 'write', stopsFlow: true, stopsTasks: true },
    // It goes through a part of the store, and through tenants one after another.
    timeoutSeconds: 900,
  },
  evictCache: {
    name: 'evict-cache',
    entry: 'functions/events/evict-cache/lambda.ts',
    rights: { ...none, blobs: 'write' },
    // It reads every result and the plans of all builds that wait or run.
    timeoutSeconds: 900,
  },
  warmCache: {
    name: 'warm-cache',
    entry: 'functions/events/warm-cache/lambda.ts',
    rights: none,
    timeoutSeconds: 120,
  },
  refreshVulnerabilities: {
    name: 'refresh-vulnerabilities',
    entry: 'functions/events/refresh-vulnerabilities/lambda.ts',
    rights: {
      ...{ ...none, blobs: 'write' },
      ...{ readsUnder: vulnerabilityPrefix, writesUnder: vulnerabilityPrefix },
    },
    // It fetches some files, each for up to two minutes, and reads them.
    timeoutSeconds: 900,
    // The 80 MB of Debian's tracker are several times as much as values in memory.
    memoryMiB: 3_008,
  },
  scanBuilds: {
    name: 'scan-builds',
    entry: 'functions/events/scan-builds/lambda.ts',
    // It reads package lists and vulnerability data, and stores what it finds.
    rights: { ...none, blobs: 'write', writesUnder: scansPrefix },
    // It begins images for a minute, and ends with those that it has begun.
    timeoutSeconds: 300,
    // One walk at a time: it takes turns with whatever else is to be done.
    mostAtOnce: 1,
  },
  rebuildImages: {
    name: 'rebuild-images',
    entry: 'functions/events/rebuild-images/lambda.ts',
    // It submits builds, which the tenant's plugins judge.
    rights: { ...none, blobs: 'read', runsPlugins: true },
    // It begins images for a minute, and may have plugins asked for 20 seconds of each of ten.
    timeoutSeconds: 300,
    mostAtOnce: 2,
  },
  exportAudit: {
    name: 'export-audit',
    entry: 'functions/events/export-audit/lambda.ts',
    rights: { ...none, table: 'read', blobs: 'read', readsUnder: anchorsPrefix, exportsAudit: true },
    // The logs of all tenants, one after another.
    timeoutSeconds: 900,
  },
  expireApprovals: {
    name: 'expire-approvals',
    entry: 'functions/events/expire-approvals/lambda.ts',
    rights: none,
    timeoutSeconds: 120,
  },
  keepDeadLetters: {
    name: 'keep-dead-letters',
    entry: 'functions/events/keep-dead-letters/lambda.ts',
    rights: none,
    timeoutSeconds: 30,
  },
  measureEngine: {
    name: 'measure-engine',
    entry: 'functions/events/measure-engine/lambda.ts',
    rights: { ...none, table: 'read' },
    timeoutSeconds: 30,
  },
  rollUpAnalytics: {
    name: 'roll-up-analytics',
    entry: 'functions/events/roll-up-analytics/lambda.ts',
    rights: none,
    // A run after an outage folds what has gathered; what it does not get to, the next one does.
    timeoutSeconds: 600,
  },
  sealAudit: {
    name: 'seal-audit',
    entry: 'functions/events/seal-audit/lambda.ts',
    // It signs the heads of the chains that it makes.
    rights: { ...none, blobs: 'write', readsUnder: anchorsPrefix, writesUnder: anchorsPrefix, signingKey: 'sign' },
    timeoutSeconds: 120,
  },
  settleQuotas: {
    name: 'settle-quotas',
    entry: 'functions/events/settle-quotas/lambda.ts',
    rights: none,
    // A sweep reads every lease of the tenants whose turn it is.
    timeoutSeconds: 300,
  },
  recordUsage: {
    name: 'record-usage',
    entry: 'functions/events/record-usage/lambda.ts',
    rights: none,
    // A sweep reads the leases and a month of sums of a hundred tenants.
    timeoutSeconds: 300,
  },
  deliverWebhook: {
    name: 'deliver-webhook',
    entry: 'functions/events/deliver-webhook/lambda.ts',
    rights: { ...none, secretKey: 'open', secretsUnder: webhookSecretPrefix },
    // A sweep begins attempts for 40 seconds, and each may take 15.
    timeoutSeconds: 90,
    mostAtOnce: 4,
  },
  tellPlugins: {
    name: 'tell-plugins',
    entry: 'functions/events/tell-plugins/lambda.ts',
    rights: { ...none, runsPlugins: true },
    // It begins runs for 40 seconds, and the last one may take 20 with the start of its machine.
    timeoutSeconds: 90,
    mostAtOnce: 4,
  },
} as const satisfies Record<string, EngineFunction>;
/**
 * Runs a plugin of a tenant. It is none of the engine's functions: it has no ports, no rights but to write its log, and an
 * environment of its own that names nothing of the engine.
 */
export const pluginFunction = {
  name: 'run-plugin',
  entry: 'functions/plugins/run-plugin/lambda.ts',
  // The longest run, and the start of its process.
  timeoutSeconds: 20,
  // The longest run, and more than its process takes to start: a call that takes it was not ended by its sandbox.
  suspectMilliseconds: pluginLimits.wallMilliseconds.value + 5_000,
  // One whole processor: limits of processor time are then those of one machine.
  memoryMiB: 1_769,
} as const;

export type EventFunctionName = keyof typeof eventFunctions;
