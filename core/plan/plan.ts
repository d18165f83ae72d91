import { z } from 'zod';
import { artifactTypes, manifestStepSchema } from '../builds/manifest.ts';
import { archiveStateSchema } from './archive-state.ts';

const digest = z.string().regex(/^[0-9a-f]{64}$/);

/** A node of the build. `scope` says who may ever read what it makes: `shared` holds no byte of a tenant. */
export const planStepSchema = manifestStepSchema.extend({
  scope: z.enum(['shared', 'tenant']),
  inputs: z.record(z.string(), z.string()).describe('What the key holds, by name, so that a miss can be explained.'),
  label: z.string(),
});
export type PlanStep = z.infer<typeof planStepSchema>;

export const planStageSchema = z.strictObject({
  id: z.string(),
  trust: z.enum(['service', 'tenant', 'seal']).describe('Of its least trusted step.'),
  steps: z.array(z.string()).min(1).describe('In the order in which they run.'),
  needs: z.array(z.string()).describe('Stages that must be settled first.'),
  size: z.strictObject({ vcpu: z.number(), memoryMiB: z.number().int(), diskGiB: z.number().int() }),
});
export type PlanStage = z.infer<typeof planStageSchema>;

/** The plan: pure data, and all that execution reads. Equal inputs give equal bytes of its canonical JSON. */
export const planSchema = z.strictObject({
  format: z.literal('lbuild-plan/2'),
  specDigest: digest,
  toolchain: z.string(),
  architecture: z.enum(['amd64', 'arm64']),
  release: z.string(),
  sourceDateEpoch: z.number().int(),
  archive: archiveStateSchema,
  steps: z.array(planStepSchema).min(1).max(600).describe('Topologically sorted.'),
  stages: z.array(planStageSchema).min(1).max(40).describe('Topologically sorted.'),
  artifacts: z.array(z.strictObject({ step: z.string(), name: z.string(), type: z.enum(artifactTypes) })),
});
export type Plan = z.infer<typeof planSchema>;
