import { randomUUID } from 'node:crypto';
import { Command, Option } from 'commander';
import { z } from 'zod';
import type { LinuxBuilderClient } from '../../sdk/client.ts';
import { ApiProblem } from '../../sdk/engine-error.ts';
import type { Build, CacheEntry, RemovedResult } from '../../sdk/generated/types.gen.ts';
import { buildLine } from '../build-report.ts';
import { cacheLine, explanationText, sizeText, statsText } from '../cache-report.ts';
import { connect } from '../connection.ts';
import { CliFailure } from '../failure.ts';
import type { Output } from '../output.ts';
import { planText } from '../plan-report.ts';
import { readSpecFile, withPlaces } from '../spec-file.ts';
import { connectionOptionsSchema, engineCommand } from './common-options.ts';

/** `lbuild cache …`: what is cached, why something was not, and what is to go or to come. */
export function cacheCommand(output: Output): Command {
  return new Command('cache')
    .description('the cache: what it holds, why a step is no hit, emptying and warming it')
    .addCommand(listCommand(output))
    .addCommand(statsCommand(output))
    .addCommand(explainCommand(output))
    .addCommand(removeCommand(output))
    .addCommand(warmCommand(output));
}

const listOptionsSchema = connectionOptionsSchema.extend({
  limit: z.coerce.number().int().min(1).max(100),
  scope: z.enum(['tenant', 'shared', 'pool']).optional(),
  program: z.string().optional(),
  cursor: z.string().optional(),
});

function listCommand(output: Output): Command {
  return engineCommand('ls')
    .description('list what is cached, the last used first')
    .option('--limit <number>', 'at most so many (1 to 100)', '20')
    .addOption(
      new Option(
        '--scope <scope>',
        'only your own, or only shared ones that you used; pool: all shared, for operators',
      ).choices(['tenant', 'shared', 'pool']),
    )
    .option('--program <program>', 'only results of this step program')
    .option('--cursor <cursor>', 'go on where the list before ended')
    .action(async (given: unknown) => {
      const { limit, scope, program, cursor, ...options } = listOptionsSchema.parse(given);
      const list = await connect(options)
        .cache.list({
          limit,
          ...(scope === undefined ? {} : { scope }),
          ...(program === undefined ? {} : { program }),
          ...(cursor === undefined ? {} : { cursor }),
        })
        .page();
      if (options.json) {
        output.document(list);
        return;
      }
      for (const entry of list.entries) output.line(cacheLine(entry));
      if (list.cursor !== undefined) output.note(`more: lbuild cache ls --cursor ${list.cursor}`);
    });
}

const statsOptionsSchema = connectionOptionsSchema.extend({ days: z.coerce.number().int().min(1).max(400) });

function statsCommand(output: Output): Command {
  return engineCommand('stats')
    .description('sizes by scope and kind, and hit rates by step program')
    .option('--days <number>', 'days of the hit rates', '30')
    .action(async (given: unknown) => {
      const options = statsOptionsSchema.parse(given);
      const stats = await connect(options).cache.readStats(options.days);
      if (options.json) output.document(stats);
      else output.line(statsText(stats));
    });
}

function explainCommand(output: Output): Command {
  return engineCommand('explain')
    .description('why each step of a build was no hit, or of a spec would be none now')
    .argument('<spec-or-build>', 'a spec’s file (- is standard input), or the id of a build')
    .action(async (what: string, given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const engine = connect(options);
      if (/^bld_[0-9A-Za-z]+$/.test(what)) {
        const explanation = await engine.cache.explain(what);
        if (options.json) output.document(explanation);
        else output.line(explanationText(explanation));
        return;
      }
      const spec = await readSpecFile(what);
      const plan = await withPlaces(spec, engine.builds.preview(spec));
      if (options.json) output.document({ name: plan.name, comparedWith: plan.comparedWith, steps: plan.steps });
      else output.line(planText(plan));
    });
}

const removeOptionsSchema = connectionOptionsSchema.extend({
  program: z.string().optional(),
  olderThan: z
    .string()
    .regex(/^[1-9]\d{0,3}[hd]$/, 'not a time such as 12h or 7d')
    .optional(),
  shared: z.boolean().default(false),
});

