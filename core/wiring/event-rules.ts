import { isPublic } from '../events/catalogue.ts';
import { type EventType, eventSource, eventTypes } from '../events/event.ts';
import { sendableTypes } from '../webhooks/endpoint.ts';
import type { EventFunctionName } from './flow-functions.ts';

/** Which of the engine's own events call which function. */
export const eventRules: readonly {
  readonly name: string;
  readonly types: readonly EventType[];
  readonly target: EventFunctionName;
}[] = [
  { name: 'plan-submitted-builds', types: ['build.submitted'], target: 'planBuild' },
  {
    name: 'dispatch-queued-builds',
    types: ['build.queued', 'build.succeeded', 'build.failed', 'build.cancelled', 'work.ended'],
    target: 'dispatchBuilds',
  },
  {
    name: 'settle-quotas-of-ended-builds',
    types: ['build.succeeded', 'build.failed', 'build.cancelled', 'build.rejected', 'work.ended'],
    target: 'settleQuotas',
  },
  {
    name: 'take-facts-of-ended-builds',
    types: ['build.succeeded', 'build.failed', 'build.cancelled', 'build.rejected'],
    target: 'rollUpAnalytics',
  },
  {
    name: 'refresh-vulnerabilities-on-request',
    types: ['vulnerabilities.refresh_requested'],
    target: 'refreshVulnerabilities',
  },
  { name: 'scan-stored-builds', types: ['vulnerabilities.rescan'], target: 'scanBuilds' },
  { name: 'rebuild-images', types: ['vulnerabilities.rebuild'], target: 'rebuildImages' },
  { name: 'clean-up-on-request', types: ['cleanup.requested'], target: 'cleanUp' },
  { name: 'cancel-requested-builds', types: ['build.cancel_requested', 'work.unwanted'], target: 'cancelBuild' },
  { name: 'settle-redriven-executions', types: ['work.execution_ended'], target: 'settleBuild' },
  {
    name: 'bring-sharers-on',
    types: ['build.started', 'build.succeeded', 'build.failed', 'build.cancelled', 'work.started', 'work.ended'],
    target: 'bringSharersOn',
  },
  {
    name: 'tell-budgets-of-what-was-used',
    types: ['build.stage_completed', 'build.succeeded', 'build.failed', 'build.cancelled', 'work.ended'],
    target: 'recordUsage',
  },
  {
    name: 'send-webhooks',
    types: eventTypes.filter((type) => isPublic(type) || type === 'webhook.replayed'),
    target: 'deliverWebhook',
  },
  { name: 'tell-plugins', types: sendableTypes, target: 'tellPlugins' },
];

/** What writes down all that comes to the queue of dead letters. Its own failures stay in the queue. */
export const deadLetterKeeper = 'keepDeadLetters' satisfies EventFunctionName;

/** The state machine's own status changes that call a function: what Catch does not see ends up here. */
export const executionRule = {
  name: 'settle-ended-executions',
  statuses: ['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED'],
  target: 'settleBuild',
} as const satisfies { name: string; statuses: readonly string[]; target: EventFunctionName };

/** Sweeps that repair what a lost event left undone, and what is done from time to time. */
export const schedules: readonly {
  readonly name: string;
  readonly everyMinutes: number;
  readonly target: EventFunctionName;
}[] = [
  { name: 'sweep-outbox', everyMinutes: 1, target: 'publishOutbox' },
  { name: 'sweep-submitted', everyMinutes: 5, target: 'planBuild' },
  { name: 'sweep-queue', everyMinutes: 1, target: 'dispatchBuilds' },
  { name: 'sweep-running', everyMinutes: 5, target: 'settleBuild' },
  { name: 'sweep-tasks', everyMinutes: 5, target: 'reapTasks' },
  { name: 'sweep-sharers', everyMinutes: 5, target: 'bringSharersOn' },
  { name: 'clean-up', everyMinutes: 60, target: 'cleanUp' },
  { name: 'evict-cache', everyMinutes: 60, target: 'evictCache' },
  { name: 'warm-cache', everyMinutes: 30, target: 'warmCache' },
  // Debian's tracker changes about twice an hour; each change has every build scanned again.
  { name: 'refresh-vulnerabilities', everyMinutes: 240, target: 'refreshVulnerabilities' },
  { name: 'expire-approvals', everyMinutes: 1, target: 'expireApprovals' },
  { name: 'measure-engine', everyMinutes: 1, target: 'measureEngine' },
  { name: 'fold-analytics', everyMinutes: 1, target: 'rollUpAnalytics' },
  { name: 'seal-audit', everyMinutes: 1, target: 'sealAudit' },
  { name: 'export-audit', everyMinutes: 1_440, target: 'exportAudit' },
  { name: 'sweep-quotas', everyMinutes: 15, target: 'settleQuotas' },
  { name: 'sweep-usage', everyMinutes: 5, target: 'recordUsage' },
  { name: 'sweep-webhooks', everyMinutes: 1, target: 'deliverWebhook' },
  { name: 'sweep-plugins', everyMinutes: 1, target: 'tellPlugins' },
];

/** `source` of the engine's own events, which its rules match. */
export const engineSource = eventSource;

/** The table's stream calls a function with each record that is put into the outbox (core/builds/keys.ts). */
export const outboxStream = {
  partitionPrefix: 'OUTBOX#',
  target: 'publishOutbox',
} as const satisfies { partitionPrefix: string; target: EventFunctionName };
