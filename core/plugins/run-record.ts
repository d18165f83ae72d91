import { z } from 'zod';
import { logLevels, type PluginLog, type PluginOutcome } from '../ports/plugin-runner.ts';
import { utf8Length } from '../text.ts';
import { failureModes, pluginNameSchema } from './declaration.ts';
import { type PluginFailureCode, pluginFailures } from './failures.ts';
import { pluginHooks } from './hooks.ts';
import { pluginLimits } from './limits.ts';

const whole = z.number().int().min(0);

/** A run of a plugin, as a build shows it. Its texts are a tenant's, and hold nothing that a terminal would act on. */
export const pluginRunRecordSchema = z.strictObject({
  plugin: pluginNameSchema,
  version: z.number().int().min(1),
  hook: z.enum(pluginHooks),
  outcome: z.enum(['succeeded', 'failed']),
  onFailure: z.enum(failureModes).describe('Of one that failed: whether it stopped what it was asked about.'),
  code: z
    .custom<PluginFailureCode>((code) => typeof code === 'string' && Object.hasOwn(pluginFailures, code))
    .meta({ override: { type: 'string', enum: Object.keys(pluginFailures) } })
    .exactOptional()
    .describe('Why it failed.'),
  reason: z.string().exactOptional(),
  milliseconds: whole,
  cpuMilliseconds: whole,
  memoryBytes: whole,
  log: z.strictObject({
    lines: z.array(z.strictObject({ level: z.enum(logLevels), text: z.string() })),
    truncated: z.boolean(),
  }),
  fetches: z.array(
    z.strictObject({
      host: z.string(),
      status: whole.exactOptional(),
      reason: z.string().exactOptional(),
    }),
  ),
  changed: z
    .strictObject({ paths: z.array(z.string()), more: whole })
    .exactOptional()
    .describe('Of transformSpec: the places that it changed, and how many more there are.'),
  found: whole.exactOptional().describe('Of validateSpec: errors that it found.'),
  decision: z.enum(['allow', 'deny', 'require-approval']).exactOptional().describe('Of planPolicy.'),
  decisionReason: z.string().exactOptional(),
});
export type PluginRunRecord = z.infer<typeof pluginRunRecordSchema>;

/** What is kept of a log: its begin and, where that is not all, that there was more. */
export function keptLog({ lines, truncated }: PluginLog, bytes: number = pluginLimits.keptLogBytes.value): PluginLog {
  const kept: PluginLog['lines'][number][] = [];
  let left = bytes;
  for (const line of lines) {
    left -= utf8Length(line.text) + 1;
    if (left < 0) return { lines: kept, truncated: true };
    kept.push(line);
  }
  return { lines: kept, truncated };
}

/** What a run took, as its record has it. */
export function figuresOf(outcome: PluginOutcome) {
  const { milliseconds, cpuMilliseconds, memoryBytes, log, fetches } = outcome;
  const { lines, truncated } = keptLog(log);
  return {
    milliseconds: Math.round(milliseconds),
    cpuMilliseconds: Math.round(cpuMilliseconds),
    memoryBytes,
    log: { lines: [...lines], truncated },
    fetches: [...fetches],
  };
}
