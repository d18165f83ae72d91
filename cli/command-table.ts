import type { Command } from 'commander';
import type { Output } from './output.ts';

/** Makes a command. */
export type CommandMaker = (output: Output) => Promise<Command>;

/**
 * The commands by name, in the order of the help. Each is loaded where it is called: the parts of all of them take longer to
 * load than most commands take.
 */
export const commandTable: readonly (readonly [name: string, load: CommandMaker])[] = [
  ['local', async (output) => (await import('./commands/local.ts')).localCommand(output)],
  ['login', async (output) => (await import('./commands/login.ts')).loginCommand(output)],
  ['logout', async (output) => (await import('./commands/login.ts')).logoutCommand(output)],
  ['profiles', async (output) => (await import('./commands/login.ts')).profilesCommand(output)],
  ['init', async (output) => (await import('./commands/init.ts')).initCommand(output)],
  ['import', async (output) => (await import('./commands/import.ts')).importCommand(output)],
  ['schema', async (output) => (await import('./commands/schema.ts')).schemaCommand(output)],
  ['capabilities', async (output) => (await import('./commands/capabilities.ts')).capabilitiesCommand(output)],
  ['validate', async (output) => (await import('./commands/validate.ts')).validateCommand(output)],
  ['plan', async (output) => (await import('./commands/plan.ts')).planCommand(output)],
  ['start', async (output) => (await import('./commands/start.ts')).startCommand(output)],
  ['resume', async (output) => (await import('./commands/resume.ts')).resumeCommand(output)],
  ['retry', async (output) => (await import('./commands/retry.ts')).retryCommand(output)],
  ['status', async (output) => (await import('./commands/status.ts')).statusCommand(output)],
  ['lock', async (output) => (await import('./commands/lock.ts')).lockCommand(output)],
  ['trace', async (output) => (await import('./commands/trace.ts')).traceCommand(output)],
  ['logs', async (output) => (await import('./commands/logs.ts')).logsCommand(output)],
  ['download', async (output) => (await import('./commands/download.ts')).downloadCommand(output)],
  ['verify-artifact', async (output) => (await import('./commands/verify-artifact.ts')).verifyArtifactCommand(output)],
  ['signing-key', async (output) => (await import('./commands/signing-key.ts')).signingKeyCommand(output)],
  ['cancel', async (output) => (await import('./commands/cancel.ts')).cancelCommand(output)],
  ['diff', async (output) => (await import('./commands/diff.ts')).diffCommand(output)],
  ['verify', async (output) => (await import('./commands/verify.ts')).verifyCommand(output)],
  ['list', async (output) => (await import('./commands/list.ts')).listCommand(output)],
  ['builds', async (output) => (await import('./commands/list.ts')).buildsCommand(output)],
  ['cache', async (output) => (await import('./commands/cache.ts')).cacheCommand(output)],
  ['uploads', async (output) => (await import('./commands/uploads.ts')).uploadsCommand(output)],
  ['secrets', async (output) => (await import('./commands/secrets.ts')).secretsCommand(output)],
  ['templates', async (output) => (await import('./commands/templates.ts')).templatesCommand(output)],
  ['presets', async (output) => (await import('./commands/templates.ts')).presetsCommand(output)],
  ['whoami', async (output) => (await import('./commands/tenant.ts')).whoamiCommand(output)],
  ['keys', async (output) => (await import('./commands/keys.ts')).keysCommand(output)],
  ['members', async (output) => (await import('./commands/members.ts')).membersCommand(output)],
  ['teams', async (output) => (await import('./commands/teams.ts')).teamsCommand(output)],
  ['roles', async (output) => (await import('./commands/roles.ts')).rolesCommand(output)],
  ['tenants', async (output) => (await import('./commands/tenant.ts')).tenantsCommand(output)],
  ['quota', async (output) => (await import('./commands/quota.ts')).quotaCommand(output)],
  ['usage', async (output) => (await import('./commands/usage.ts')).usageCommand(output)],
  ['billing', async (output) => (await import('./commands/billing.ts')).billingCommand(output)],
  ['approvals', async (output) => (await import('./commands/approvals.ts')).approvalsCommand(output)],
  ['retention', async (output) => (await import('./commands/retention.ts')).retentionCommand(output)],
  ['trash', async (output) => (await import('./commands/trash.ts')).trashCommand(output)],
  ['holds', async (output) => (await import('./commands/holds.ts')).holdsCommand(output)],
  ['audit', async (output) => (await import('./commands/audit.ts')).auditCommand(output)],
  ['webhooks', async (output) => (await import('./commands/webhooks.ts')).webhooksCommand(output)],
  ['dlq', async (output) => (await import('./commands/dlq.ts')).dlqCommand(output)],
  ['maintenance', async (output) => (await import('./commands/maintenance.ts')).maintenanceCommand(output)],
  ['analytics', async (output) => (await import('./commands/analytics.ts')).analyticsCommand(output)],
  ['doctor', async (output) => (await import('./commands/doctor.ts')).doctorCommand(output)],
  ['admin', async (output) => (await import('./commands/admin.ts')).adminCommand(output)],
  ['completion', async (output) => (await import('./commands/completion.ts')).completionCommand(output)],
];
