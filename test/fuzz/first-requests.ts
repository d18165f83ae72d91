import { listPrices } from '../../core/billing/rate-card.ts';
import { referenceTo } from '../../core/templates/references.ts';
import { type Json, json } from './values.ts';

/** A request that goes well: what it makes is what later requests are about. */
export interface FirstRequest {
  readonly operation: string;
  /** Parameters of the path, and of the query. */
  readonly parameters?: (found: Found) => Readonly<Record<string, string>>;
  readonly body?: (found: Found) => Json;
  readonly query?: (found: Found) => Readonly<Record<string, string>>;
  /** Whose, where it is not the operator's. */
  readonly key?: 'second' | 'ticket';
  /** Waits until the build that it starts is over. */
  readonly ends?: true;
  /** The build is made one that runs, and of which something was given up. */
  readonly plants?: true;
}

/** What was answered, by operation: the first answer of each. */
export type Found = (operation: string, ...members: readonly string[]) => string;

const base = { distribution: 'debian', release: 'trixie', architecture: 'amd64' };
export const goodSpec = {
  schemaVersion: 1,
  name: 'edge',
  base,
  packages: { install: ['openssh-server'] },
  system: { hostname: 'edge', timezone: 'Europe/Berlin' },
  groups: [{ name: 'deploy' }],
  users: [{ name: 'ops', groups: ['sudo', 'deploy'] }],
  files: [{ path: '/etc/motd', content: 'hello\n' }],
  services: { enable: ['ssh'] },
  steps: [{ id: 'script', run: 'echo one' }],
  outputs: [{ type: 'tar' }],
} satisfies Json;
const { name: _name, ...nameless } = goodSpec;

const template = {
  parameters: {
    hostname: { type: 'string', format: 'hostname', description: 'What it is called.', default: 'edge' },
    zone: { type: 'enum', values: ['UTC', 'Europe/Berlin'], default: 'UTC' },
  },
  spec: { ...nameless, system: { hostname: referenceTo('hostname'), timezone: referenceTo('zone') } },
} satisfies Json;

/** Hears what few requests cause: each run of a plugin is a process. */
const plugin = {
  declaration: {
    ...{ name: 'chat', description: 'Tells the chat who waits', hooks: ['onEvent'], events: ['approval.requested'] },
    wants: { fetch: ['chat.example.org'] },
  },
  code: 'export function onEvent({ event }) { console.log(event.type, event.detail.buildId); }\n',
} satisfies Json;
const chat = () => ({ name: 'chat' });

const id =
  (operation: string, member = 'id') =>
  (found: Found) => ({ id: found(operation, member) });
const team = (found: Found) => ({ teamId: found('createTeam', 'teamId') });

/** What a tenant is given before it is fuzzed: one of nearly everything, and a build that is over. */
export const firstRequests: readonly FirstRequest[] = [
  { operation: 'startBuild', body: () => goodSpec, ends: true },
  { operation: 'createTeam', body: () => ({ name: 'edge team', description: 'Builds at the edge' }) },
  { operation: 'addMember', body: () => ({ kind: 'service', name: 'ci', roles: ['builder'] }) },
  { operation: 'addMember', body: () => ({ name: 'Ada', email: 'ada@example.com', roles: ['admin'] }) },
  {
    operation: 'setTeamMember',
    parameters: (found) => ({ ...team(found), memberId: found('addMember', 'memberId') }),
    body: () => ({ roles: ['builder'] }),
  },
  { operation: 'setTeamBudget', parameters: team, body: () => ({ microDollars: 5_000_000, thresholds: [50, 80] }) },
  { operation: 'setTeamQuota', parameters: team, body: () => ({ limits: { buildsPerDay: 1_000 } }) },
  { operation: 'setTeamShare', parameters: team, body: () => ({ weight: 3 }) },
  { operation: 'setBudget', body: () => ({ microDollars: 500_000_000, hardStop: false }) },
  {
    operation: 'setRole',
    parameters: () => ({ name: 'reader' }),
    body: () => ({ description: 'Reads', grants: ['builds:read', 'cache:*'] }),
  },
  {
    operation: 'createKey',
    body: (found) => ({ name: 'pipeline', memberId: found('addMember', 'memberId'), scopes: ['builds:read'] }),
  },
  { operation: 'createTemplate', body: () => ({ name: 'edge', description: 'A server', tags: ['web'], ...template }) },
  {
    operation: 'publishTemplateVersion',
    parameters: id('createTemplate'),
    body: () => ({ ...template, spec: { ...template.spec, packages: { install: ['nginx'] } } }),
  },
  { operation: 'setSecret', parameters: () => ({ name: 'token' }), body: () => ({ value: 'hush' }) },
  {
    operation: 'declareUpload',
    body: () => ({ sha256: 'ab'.repeat(32), size: 1_000, name: 'app.tar' }),
  },
  { operation: 'createWebhook', body: () => ({ url: 'https://hooks.example/in', events: ['*'] }) },
  {
    operation: 'setRetentionPolicy',
    parameters: () => ({ name: 'weekly' }),
    body: () => ({ select: { names: ['nightly-*'] }, expire: { afterDays: 30, beyondNewest: 3 } }),
  },
  { operation: 'setRetention', body: () => ({ trashDays: 14, noticeDays: 3 }) },
  { operation: 'setAutomaticRebuilds', body: () => ({ automatic: true, severity: 'high', mostPerDay: 5 }) },
  {
    operation: 'setApprovalPolicy',
    parameters: () => ({ name: 'costly' }),
    body: () => ({ gate: 'build', when: { outputs: ['iso'] }, quorum: 1 }),
  },
  { operation: 'putPlugin', parameters: chat, body: () => plugin },
  { operation: 'enablePlugin', parameters: chat, body: () => ({ order: 10 }) },
  { operation: 'readPlugin', parameters: chat },
  { operation: 'readPluginVersion', parameters: () => ({ ...chat(), version: '1' }) },
  { operation: 'startBuild', body: () => ({ ...goodSpec, name: 'gated', outputs: [{ type: 'iso' }] }) },
  {
    operation: 'startBuild',
    parameters: () => ({}),
    body: () => ({ ...goodSpec, name: 'planted', outputs: [{ type: 'iso' }] }),
    plants: true,
  },
  { operation: 'placeHold', body: (found) => ({ build: found('startBuild', 'id'), reason: 'An audit.' }) },
  { operation: 'startCleanup', body: () => ({ dryRun: true }) },
  { operation: 'createTenant', body: () => ({ name: 'Another tenant', owner: { name: 'Grace' } }) },
  {
    operation: 'setRates',
    parameters: () => ({ from: '2027-01-01' }),
    body: () => json({ name: 'next year', prices: listPrices.prices }),
  },
  { operation: 'readBuildLock', parameters: id('startBuild') },
  { operation: 'listArtifacts', parameters: id('startBuild') },
  { operation: 'readBuild', parameters: id('startBuild') },
  { operation: 'tagArtifacts', parameters: id('startBuild'), body: () => ({ tags: ['release'] }) },
  { operation: 'verifyBuild', parameters: id('startBuild') },
  { operation: 'listCache' },
  { operation: 'listApprovals' },
  { operation: 'listAudit' },
  { operation: 'listDeadLetters' },
  { operation: 'listCleanups' },
  {
    operation: 'listWebhookDeliveries',
    parameters: (found) => ({ id: found('createWebhook', 'webhook', 'id') }),
  },
  { operation: 'listPluginHearings', parameters: chat },
  { operation: 'listKeys' },
  { operation: 'listMembers' },
];