function removeCommand(output: Output): Command {
  return engineCommand('rm')
    .description('remove results from the cache, so that their steps run again; what a build needs stays')
    .argument('[keys...]', 'keys, as `lbuild cache ls` shows them')
    .option('--program <program>', 'all of this step program')
    .option('--older-than <time>', 'all that was not used for so long: 12h, 7d')
    .option('--shared', 'in the pool that all tenants share; for operators')
    .action(async (keys: string[], given: unknown) => {
      const options = removeOptionsSchema.parse(given);
      const chosen = options.program !== undefined || options.olderThan !== undefined;
      if (chosen === keys.length > 0) {
        throw new CliFailure('usage', {
          code: 'cli.usage',
          detail: chosen ? 'Both keys and a choice are given.' : 'Nothing says what to remove.',
          remedy: 'Give keys, or --program or --older-than or both.',
        });
      }
      const engine = connect(options);
      const wanted = chosen ? await chosenKeys(engine, options) : keys;
      const removed: RemovedResult[] = [];
      const kept: { key: string; code: string }[] = [];
      for (const key of wanted) {
        try {
          removed.push(await engine.cache.remove(key, options.shared ? 'shared' : 'tenant'));
        } catch (error) {
          // Of many that were not named one by one, those that a build needs are passed over.
          const code = chosen && error instanceof ApiProblem ? error.problem.code : '';
          if (code !== 'cache.in_use' && code !== 'cache.not_found') throw error;
          kept.push({ key, code });
        }
      }
      if (options.json) {
        output.document({ removed, kept });
        return;
      }
      for (const { key, program, bytes } of removed) output.line(`${key}  ${program}  ${sizeText(bytes)}`);
      for (const { key, code } of kept) output.note(`${key} stays: ${code}`);
    });
}

/** Keys of the tenant's own results, or of the pool, that a choice means. The list is read to its end first. */
async function chosenKeys(
  engine: LinuxBuilderClient,
  options: z.output<typeof removeOptionsSchema>,
): Promise<string[]> {
  const hours = Number(options.olderThan?.slice(0, -1) ?? 0) * (options.olderThan?.endsWith('d') === true ? 24 : 1);
  const latest = new Date(Date.now() - hours * 3_600_000).toISOString();
  const found: CacheEntry[] = [];
  let cursor: string | undefined;
  do {
    const page = await engine.cache
      .list({
        limit: 100,
        scope: options.shared ? 'pool' : 'tenant',
        ...(options.program === undefined ? {} : { program: options.program }),
        ...(cursor === undefined ? {} : { cursor }),
      })
      .page();
    found.push(...page.entries);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return found.filter(({ lastUsedAt }) => lastUsedAt <= latest).map(({ key }) => key);
}

const warmOptionsSchema = connectionOptionsSchema.extend({
  preset: z.array(z.string()).default([]),
  file: z.array(z.string()).default([]),
});

function warmCommand(output: Output): Command {
  return engineCommand('warm')
    .description(
      'build ahead what all tenants share, when nothing else waits; for operators. Without options: every preset',
    )
    .option('--preset <name...>', 'of these presets')
    .option('--file <spec...>', 'of these specs, in YAML, JSON or TOML')
    .action(async (given: unknown) => {
      const options = warmOptionsSchema.parse(given);
      const engine = connect(options);
      const specs = await Promise.all(options.file.map(readSpecFile));
      const calls = [
        ...options.preset.map((preset) => ({ call: { preset }, spec: undefined })),
        ...specs.map((spec) => ({ call: { spec }, spec })),
      ];
      const builds: Build[] = [];
      for (const { call, spec } of calls.length === 0 ? [{ call: {}, spec: undefined }] : calls) {
        const warming = engine.cache.warm({ ...call, idempotencyKey: randomUUID() });
        builds.push(...(await withPlaces(spec, warming)).builds);
      }
      if (options.json) output.document({ builds });
      else for (const build of builds) output.line(buildLine(build));
    });
}
