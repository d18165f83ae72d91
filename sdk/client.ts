import { keyCalls, memberCalls, roleCalls, tenantCalls } from './access.ts';
import { analyticsCalls } from './analytics.ts';
import { approvalCalls } from './approvals.ts';
import { auditCalls } from './audit.ts';
import { billingCalls } from './billing.ts';
import { buildCalls } from './builds.ts';
import { cacheCalls } from './cache.ts';
import { complianceCalls } from './compliance.ts';
import { deadLetterCalls } from './dead-letters.ts';
import { diffCalls } from './diff.ts';
import { downloadCalls } from './downloads.ts';
import { followCalls } from './following.ts';
import { lockCalls } from './locks.ts';
import { maintenanceCalls } from './maintenance.ts';
import { pluginCalls } from './plugins.ts';
import { quotaCalls } from './quotas.ts';
import { retentionCalls } from './retention.ts';
import { secretCalls } from './secrets.ts';
import { serviceCalls, specCalls } from './service.ts';
import { teamCalls } from './teams.ts';
import { templateCalls } from './templates.ts';
import { type ClientOptions, createTransport } from './transport.ts';
import { uploadCalls } from './uploads.ts';
import { vulnerabilityCalls } from './vulnerabilities.ts';
import { verifyWebhook } from './webhook-signature.ts';
import { webhookCalls } from './webhooks.ts';

/**
 * A client of one engine. What most programs need is at the client itself; all else is by subject.
 *
 * Every call throws ApiProblem where the engine refuses and EngineUnreachable where none answers; an abort of its
 * `signal` throws the signal's reason. What failed for now is repeated: see `CallOptions`.
 */
export class LinuxBuilderClient {
  /** Address of the engine. */
  readonly url: string;

  readonly analytics;
  readonly approvals;
  readonly audit;
  readonly billing;
  readonly builds;
  readonly cache;
  readonly compliance;
  /** Plugins of the tenant, and their runs. */
  readonly plugins;
  readonly deadLetters;
  readonly keys;
  readonly locks;
  readonly maintenance;
  readonly members;
  readonly quotas;
  readonly retention;
  readonly roles;
  readonly secrets;
  readonly service;
  readonly specs;
  readonly teams;
  readonly templates;
  readonly tenants;
  readonly uploads;
  readonly vulnerabilities;
  readonly webhooks;

  /** Starts a build of a spec. */
  readonly startBuild;
  /** A build with its stages and steps, as it is now. */
  readonly getStatus;
  /** Waits until a build has ended. */
  readonly waitForBuild;
  /** The lines of a build's log as they come. */
  readonly streamLogs;
  /** Downloads what a build made to a folder or a stream, and verifies it. */
  readonly downloadArtifact;
  /** The same as a Blob. */
  readonly readArtifact;
  /** Verifies a request that says it is the engine's. */
  readonly verifyWebhook = verifyWebhook;

  /** @throws UsageError where the address is none */
  constructor(options: ClientOptions) {
    const engine = createTransport(options);
    const { start, read, ...builds } = buildCalls(engine);
    const { downloadArtifact, readArtifact, ...downloads } = downloadCalls(engine, builds.listArtifacts);
    const following = followCalls({ read, readLogs: builds.readLogs });
    this.url = engine.url;
    this.startBuild = start;
    this.getStatus = read;
    this.waitForBuild = following.waitForBuild;
    this.streamLogs = following.streamLogs;
    this.downloadArtifact = downloadArtifact;
    this.readArtifact = readArtifact;
    this.builds = { ...builds, ...diffCalls(engine), ...downloads };
    this.analytics = analyticsCalls(engine);
    this.approvals = approvalCalls(engine);
    this.audit = auditCalls(engine);
    this.billing = billingCalls(engine);
    this.cache = cacheCalls(engine);
    this.compliance = complianceCalls(engine);
    this.plugins = pluginCalls(engine);
    this.deadLetters = deadLetterCalls(engine);
    this.keys = keyCalls(engine);
    this.locks = lockCalls(engine);
    this.maintenance = maintenanceCalls(engine);
    this.members = memberCalls(engine);
    this.quotas = quotaCalls(engine);
    this.retention = retentionCalls(engine);
    this.roles = roleCalls(engine);
    this.secrets = secretCalls(engine);
    this.service = serviceCalls(engine);
    this.specs = specCalls(engine);
    this.teams = teamCalls(engine);
    this.templates = templateCalls(engine);
    this.tenants = tenantCalls(engine);
    this.uploads = uploadCalls(engine);
    this.vulnerabilities = vulnerabilityCalls(engine);
    this.webhooks = webhookCalls(engine);
  }
}
