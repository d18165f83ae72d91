import { setTimeout as sleep } from 'node:timers/promises';
import { Command, Option } from 'commander';
import { z } from 'zod';
import { cleanupTaskSchema, cleanupTasks } from '../../core/retention/finding.ts';
import type { Cleanup, CleanupEntry, RetentionPolicy, SetRetentionPolicyData } from '../../sdk/generated/types.gen.ts';
import { connect } from '../connection.ts';
import type { Output } from '../output.ts';
import { cleanupEntryLine, cleanupText, imageLine, retentionPolicyLine } from '../retention-report.ts';
import { connectionOptionsSchema, engineCommand } from './common-options.ts';

/** `lbuild retention …`: what is kept for how long, and what cleanups did. */
export function retentionCommand(output: Output): Command {
  return new Command('retention')
    .description('what is kept for how long: policies, tags, cleanups and their reports')
    .addCommand(listCommand(output))
    .addCommand(setCommand(output))
    .addCommand(removeCommand(output))
    .addCommand(settingsCommand(output))
    .addCommand(showCommand(output))
    .addCommand(tagCommand(output))
    .addCommand(runCommand(output))
    .addCommand(reportsCommand(output))
    .addCommand(reportCommand(output));
}

function listCommand(output: Output): Command {
  return engineCommand('ls')
    .description('list policies')
    .action(async (given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const policies: RetentionPolicy[] = [];
      for await (const policy of connect(options).retention.listPolicies()) policies.push(policy);
      if (options.json) output.document({ policies });
      else for (const policy of policies) output.line(retentionPolicyLine(policy));
    });
}

const policyOptionsSchema = connectionOptionsSchema.extend({
  keep: z.boolean().default(false),
  afterDays: z.coerce.number().optional(),
  unusedDays: z.coerce.number().optional(),
  beyondNewest: z.coerce.number().optional(),
  per: z.enum(['template', 'name']).optional(),
  description: z.string().optional(),
  template: z.array(z.string()).optional(),
  team: z.array(z.string()).optional(),
  name: z.array(z.string()).optional(),
  tag: z.array(z.string()).optional(),
});
type PolicyOptions = z.output<typeof policyOptionsSchema>;

function setCommand(output: Output): Command {
  return engineCommand('set')
    .description('make a policy, or replace it; all conditions that are given must hold')
    .argument('<policy>', 'its name: lower-case letters, digits and inner hyphens')
    .option('--after-days <n>', 'they go so many days after the end of their builds')
    .option('--unused-days <n>', 'they go when nobody has downloaded them for so many days')
    .option('--beyond-newest <n>', 'so many of each template (or name) stay')
    .addOption(new Option('--per <group>', 'what the newest are counted by').choices(['template', 'name']))
    .option('--keep', 'they stay, whatever other policies say')
    .option('--name <name...>', 'only images of specs of these names; `*` at the end is any end')
    .option('--template <name...>', 'only images of these templates')
    .option('--team <id...>', 'only images of these teams')
    .option('--tag <tag...>', 'only images with one of these tags')
    .option('--description <text>', 'one line, for people')
    .action(async (policyName: string, given: unknown) => {
      const options = policyOptionsSchema.parse(given);
      const policy = await connect(options).retention.setPolicy(policyName, policyBody(options));
      if (options.json) output.document(policy);
      else output.line(retentionPolicyLine(policy));
    });
}

function policyBody(options: PolicyOptions): SetRetentionPolicyData['body'] {
  const { keep, afterDays, unusedDays, beyondNewest, per, description, template, team, name, tag } = options;
  return {
    ...(description === undefined ? {} : { description }),
    select: {
      ...(template === undefined ? {} : { templates: template }),
      ...(team === undefined ? {} : { teams: team }),
      ...(name === undefined ? {} : { names: name }),
      ...(tag === undefined ? {} : { tags: tag }),
    },
    expire: keep
      ? null
      : {
          ...(afterDays === undefined ? {} : { afterDays }),
          ...(unusedDays === undefined ? {} : { unusedDays }),
          ...(beyondNewest === undefined ? {} : { beyondNewest }),
          ...(per === undefined ? {} : { per }),
        },
  };
}

function removeCommand(output: Output): Command {
  return engineCommand('rm')
    .description('remove a policy; what it put into the trash stays there')
    .argument('<policy>', 'as `ls` shows it')
    .action(async (name: string, given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      await connect(options).retention.removePolicy(name);
      if (options.json) output.document({ name, removed: true });
      else output.line(`${name} removed`);
    });
}

const settingsOptionsSchema = connectionOptionsSchema.extend({
  trashDays: z.coerce.number().optional(),
  noticeDays: z.coerce.number().optional(),
});

