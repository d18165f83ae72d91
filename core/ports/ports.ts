import type { Installation } from '../tenancy/installation.ts';
import type { AuditArchive } from './audit-archive.ts';
import type { Blobs } from './blobs.ts';
import type { BuilderTasks } from './builder-tasks.ts';
import type { Clock } from './clock.ts';
import type { EventBus } from './event-bus.ts';
import type { Flow } from './flow.ts';
import type { Ids } from './ids.ts';
import type { Metrics } from './metrics.ts';
import type { PackageArchive } from './package-archive.ts';
import type { PackageFiles } from './package-files.ts';
import type { PluginRunner } from './plugin-runner.ts';
import type { Signer } from './signer.ts';
import type { Table } from './table.ts';
import type { TokenVerifier } from './token-verifier.ts';
import type { Vault } from './vault.ts';
import type { VulnerabilityMirror } from './vulnerability-mirror.ts';
import type { WebhookSender } from './webhook-sender.ts';

/** All that the functions stand on. A composition root (a lambda.ts, local/) makes one; a function takes what it needs. */
export interface Ports {
  readonly installation: Installation;
  readonly table: Table;
  readonly blobs: Blobs;
  readonly flow: Flow;
  readonly tasks: BuilderTasks;
  readonly bus: EventBus;
  readonly archive: PackageArchive;
  readonly packages: PackageFiles;
  readonly signer: Signer;
  readonly vault: Vault;
  readonly webhooks: WebhookSender;
  /** Absent: the installation runs no plugins of tenants. */
  readonly plugins?: PluginRunner;
  /** Absent: no copies of audit logs are kept. */
  readonly auditArchive?: AuditArchive;
  /** Absent: no issuer is configured, and API keys alone are taken. */
  readonly tokens?: TokenVerifier;
  /** Absent: the operator names no vulnerability data. */
  readonly vulnerabilityMirror?: VulnerabilityMirror;
  /** Absent: nobody measures. */
  readonly metrics?: Metrics;
  readonly clock: Clock;
  readonly ids: Ids;
}
