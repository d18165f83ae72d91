import type { z } from 'zod';
import { printable } from '../builds/printable.ts';
import { toJson } from '../json.ts';
import type { PluginRunner } from '../ports/plugin-runner.ts';
import { fieldPathText } from '../spec/field-path.ts';
import { isJsonList } from '../templates/document.ts';
import { utf8Length } from '../text.ts';
import type { HookInput } from './contracts.ts';
import type { Plugin } from './declaration.ts';
import type { PluginFailureCode } from './failures.ts';
import { grantsOf, limitsOf, type Moment } from './grants.ts';
import { type PluginHook, pluginHooks } from './hooks.ts';
import { pluginLimits } from './limits.ts';
import { figuresOf, type PluginRunRecord } from './run-record.ts';

/** What all runs of a build or an event have in common. */
export interface PluginRuns {
  readonly runner: PluginRunner;
  readonly tenantId: string;
  readonly moment: Moment;
  readonly signal: AbortSignal;
}

/** A run that came to a result as its contract has it, or to none. The record tells of it either way. */
export type HookRun<Output> =
  | { readonly ok: true; readonly output: Output; readonly record: PluginRunRecord }
  | { readonly ok: false; readonly record: FailedRun };

/** The record of a run that failed: why is known. */
export type FailedRun = PluginRunRecord & { readonly code: PluginFailureCode; readonly reason: string };

/**
 * Runs a hook of a plugin once.
 * @param output the contract of its result
 * @throws EngineError service.unavailable; the signal's reason
 */
export async function runHook<Hook extends PluginHook, Output>(
  { runner, tenantId, moment, signal }: PluginRuns,
  plugin: Plugin,
  hook: Hook,
  input: HookInput<Hook>,
  output: z.ZodType<Output>,
): Promise<HookRun<Output>> {
  const outcome = await runner.run(
    {
      ...{ tenantId, code: plugin.code, hook, input: toJson(input) },
      ...{ limits: limitsOf(plugin), grants: grantsOf(plugin, hook, moment) },
    },
    signal,
  );
  const { name, version, onFailure } = plugin;
  const record = { plugin: name, version, hook, onFailure, ...figuresOf(outcome) };
  const failed = (code: PluginFailureCode, reason: string): HookRun<Output> => ({
    ok: false,
    record: { ...record, outcome: 'failed', code, reason: shown(reason) },
  });
  if (!outcome.ok) return failed(outcome.code, outcome.reason);
  const result = output.safeParse(outcome.output);
  if (!result.success) return failed('plugin.output', contractFault(result.error));
  return { ok: true, output: result.data, record: { ...record, outcome: 'succeeded' } };
}

/** The run as one that failed after all: what it returned is good for nothing. */
export function failedAfter(record: PluginRunRecord, code: PluginFailureCode, reason: string): FailedRun {
  return { ...record, outcome: 'failed', code, reason: shown(reason) };
}

/** One line: what a plugin wrote may be in it. */
const shown = (text: string): string =>
  printable(text.replaceAll(/\s+/g, ' ')).slice(0, pluginLimits.reason.value).toWellFormed();

/** The first thing that a result lacks. */
function contractFault({ issues: [issue] }: z.ZodError): string {
  if (issue === undefined) return 'the result is not what the hook returns';
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  return `the result is not what the hook returns: ${fieldPathText(path) || 'as a whole'}: ${issue.message}`;
}

/**
 * The hooks that code exports, for who is about to take it as a version. Nothing of it is called, but its top level runs.
 * @returns what is wrong with it, where it cannot be loaded
 */
export async function exportedHooks(
  runner: PluginRunner,
  plugin: Pick<Plugin, 'code' | 'timeoutMilliseconds'> & { readonly tenantId: string },
  signal: AbortSignal,
): Promise<
  | { readonly ok: true; readonly hooks: readonly PluginHook[] }
  | { readonly ok: false; readonly code: PluginFailureCode; readonly reason: string }
> {
  const { value: most } = pluginLimits.codeBytes;
  const bytes = utf8Length(plugin.code);
  if (bytes > most) {
    return {
      ok: false,
      code: 'plugin.code_too_large',
      reason: `the code has ${bytes} bytes; at most ${most} are taken`,
    };
  }
  const { tenantId, code } = plugin;
  const call = { tenantId, code, input: null, limits: limitsOf(plugin), grants: { fetchHosts: [] } };
  const outcome = await runner.run(call, signal);
  if (!outcome.ok) return { ok: false, code: outcome.code, reason: shown(outcome.reason) };
  const named = outcome.output;
  return { ok: true, hooks: pluginHooks.filter((hook) => isJsonList(named) && named.includes(hook)) };
}
