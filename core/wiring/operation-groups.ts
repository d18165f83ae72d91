import { keyUsePrefix } from '../access/places.ts';
import { anchorsPrefix, pendingPrefix } from '../audit/places.ts';
import { usagePrefix, usageSumPrefix } from '../billing/places.ts';
import { locksPrefix, scansPrefix, uploadsPrefix } from '../builds/places.ts';
import { bucketPrefix } from '../protection/places.ts';
import { probePrefix } from '../telemetry/readiness.ts';
import { webhookSecretPrefix } from '../webhooks/places.ts';

/** What a group of operations may do with the table and the stores: lib/ grants exactly this. */
export interface GroupRights {
  readonly table: 'none' | 'read' | 'write';
  /** With `read`: it writes down who called, how often (for rates and for bills), and who was refused, and nothing else. Who writes the table does so anyway. */
  readonly recordsAccess?: boolean;
  readonly blobs: 'none' | 'read' | 'write';
  /** Begin of the only paths of the work store that it reads; absent: all of both. */
  readonly readsUnder?: string;
  /** Begin of the only paths of the work store that it writes and deletes (core/builds/places.ts); absent: all of both. */
  readonly writesUnder?: string;
  /** Signs URLs for users and builders: it may assume the role that does. */
  readonly signsUrls: boolean;
  /** Starts executions and reads how they stand. */
  readonly startsFlow: boolean;
  readonly stopsFlow: boolean;
  readonly stopsTasks: boolean;
  /** It has plugins of tenants run, in a function that itself may do nothing. */
  readonly runsPlugins?: true;
  /** What it may do with the key that signs evidence; absent: nothing. `sign` reads its public half too. */
  readonly signingKey?: 'read' | 'sign';
  /** What it may do with the key that seals secrets; absent: nothing. */
  readonly secretKey?: 'seal' | 'open';
  /** Begin of the only names of secrets that it seals or opens; absent: all. */
  readonly secretsUnder?: string;
}

/** Begins of the partitions in which a group that `recordsAccess` may write. */
export const accessRecordPrefixes: readonly string[] = [
  keyUsePrefix,
  pendingPrefix,
  bucketPrefix,
  usagePrefix,
  usageSumPrefix,
];

export interface OperationGroup {
  readonly name: string;
  /** Path prefixes that API Gateway sends here, one greedy route each. */
  readonly prefixes: readonly string[];
  /** The file that binds the group to AWS. */
  readonly entry: string;
  readonly rights: GroupRights;
  readonly timeoutSeconds: number;
  readonly summary: string;
}

