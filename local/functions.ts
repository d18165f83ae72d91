import type { JsonValue } from '../core/digest.ts';
import type { Ports } from '../core/ports/ports.ts';
import type { EventFunctionName, orchestrationFunctions } from '../core/wiring/flow-functions.ts';
import { handle as bringSharersOn } from '../functions/events/bring-sharers-on/bring-sharers-on.ts';
import { handle as cancelBuild } from '../functions/events/cancel-build/cancel-build.ts';
import { handle as cleanUp } from '../functions/events/clean-up/clean-up.ts';
import { handle as deliverWebhook } from '../functions/events/deliver-webhook/deliver-webhook.ts';
import { handle as dispatchBuilds } from '../functions/events/dispatch-builds/dispatch-builds.ts';
import { handle as evictCache } from '../functions/events/evict-cache/evict-cache.ts';
import { handle as expireApprovals } from '../functions/events/expire-approvals/expire-approvals.ts';
import { handle as exportAudit } from '../functions/events/export-audit/export-audit.ts';
import { handle as keepDeadLetters } from '../functions/events/keep-dead-letters/keep-dead-letters.ts';
import { handle as measureEngine } from '../functions/events/measure-engine/measure-engine.ts';
import { handle as publishOutbox } from '../functions/events/publish-outbox/publish-outbox.ts';
import { handle as reapTasks } from '../functions/events/reap-tasks/reap-tasks.ts';
import { handle as rebuildImages } from '../functions/events/rebuild-images/rebuild-images.ts';
import { handle as recordUsage } from '../functions/events/record-usage/record-usage.ts';
import { handle as refreshVulnerabilities } from '../functions/events/refresh-vulnerabilities/refresh-vulnerabilities.ts';
import { handle as rollUpAnalytics } from '../functions/events/roll-up-analytics/roll-up-analytics.ts';
import { handle as scanBuilds } from '../functions/events/scan-builds/scan-builds.ts';
import { handle as sealAudit } from '../functions/events/seal-audit/seal-audit.ts';
import { handle as settleBuild } from '../functions/events/settle-build/settle-build.ts';
import { handle as settleQuotas } from '../functions/events/settle-quotas/settle-quotas.ts';
import { handle as tellPlugins } from '../functions/events/tell-plugins/tell-plugins.ts';
import { handle as warmCache } from '../functions/events/warm-cache/warm-cache.ts';
import { handle as awaitDependencies } from '../functions/orchestration/await-dependencies/await-dependencies.ts';
import { handle as classifyStage } from '../functions/orchestration/classify-stage/classify-stage.ts';
import { handle as finalizeBuild } from '../functions/orchestration/finalize-build/finalize-build.ts';
import { handle as planBuild } from '../functions/orchestration/plan-build/plan-build.ts';
import { handle as prepareStage } from '../functions/orchestration/prepare-stage/prepare-stage.ts';
import { handle as settleStage } from '../functions/orchestration/settle-stage/settle-stage.ts';

/** A function as both worlds call it: the ports, and an input that it parses itself. */
export type EngineHandler = (ports: Ports, input: unknown) => Promise<JsonValue>;

/** The functions of the state machine, by the substitution that names each in lib/build.asl.json. */
export const orchestrationHandlers: Record<keyof typeof orchestrationFunctions, EngineHandler> = {
  AwaitDependencies: awaitDependencies,
  PrepareStage: prepareStage,
  ClassifyStage: classifyStage,
  SettleStage: settleStage,
  FinalizeBuild: finalizeBuild,
};

/** The functions that events and schedules call. */
export const eventHandlers: Record<EventFunctionName, EngineHandler> = {
  planBuild,
  dispatchBuilds,
  cancelBuild,
  settleBuild,
  publishOutbox,
  reapTasks,
  bringSharersOn,
  cleanUp,
  evictCache,
  warmCache,
  refreshVulnerabilities,
  scanBuilds,
  rebuildImages,
  exportAudit,
  keepDeadLetters,
  measureEngine,
  rollUpAnalytics,
  sealAudit,
  settleQuotas,
  expireApprovals,
  recordUsage,
  deliverWebhook,
  tellPlugins,
};
