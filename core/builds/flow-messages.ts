import { z } from 'zod';

/** What the state machine passes between its functions (lib/build.asl.json): parsed at every edge like any input. */
export const flowInputSchema = z.strictObject({
  buildId: z.string(),
  stages: z
    .array(z.strictObject({ stageId: z.string(), waits: z.boolean() }))
    .min(1)
    .max(40),
});
export type FlowInput = z.infer<typeof flowInputSchema>;

export const stageMessageSchema = z.strictObject({ buildId: z.string(), stageId: z.string() });

/**
 * The order of the calls of PrepareStage for one stage: by the attempt that the flow knew of, then by the state's retry. A
 * call that its caller lost sight of comes before the one that was made in its stead, however late it reads.
 */
export const prepareCallSchema = z.strictObject({
  after: z.number().int().min(0).describe('The attempt that the flow knew of; 0: none.'),
  retry: z.number().int().min(0).describe('RetryCount of the state.'),
});
export type PrepareCall = z.infer<typeof prepareCallSchema>;

// Executions that an earlier version of the definition began say neither, and their calls have no order.
export const prepareMessageSchema = stageMessageSchema.extend({
  attempt: prepareCallSchema.shape.after.default(0),
  retry: prepareCallSchema.shape.retry.default(0),
});

/** Of an execution that an earlier version of the definition began no attempt is known. */
export const settleMessageSchema = stageMessageSchema.extend({
  attempt: z.number().int().min(0).exactOptional().describe('The last attempt that the flow knew of; 0: none.'),
});

export const awaitMessageSchema = stageMessageSchema.extend({ token: z.string().min(1).max(1_024) });

/** PrepareStage's answer. `run` false: nothing to run (all hit, or the build is ending); the rest is then absent. */
export const preparedStageSchema = z.discriminatedUnion('run', [
  z.strictObject({ run: z.literal(false), attempt: z.number().int() }),
  z.strictObject({
    run: z.literal(true),
    attempt: z.number().int().min(1),
    manifestUrl: z.string().max(7_000).describe('RunTask’s overrides end at 8,192 characters in all.'),
    clientToken: z.string().max(64),
    cpu: z.string().describe('Fargate CPU units, such as 2048.'),
    memory: z.string().describe('MiB.'),
    diskGiB: z.number().int().min(21).max(200),
    timeoutSeconds: z.number().int().min(1),
    spot: z.boolean().exactOptional().describe('True: on capacity that may be taken away, at a lower price.'),
  }),
]);
export type PreparedStage = z.infer<typeof preparedStageSchema>;

export const classifyMessageSchema = stageMessageSchema.extend({
  attempt: z.number().int(),
  error: z.string(),
  cause: z.string(),
});
export const classifiedStageSchema = z.strictObject({ retry: z.boolean(), waitSeconds: z.number().int().min(0) });
export type ClassifiedStage = z.infer<typeof classifiedStageSchema>;

export const buildMessageSchema = z.strictObject({ buildId: z.string() });

/**
 * The part of an ECS task's description that `ecs:runTask.sync` puts into Cause (JSON) when a task ends badly; the
 * local runner writes the same. An exit code of 0 is success whatever the build's outcome.
 */
export const stoppedTaskSchema = z.looseObject({
  StopCode: z.string().optional(),
  StoppedReason: z.string().optional(),
  Containers: z
    .array(
      z.looseObject({
        Name: z.string().optional(),
        ExitCode: z.number().int().optional(),
        Reason: z.string().optional(),
      }),
    )
    .optional(),
});
export type StoppedTask = z.infer<typeof stoppedTaskSchema>;