/** One Lambda a group, least privilege each. */
export const operationGroups: readonly OperationGroup[] = [
  {
    name: 'access',
    prefixes: ['/v1/whoami', '/v1/tenant', '/v1/tenants', '/v1/members', '/v1/roles', '/v1/keys', '/v1/quota'],
    entry: 'functions/api/access/lambda.ts',
    rights: { table: 'write', blobs: 'none', signsUrls: false, startsFlow: false, stopsFlow: false, stopsTasks: false },
    timeoutSeconds: 10,
    summary: 'Tenants and their quotas, members, roles, API keys',
  },
  {
    name: 'analytics',
    prefixes: ['/v1/analytics'],
    entry: 'functions/api/analytics/lambda.ts',
    rights: {
      ...{ table: 'read', blobs: 'none', signsUrls: false, startsFlow: false, stopsFlow: false, stopsTasks: false },
      recordsAccess: true,
    },
    timeoutSeconds: 29,
    summary: 'What builds come to over days',
  },
  {
    name: 'approvals',
    prefixes: ['/v1/approvals', '/v1/approval-policies'],
    entry: 'functions/api/approvals/lambda.ts',
    rights: { table: 'write', blobs: 'none', signsUrls: false, startsFlow: false, stopsFlow: false, stopsTasks: false },
    timeoutSeconds: 29,
    summary: 'Who must approve what: policies, requests, decisions',
  },
  {
    name: 'audit',
    prefixes: ['/v1/audit'],
    entry: 'functions/api/audit/lambda.ts',
    rights: {
      ...{ table: 'read', blobs: 'read', signsUrls: false, startsFlow: false, stopsFlow: false, stopsTasks: false },
      recordsAccess: true,
      readsUnder: anchorsPrefix,
    },
    timeoutSeconds: 10,
    summary: 'Who did what: the log, and what proves it whole',
  },
  {
    name: 'billing',
    prefixes: ['/v1/usage', '/v1/billing'],
    entry: 'functions/api/billing/lambda.ts',
    rights: { table: 'write', blobs: 'none', signsUrls: false, startsFlow: false, stopsFlow: false, stopsTasks: false },
    // A report of the costs of a hundred tenants reads a month of each.
    timeoutSeconds: 29,
    summary: 'What was used, what it costs, invoices, budgets, rates',
  },
  {
    name: 'builds',
    prefixes: ['/v1/builds', '/v1/builds:plan', '/v1/builds:recheck', '/api/build'],
    entry: 'functions/api/builds/lambda.ts',
    rights: {
      runsPlugins: true,
      ...{ table: 'write', blobs: 'write', signsUrls: true, startsFlow: false, stopsFlow: false, stopsTasks: false },
      writesUnder: scansPrefix,
      // A preview reads the archives of the spec with their passwords.
      secretKey: 'open',
    },
    timeoutSeconds: 29,
    summary: 'Plan, submit, read, cancel builds; logs and artifacts',
  },
  {
    name: 'cache',
    prefixes: ['/v1/cache', '/v1/cache:warm'],
    entry: 'functions/api/cache/lambda.ts',
    rights: { table: 'write', blobs: 'read', signsUrls: false, startsFlow: false, stopsFlow: false, stopsTasks: false },
    timeoutSeconds: 29,
    summary: 'See, explain, empty and warm the cache',
  },
  {
    name: 'dead-letters',
    prefixes: ['/v1/dead-letters'],
    entry: 'functions/api/dead-letters/lambda.ts',
    // It tells an event again by writing it to the outbox.
    rights: { table: 'write', blobs: 'none', signsUrls: false, startsFlow: false, stopsFlow: false, stopsTasks: false },
    timeoutSeconds: 10,
    summary: 'Asynchronous work that was given up: see it, have it done again',
  },
  {
    name: 'locks',
    prefixes: ['/v1/locks'],
    entry: 'functions/api/locks/lambda.ts',
    rights: {
      ...{ table: 'read', blobs: 'write', signsUrls: false, startsFlow: false, stopsFlow: false, stopsTasks: false },
      recordsAccess: true,
      writesUnder: locksPrefix,
    },
    timeoutSeconds: 29,
    summary: 'Keep locks that builds are made from',
  },
  {
    name: 'maintenance',
    prefixes: ['/v1/maintenance'],
    entry: 'functions/api/maintenance/lambda.ts',
    rights: { table: 'write', blobs: 'none', signsUrls: false, startsFlow: false, stopsFlow: false, stopsTasks: false },
    timeoutSeconds: 10,
    summary: 'Whether the installation takes builds',
  },
  {
    name: 'plugins',
    prefixes: ['/v1/plugins'],
    entry: 'functions/api/plugins/lambda.ts',
    rights: {
      runsPlugins: true,
      ...{ table: 'write', blobs: 'none', signsUrls: false, startsFlow: false, stopsFlow: false, stopsTasks: false },
    },
    // A removal deletes all versions, which are large.
    timeoutSeconds: 29,
    summary: 'A tenant’s own rules: plugins, their versions and grants',
  },
  {
    name: 'retention',
    prefixes: ['/v1/retention'],
    entry: 'functions/api/retention/lambda.ts',
    // It removes nothing itself: what it asks for is done by the function that an event of it calls.
    rights: { table: 'write', blobs: 'none', signsUrls: false, startsFlow: false, stopsFlow: false, stopsTasks: false },
    timeoutSeconds: 29,
    summary: 'What is kept for how long: policies, trash, legal holds, cleanups',
  },
  {
    name: 'secrets',
    prefixes: ['/v1/secrets'],
    entry: 'functions/api/secrets/lambda.ts',
    rights: {
      ...{ table: 'write', blobs: 'none', signsUrls: false, startsFlow: false, stopsFlow: false, stopsTasks: false },
      // It cannot read what it stores.
      secretKey: 'seal',
    },
    timeoutSeconds: 10,
    summary: 'Secrets that specs name: set, list, remove',
  },
  {
    name: 'specs',
    prefixes: ['/v1/specs', '/v1/capabilities'],
    entry: 'functions/api/specs/lambda.ts',
    // It looks whether the uploads that a spec names are there.
    rights: {
      runsPlugins: true,
      ...{ table: 'read', blobs: 'read', signsUrls: false, startsFlow: false, stopsFlow: false, stopsTasks: false },
      recordsAccess: true,
    },
    timeoutSeconds: 10,
    summary: 'Validate build specs; what can be built',
  },
  {
    name: 'teams',
    prefixes: ['/v1/teams'],
    entry: 'functions/api/teams/lambda.ts',
    rights: { table: 'write', blobs: 'none', signsUrls: false, startsFlow: false, stopsFlow: false, stopsTasks: false },
    timeoutSeconds: 10,
    summary: 'Teams of the tenant, and who is what in them',
  },
  {
    name: 'templates',
    prefixes: ['/v1/templates'],
    entry: 'functions/api/templates/lambda.ts',
    rights: { table: 'write', blobs: 'none', signsUrls: false, startsFlow: false, stopsFlow: false, stopsTasks: false },
    // A removal deletes versions of up to 256 KB each.
    timeoutSeconds: 29,
    summary: 'Templates that specs are made of: versions, search, forks, reviews',
  },
  {
    name: 'uploads',
    prefixes: ['/v1/uploads'],
    entry: 'functions/api/uploads/lambda.ts',
    rights: {
      ...{ table: 'write', blobs: 'write', signsUrls: true, startsFlow: false, stopsFlow: false, stopsTasks: false },
      // It deletes what a tenant removes.
      writesUnder: uploadsPrefix,
    },
    timeoutSeconds: 29,
    summary: 'Files that specs name by their digests',
  },
  {
    name: 'stages',
    prefixes: ['/v1/stages'],
    entry: 'functions/api/stages/lambda.ts',
    rights: {
      ...{ table: 'write', blobs: 'none', signsUrls: true, startsFlow: false, stopsFlow: false, stopsTasks: false },
      secretKey: 'open',
    },
    // The store may take a while to make one object of many parts.
    timeoutSeconds: 29,
    summary: 'The exchange between builders and the engine',
  },
  {
    name: 'vulnerabilities',
    prefixes: ['/v1/vulnerabilities'],
    entry: 'functions/api/vulnerabilities/lambda.ts',
    // It has the data fetched by writing an event to the outbox.
    rights: { table: 'write', blobs: 'none', signsUrls: false, startsFlow: false, stopsFlow: false, stopsTasks: false },
    timeoutSeconds: 29,
    summary: 'Vulnerability data: what there is, and having it fetched',
  },
  {
    name: 'webhooks',
    prefixes: ['/v1/webhooks'],
    entry: 'functions/api/webhooks/lambda.ts',
    rights: {
      ...{ table: 'write', blobs: 'none', signsUrls: false, startsFlow: false, stopsFlow: false, stopsTasks: false },
      // It makes secrets and cannot read them: another function signs.
      secretKey: 'seal',
      secretsUnder: webhookSecretPrefix,
    },
    // A replay reads and writes some hundred deliveries.
    timeoutSeconds: 29,
    summary: 'Where events are sent to, what was sent, and sending it again',
  },
  {
    name: 'service',
    prefixes: ['/v1/health', '/v1/openapi.json', '/v1/signing-key', '/docs'],
    entry: 'functions/api/service/lambda.ts',
    rights: {
      ...{ table: 'read', blobs: 'read', signsUrls: false, startsFlow: false, stopsFlow: false, stopsTasks: false },
      // It asks whether the store answers, and reads nothing.
      readsUnder: probePrefix,
      signingKey: 'read',
    },
    timeoutSeconds: 10,
    summary: 'Health, the API’s own description (also as a page), and the key that signs evidence',
  },
];