function settingsCommand(output: Output): Command {
  return engineCommand('settings')
    .description('show how long the trash keeps things and when notice is given, or set it')
    .option('--trash-days <n>', 'days that the trash keeps what is removed from now on')
    .option('--notice-days <n>', 'days before an image expires that this is told; 0: never')
    .action(async (given: unknown) => {
      const { trashDays, noticeDays, ...options } = settingsOptionsSchema.parse(given);
      const engine = connect(options);
      const before = await engine.retention.read();
      const asked = trashDays !== undefined || noticeDays !== undefined;
      const after = {
        trashDays: trashDays ?? before.trashDays,
        noticeDays: noticeDays ?? before.noticeDays,
      };
      const settings = asked ? await engine.retention.set(after) : before;
      if (options.json) output.document(settings);
      else output.line(`trash ${settings.trashDays} days, notice ${settings.noticeDays} days before`);
    });
}

function showCommand(output: Output): Command {
  return engineCommand('show')
    .description('show whether what a build made is kept, and what protects it')
    .argument('<build>', 'id of the build')
    .action(async (id: string, given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const shown = await connect(options).builds.readRetention(id);
      if (options.json) return output.document(shown);
      output.line(imageLine(shown.image));
      for (const { reason, by } of shown.protections)
        output.line(`  protected: ${reason}${by === undefined ? '' : ` ${by}`}`);
    });
}

function tagCommand(output: Output): Command {
  return engineCommand('tag')
    .description('replace the tags of what a build made; without any they are taken away')
    .argument('<build>', 'id of the build')
    .argument('[tags...]', 'lower-case letters, digits, inner dots, hyphens and underscores')
    .action(async (id: string, tags: string[], given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const image = await connect(options).builds.tagArtifacts(id, tags);
      if (options.json) output.document(image);
      else output.line(imageLine(image));
    });
}

const installationOption = () => new Option('--installation', 'of the whole installation, for its operator');
const scopedSchema = connectionOptionsSchema.extend({ installation: z.boolean().default(false) });
const scopeOf = (installation: boolean) => ({ scope: installation ? ('installation' as const) : ('tenant' as const) });

const runOptionsSchema = scopedSchema.extend({
  dryRun: z.boolean().default(false),
  task: z.array(cleanupTaskSchema).optional(),
});

/** How long the report of a cleanup is waited for: a function has 15 minutes. */
const longestWait = 900_000;
const askEvery = 1_000;

function runCommand(output: Output): Command {
  return engineCommand('run')
    .description('clean up now, and print the report')
    .option('--dry-run', 'list what would go now, and remove nothing')
    .addOption(new Option('--task <task...>', 'only these').choices(cleanupTasks))
    .addOption(installationOption())
    .action(async (given: unknown) => {
      const { dryRun, task, installation, ...options } = runOptionsSchema.parse(given);
      const engine = connect(options);
      const of = scopeOf(installation);
      let cleanup = await engine.retention.startCleanup({
        dryRun,
        ...of,
        ...(task === undefined ? {} : { tasks: task }),
      });
      for (let waited = 0; cleanup.state !== 'done' && waited < longestWait; waited += askEvery) {
        await sleep(askEvery);
        cleanup = await engine.retention.readCleanup(cleanup.id, of);
      }
      await tellReport(output, cleanup, engine.retention.listCleanupEntries(cleanup.id, of), options.json);
    });
}

function reportsCommand(output: Output): Command {
  return engineCommand('reports')
    .description('list reports of cleanups, the latest first')
    .addOption(installationOption())
    .action(async (given: unknown) => {
      const { installation, ...options } = scopedSchema.parse(given);
      const cleanups: Cleanup[] = [];
      for await (const cleanup of connect(options).retention.listCleanups(scopeOf(installation))) {
        cleanups.push(cleanup);
        if (!options.json) output.line(cleanupText(cleanup));
      }
      if (options.json) output.document({ cleanups });
    });
}

function reportCommand(output: Output): Command {
  return engineCommand('report')
    .description('print the report of a cleanup')
    .argument('<id>', 'as `reports` shows it')
    .addOption(installationOption())
    .action(async (id: string, given: unknown) => {
      const { installation, ...options } = scopedSchema.parse(given);
      const engine = connect(options);
      const of = scopeOf(installation);
      await tellReport(
        output,
        await engine.retention.readCleanup(id, of),
        engine.retention.listCleanupEntries(id, of),
        options.json,
      );
    });
}

async function tellReport(
  output: Output,
  cleanup: Cleanup,
  found: AsyncIterable<CleanupEntry>,
  json: boolean,
): Promise<void> {
  const entries: CleanupEntry[] = [];
  for await (const entry of found) entries.push(entry);
  if (json) return output.document({ ...cleanup, entries });
  output.line(cleanupText(cleanup));
  for (const entry of entries) output.line(cleanupEntryLine(entry));
}
