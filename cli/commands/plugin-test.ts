import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { createPluginRunner } from '../../adapters/quickjs/plugin-runner.ts';
import { toJson } from '../../core/json.ts';
import { hookContracts } from '../../core/plugins/contracts.ts';
import { pluginDeclarationSchema } from '../../core/plugins/declaration.ts';
import { pluginFailures } from '../../core/plugins/failures.ts';
import { pluginHooks } from '../../core/plugins/hooks.ts';
import { runHook } from '../../core/plugins/run-hook.ts';
import { CliFailure } from '../failure.ts';
import { type Output, readableJson } from '../output.ts';
import { readDeclaration, readPluginData, readPluginText } from '../plugin-file.ts';
import { runText } from '../plugin-report.ts';

const optionsSchema = z.object({
  hook: z.enum(pluginHooks),
  input: z.string(),
  declaration: z.string().optional(),
  json: z.boolean().default(false),
});

/** Node's first version whose permission model the sandbox is shut in by. */
const leastNode = 24;

/** Runs a hook once, as the engine would, and prints what came of it. */
export async function testPlugin(output: Output, file: string, given: unknown): Promise<void> {
  const { hook, input: inputFile, declaration: declared, json } = optionsSchema.parse(given);
  if (Number.parseInt(process.versions.node, 10) < leastNode) {
    throw new CliFailure('usage', {
      code: 'cli.node_too_old',
      detail: `The sandbox needs Node ${leastNode}; this is ${process.versions.node}.`,
      remedy: `Run lbuild with Node ${leastNode} or later.`,
    });
  }
  const [code, input, declaration] = await Promise.all([
    readPluginText(file),
    readPluginData(inputFile),
    declared === undefined ? pluginDeclarationSchema.parse(bareDeclaration(hook)) : readDeclaration(declared),
  ]);
  const contract = hookContracts[hook];
  const read = contract.input.safeParse(input);
  if (!read.success) {
    throw new CliFailure('usage', {
      code: 'cli.input_invalid',
      detail: `${inputFile} is not what ${hook} is called with.`,
      remedy: 'docs/plugins.md says what each hook is called with.',
      fields: read.error.issues.map(({ path: at, message }) => ({
        ...{ path: at.map(String).join('.'), code: 'cli.input_invalid', reason: message, remedy: '' },
      })),
    });
  }
  const moment = { now: new Date().toISOString(), seed: 'test' };
  const plugin = { ...declaration, version: 1, code, granted: declaration.wants };
  const runs = {
    runner: createPluginRunner(packedSandbox()),
    tenantId: 'test',
    moment,
    signal: new AbortController().signal,
  };
  const run = await runHook(runs, plugin, hook, read.data as never, contract.output as z.ZodType<unknown>);
  const result = run.ok ? toJson(run.output) : null;
  if (json) output.document({ result, run: run.record });
  else {
    output.note(runText(run.record));
    if (run.ok) output.line(readableJson(result));
  }
  if (run.ok) return;
  const { code: failure, reason } = run.record;
  throw new CliFailure('failed', { code: failure, detail: reason, remedy: pluginFailures[failure].remedy });
}

const bareDeclaration = (hook: string) => ({
  ...{ name: 'test', hooks: [hook] },
  ...(hook === 'onEvent' ? { events: ['*'] } : {}),
});

/** In the package of the CLI, both lie beside the code. */
function packedSandbox(): { readonly sandboxFile: string; readonly engineFile: string } | undefined {
  const folder = path.dirname(fileURLToPath(import.meta.url));
  const sandboxFile = path.join(folder, 'sandbox-process.js');
  return existsSync(sandboxFile) ? { sandboxFile, engineFile: path.join(folder, 'quickjs.wasm') } : undefined;
}
