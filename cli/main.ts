import { Command, CommanderError } from 'commander';
import { adminCommand } from './commands/admin.ts';
import { analyticsCommand } from './commands/analytics.ts';
import { approvalsCommand } from './commands/approvals.ts';
import { auditCommand } from './commands/audit.ts';
import { billingCommand } from './commands/billing.ts';
import { cacheCommand } from './commands/cache.ts';
import { cancelCommand } from './commands/cancel.ts';
import { capabilitiesCommand } from './commands/capabilities.ts';
import { completeCommand, completionCommand } from './commands/completion.ts';
import { diffCommand } from './commands/diff.ts';
import { dlqCommand } from './commands/dlq.ts';
import { doctorCommand } from './commands/doctor.ts';
import { downloadCommand } from './commands/download.ts';
import { holdsCommand } from './commands/holds.ts';
import { importCommand } from './commands/import.ts';
import { initCommand } from './commands/init.ts';
import { keysCommand } from './commands/keys.ts';
import { listCommand } from './commands/list.ts';
import { localCommand } from './commands/local.ts';
import { lockCommand } from './commands/lock.ts';
import { loginCommand, logoutCommand, profilesCommand } from './commands/login.ts';
import { logsCommand } from './commands/logs.ts';
import { maintenanceCommand } from './commands/maintenance.ts';
import { membersCommand } from './commands/members.ts';
import { planCommand } from './commands/plan.ts';
import { quotaCommand } from './commands/quota.ts';
import { resumeCommand } from './commands/resume.ts';
import { retentionCommand } from './commands/retention.ts';
import { retryCommand } from './commands/retry.ts';
import { rolesCommand } from './commands/roles.ts';
import { schemaCommand } from './commands/schema.ts';
import { secretsCommand } from './commands/secrets.ts';
import { signingKeyCommand } from './commands/signing-key.ts';
import { startCommand } from './commands/start.ts';
import { statusCommand } from './commands/status.ts';
import { teamsCommand } from './commands/teams.ts';
import { presetsCommand, templatesCommand } from './commands/templates.ts';
import { tenantsCommand, whoamiCommand } from './commands/tenant.ts';
import { traceCommand } from './commands/trace.ts';
import { trashCommand } from './commands/trash.ts';
import { uploadsCommand } from './commands/uploads.ts';
import { usageCommand } from './commands/usage.ts';
import { validateCommand } from './commands/validate.ts';
import { verifyCommand } from './commands/verify.ts';
import { verifyArtifactCommand } from './commands/verify-artifact.ts';
import { webhooksCommand } from './commands/webhooks.ts';
import { setExit } from './exit.ts';
import { exitCodeTable } from './exit-codes.ts';
import { asCliFailure, failureDocument, failureText } from './failure.ts';
import { processOutput } from './output.ts';
import about from './package.json' with { type: 'json' };

const output = processOutput();
const program = new Command('lbuild')
  .description('Custom Linux images from a spec: start builds, follow them, download what they made.')
  .version(about.version, '-V, --version', 'print the version')
  .addHelpText('after', `\nExit codes:\n${exitCodeTable()}`);

const commands = [
  localCommand,
  loginCommand,
  logoutCommand,
  profilesCommand,
  initCommand,
  importCommand,
  schemaCommand,
  capabilitiesCommand,
  validateCommand,
  planCommand,
  startCommand,
  resumeCommand,
  retryCommand,
  statusCommand,
  lockCommand,
  traceCommand,
  logsCommand,
  downloadCommand,
  verifyArtifactCommand,
  signingKeyCommand,
  cancelCommand,
  diffCommand,
  verifyCommand,
  listCommand,
  cacheCommand,
  uploadsCommand,
  secretsCommand,
  templatesCommand,
  presetsCommand,
  whoamiCommand,
  keysCommand,
  membersCommand,
  teamsCommand,
  rolesCommand,
  tenantsCommand,
  quotaCommand,
  usageCommand,
  billingCommand,
  approvalsCommand,
  retentionCommand,
  trashCommand,
  holdsCommand,
  auditCommand,
  webhooksCommand,
  dlqCommand,
  maintenanceCommand,
  analyticsCommand,
  doctorCommand,
  adminCommand,
  completionCommand,
];
for (const make of commands) program.addCommand(make(output));
program.addCommand(completeCommand(output, program), { hidden: true });
throwOnExit(program);

/** Commander ends the process where usage is wrong; here it throws, so that exit codes are set in one place. */
function throwOnExit(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) throwOnExit(child);
}

// A reader that has seen enough (`lbuild logs ID | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Its message stands on standard error already; help that was asked for is no failure.
    if (error.exitCode !== 0) setExit('usage');
  } else {
    const failure = asCliFailure(error);
    if (process.argv.includes('--json')) output.document(failureDocument(failure));
    else output.note(failureText(failure));
    setExit(failure.exit);
  }
}
