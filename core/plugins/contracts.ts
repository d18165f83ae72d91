import { z } from 'zod';
import { printable } from '../builds/printable.ts';
import { engineEventSchema } from '../events/event.ts';
import { jsonObjectSchema } from '../json.ts';
import { pluginLimits } from './limits.ts';

const { reason, path, errors } = pluginLimits;

/** One line, as it may be shown to people: a plugin wrote it, and may be hostile. */
const lineOf = (length: number) =>
  z
    .string()
    .max(length)
    .overwrite((text) => printable(text.replaceAll(/\s+/g, ' ')).trim());

const needed = (length: number) => lineOf(length).min(1);

/** What every hook but onEvent is told beside its subject. */
export const pluginContextSchema = z.strictObject({
  tenantId: z.string(),
  buildId: z.string().exactOptional().describe('Absent where nothing is built, as for a preview.'),
  memberId: z.string().exactOptional().describe('Who asked for it.'),
  teamId: z.string().exactOptional(),
  template: z.strictObject({ id: z.string(), version: z.number().int() }).exactOptional(),
  purpose: z.string().exactOptional().describe('Absent: the build makes artifacts for people.'),
});
export type PluginContext = z.infer<typeof pluginContextSchema>;

/** What planPolicy is told of a plan. */
export const planSummarySchema = z.strictObject({
  digest: z.string(),
  hits: z.number().int().describe('Steps whose results are there.'),
  misses: z.number().int(),
  stages: z.array(z.strictObject({ id: z.string(), trust: z.string(), runs: z.boolean(), seconds: z.number() })),
  steps: z.array(
    z.strictObject({
      id: z.string(),
      program: z.string(),
      label: z.string(),
      stage: z.string(),
      trust: z.string(),
      needs: z.array(z.string()),
      hit: z.boolean(),
    }),
  ),
  artifacts: z.array(z.strictObject({ name: z.string(), type: z.string() })),
});
export type PlanSummary = z.infer<typeof planSummarySchema>;

/** What a build is thought to take. */
export const planCostSchema = z.strictObject({
  seconds: z.number(),
  bytes: z.number().describe('Of all artifacts.'),
  micros: z.number().int().describe('Millionths of a US dollar.'),
});

const spec = jsonObjectSchema.describe('The spec, as JSON.');

/**
 * The hooks' contracts: what each is called with, and what it returns. Results are strict: a member that no contract
 * knows is a mistake, or is meant for a later version.
 */
export const hookContracts = {
  transformSpec: {
    input: z.strictObject({ spec, context: pluginContextSchema }),
    output: z.strictObject({ spec }),
  },
  validateSpec: {
    input: z.strictObject({ spec, context: pluginContextSchema }),
    output: z.strictObject({
      errors: z
        .array(
          z.strictObject({
            path: lineOf(path.value).describe('A place in the spec, `users[0].name`; empty for all of it.'),
            reason: needed(reason.value),
            remedy: needed(reason.value),
          }),
        )
        .max(errors.value),
    }),
  },
  planPolicy: {
    input: z.strictObject({ plan: planSummarySchema, spec, cost: planCostSchema, context: pluginContextSchema }),
    output: z.discriminatedUnion('decision', [
      z.strictObject({ decision: z.literal('allow'), reason: lineOf(reason.value).default('') }),
      z.strictObject({ decision: z.enum(['deny', 'require-approval']), reason: needed(reason.value) }),
    ]),
  },
  onEvent: {
    input: z.strictObject({ event: engineEventSchema }),
    output: z.union([z.null(), z.strictObject({})]),
  },
} as const;

export type HookInput<Hook extends keyof typeof hookContracts> = z.input<(typeof hookContracts)[Hook]['input']>;
export type PolicyDecision = z.output<(typeof hookContracts)['planPolicy']['output']>['decision'];

/** From the mildest to the strictest. */
export const policyDecisions = ['allow', 'require-approval', 'deny'] as const satisfies readonly PolicyDecision[];
