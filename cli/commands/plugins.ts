import { Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import { hearingStates } from '../../core/plugins/hearings/hearing.ts';
import type { Plugin } from '../../sdk/generated/types.gen.ts';
import { connect } from '../connection.ts';
import type { Output } from '../output.ts';
import { readDeclaration, readPluginText } from '../plugin-file.ts';
import { hearingText, pluginLine, runText, versionText } from '../plugin-report.ts';
import { connectionOptionsSchema, engineCommand } from './common-options.ts';

/** `lbuild plugins …`: the tenant's own rules, as JavaScript. */
export function pluginsCommand(output: Output): Command {
  return new Command('plugins')
    .description('JavaScript of the tenant that changes and judges specs and plans')
    .addCommand(listCommand(output))
    .addCommand(showCommand(output))
    .addCommand(putCommand(output))
    .addCommand(enableCommand(output))
    .addCommand(actCommand(output, 'disable', 'have no version of a plugin run any more'))
    .addCommand(grantCommand(output))
    .addCommand(actCommand(output, 'revoke', 'take back all that was granted to a plugin'))
    .addCommand(removeCommand(output))
    .addCommand(runsCommand(output))
    .addCommand(hearingsCommand(output))
    .addCommand(tellCommand(output))
    .addCommand(testCommand(output));
}

const nameText = 'name of the plugin';

function listCommand(output: Output): Command {
  return engineCommand('ls')
    .description('list plugins')
    .action(async (given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const plugins = await connect(options).plugins.list();
      if (options.json) output.document({ plugins });
      else for (const plugin of plugins) output.line(pluginLine(plugin));
    });
}

const versionOption = z.coerce.number().int().min(1).optional();
const versionedSchema = connectionOptionsSchema.extend({ version: versionOption });

function showCommand(output: Output): Command {
  return engineCommand('show')
    .description('show a version of a plugin with its code')
    .argument('<name>', nameText)
    .option('--version <number>', 'the latest without it')
    .action(async (name: string, given: unknown) => {
      const { version, ...options } = versionedSchema.parse(given);
      const { plugins } = connect(options);
      const found = await plugins.readVersion(name, version ?? (await plugins.read(name)).latest);
      if (options.json) output.document(found);
      else output.line(versionText(found));
    });
}

const putSchema = connectionOptionsSchema.extend({ declaration: z.string(), enable: z.boolean().default(false) });

function putCommand(output: Output): Command {
  return engineCommand('put')
    .description('put a version of a plugin; it is not run before it is enabled')
    .argument('<file>', 'the code: one ES module')
    .requiredOption('--declaration <file>', 'what the plugin declares, in JSON or YAML')
    .option('--enable', 'have it run from now on')
    .action(async (file: string, given: unknown) => {
      const { declaration: declared, enable, ...options } = putSchema.parse(given);
      const declaration = await readDeclaration(declared);
      const { plugins } = connect(options);
      const version = await plugins.put({ declaration, code: await readPluginText(file) });
      if (enable) await plugins.enable(declaration.name, { version: version.version });
      if (options.json) output.document(version);
      else output.line(`${declaration.name}  version ${version.version}${enable ? '  enabled' : ''}`);
    });
}

const enableSchema = versionedSchema.extend({ order: z.coerce.number().int().min(0).optional() });

function enableCommand(output: Output): Command {
  return engineCommand('enable')
    .description('have a version of a plugin run from now on')
    .argument('<name>', nameText)
    .option('--version <number>', 'the latest without it')
    .option('--order <number>', 'its place among the others; as it declares without it')
    .action(async (name: string, given: unknown) => {
      const { version, order, ...options } = enableSchema.parse(given);
      const asked = { ...(version === undefined ? {} : { version }), ...(order === undefined ? {} : { order }) };
      tell(output, await connect(options).plugins.enable(name, asked), options.json);
    });
}

function actCommand(output: Output, act: 'disable' | 'revoke', description: string): Command {
  return engineCommand(act)
    .description(description)
    .argument('<name>', nameText)
    .action(async (name: string, given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      tell(output, await connect(options).plugins[act](name), options.json);
    });
}

const grantSchema = versionedSchema.extend({
  clock: z.boolean().default(false),
  random: z.boolean().default(false),
  fetch: z.array(z.string()).default([]),
});

function grantCommand(output: Output): Command {
  return engineCommand('grant')
    .description('grant what a version wants, or part of it, in place of what was granted')
    .argument('<name>', nameText)
    .option('--version <number>', 'whose wants you looked at; the latest without it')
    .option('--clock', 'it may know the time of the build')
    .option('--random', 'it may have random numbers')
    .option('--fetch <hosts...>', 'hosts that it may ask')
    .action(async (name: string, given: unknown) => {
      const { version, clock, random, fetch, ...options } = grantSchema.parse(given);
      const asked = { granted: { clock, random, fetch }, ...(version === undefined ? {} : { version }) };
      tell(output, await connect(options).plugins.grant(name, asked), options.json);
    });
}

function removeCommand(output: Output): Command {
  return engineCommand('rm')
    .description('remove a plugin with the code of all of its versions')
    .argument('<name>', nameText)
    .action(async (name: string, given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      await connect(options).plugins.remove(name);
      if (options.json) output.document({ name, removed: true });
      else output.line(`${name} removed`);
    });
}

/** Runs that one call shows: more than any build has before its events. */
const shownRuns = 1_000;

function runsCommand(output: Output): Command {
  return engineCommand('runs')
    .description('show the runs of plugins for a build')
    .argument('<build>', 'id of the build')
    .action(async (id: string, given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const runs = await connect(options).plugins.runs(id).all(shownRuns);
      if (options.json) output.document({ runs });
      else for (const run of runs) output.line(runText(run));
    });
}

const hearingsSchema = connectionOptionsSchema.extend({
  state: z.enum(hearingStates).optional(),
  most: z.coerce.number().int().min(1).default(50),
});

function hearingsCommand(output: Output): Command {
  return engineCommand('hearings')
    .description('show events that a plugin was told, or is to be, with the last run of each')
    .argument('<name>', nameText)
    .addOption(new Option('--state <state>', 'only those that stand so').choices(hearingStates))
    .option('--most <number>', 'so many, the latest first', '50')
    .action(async (name: string, given: unknown) => {
      const { state, most, ...options } = hearingsSchema.parse(given);
      const query = state === undefined ? {} : { state };
      const hearings = await connect(options).plugins.hearings(name, query).all(most);
      if (options.json) output.document({ hearings });
      else for (const hearing of hearings) output.line(hearingText(hearing));
    });
}

function tellCommand(output: Output): Command {
  return engineCommand('tell')
    .description('tell a plugin of an event again, however that ended, within a minute')
    .argument('<name>', nameText)
    .argument('<hearing>', 'id of the hearing')
    .action(async (name: string, id: string, given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const hearing = await connect(options).plugins.tellAgain(name, id);
      if (options.json) output.document(hearing);
      else output.line(hearingText(hearing));
    });
}

function testCommand(output: Output): Command {
  return new Command('test')
    .description('run a hook of a plugin here, in the very sandbox, without any engine')
    .argument('<file>', 'the code: one ES module')
    .requiredOption('--hook <name>', 'the function to call', needHook)
    .requiredOption('--input <file>', 'what it is called with, in JSON or YAML: { spec: …, context: … }')
    .option('--declaration <file>', 'what the plugin declares; all that it wants is granted')
    .option('--json', 'answer with one JSON document')
    .action(async (file: string, given: unknown) => {
      const { testPlugin } = await import('./plugin-test.ts');
      await testPlugin(output, file, given);
    });
}

const hooks = ['transformSpec', 'validateSpec', 'planPolicy', 'onEvent'];
function needHook(name: string): string {
  if (hooks.includes(name)) return name;
  throw new InvalidArgumentError(`It is one of ${hooks.join(', ')}.`);
}

function tell(output: Output, plugin: Plugin, json: boolean): void {
  if (json) output.document(plugin);
  else output.line(pluginLine(plugin));
}