/** Requests that go well after those: they change what was made, so that they are asked for examples and not for fuzzing. */
export const laterRequests: readonly FirstRequest[] = [
  { operation: 'renameTenant', body: () => ({ name: 'Edge builders' }) },
  {
    operation: 'setTenantShare',
    parameters: (found) => ({ tenantId: found('createTenant', 'tenant', 'tenantId') }),
    body: () => ({ weight: 2 }),
  },
  {
    operation: 'setTenantQuota',
    parameters: (found) => ({ tenantId: found('createTenant', 'tenant', 'tenantId') }),
    body: () => ({ tier: 'team', overrides: { buildsPerDay: 200 } }),
  },
  {
    operation: 'changeMember',
    parameters: (found) => ({ memberId: found('addMember', 'memberId') }),
    body: () => ({ roles: ['builder', 'viewer'] }),
  },
  {
    operation: 'rotateKey',
    parameters: (found) => ({ keyId: found('createKey', 'key', 'keyId') }),
    body: () => ({ overlapSeconds: 3_600 }),
  },
  { operation: 'revokeKey', parameters: (found) => ({ keyId: found('createKey', 'key', 'keyId') }) },
  { operation: 'changeTeam', parameters: team, body: () => ({ description: 'Builds what stands at the edge' }) },
  { operation: 'listPluginHearings', parameters: chat },
  {
    operation: 'grantPlugin',
    parameters: chat,
    body: () => ({ version: 1, granted: { fetch: ['chat.example.org'] } }),
  },
  { operation: 'revokePlugin', parameters: chat },
  { operation: 'disablePlugin', parameters: chat },
  { operation: 'validateSpec', body: () => goodSpec },
  { operation: 'previewPlan', body: () => goodSpec },
  { operation: 'scanBuild', parameters: id('startBuild') },
  { operation: 'explainCache', query: (found) => ({ build: found('startBuild', 'id') }) },
  { operation: 'listUsageRecords', query: () => ({ day: new Date().toISOString().slice(0, 10) }) },
  { operation: 'changeTemplate', parameters: id('createTemplate'), body: () => ({ tags: ['web', 'edge'] }) },
  { operation: 'forkTemplate', parameters: id('createTemplate'), body: () => ({ name: 'edge-fork' }) },
  {
    operation: 'changeWebhook',
    parameters: (found) => ({ id: found('createWebhook', 'webhook', 'id') }),
    body: () => ({ events: ['build.*'], description: 'To the chat' }),
  },
  {
    operation: 'rotateWebhookSecret',
    parameters: (found) => ({ id: found('createWebhook', 'webhook', 'id') }),
    body: () => ({ overlapSeconds: 3_600 }),
  },
  { operation: 'pingWebhook', parameters: (found) => ({ id: found('createWebhook', 'webhook', 'id') }) },
  {
    operation: 'replayWebhookDeliveries',
    parameters: (found) => ({ id: found('createWebhook', 'webhook', 'id') }),
    body: () => ({ from: '2026-01-01T00:00:00.000Z', to: '2027-01-01T00:00:00.000Z' }),
  },
  {
    operation: 'exchange',
    parameters: (found) => ({ id: found('planted', 'id'), n: '1' }),
    body: () => ({ kind: 'heartbeat', progress: { step: 'bootstrap', percent: 10 } }),
    key: 'ticket',
  },
  {
    operation: 'diffBuilds',
    parameters: (found) => ({ id: found('startBuild', 'id'), other: found('startBuild', 'id') }),
  },
  {
    operation: 'releaseHold',
    parameters: id('placeHold'),
    body: () => ({ reason: 'The audit is over.' }),
  },
  { operation: 'beginMaintenance', body: () => ({ reason: 'New disks.' }) },
  { operation: 'endMaintenance' },
];
