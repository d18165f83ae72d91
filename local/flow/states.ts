import { z } from 'zod';
import { jsonSchema } from './json.ts';

/** Longest time that a state may be told, in seconds (the states language's own limit). */
const longestSeconds = 99_999_999;

/** A string that is an expression as a whole. */
const expression = z.string().regex(/^\{%[\s\S]+%\}$/, 'must be an expression: {% … %}');

/** Any JSON; strings in it that are `{% … %}` as a whole are evaluated. */
const template = jsonSchema;
const assignments = z.record(
  z
    .string()
    .max(80)
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be a variable name of at most 80 letters, digits and _'),
  template,
);
const seconds = z.union([z.number().int().min(0).max(longestSeconds), expression]);
const timeout = z.union([z.number().int().min(1).max(longestSeconds), expression]);
const errorNames = z.array(z.string().min(1)).min(1);

const common = { Comment: z.string().optional(), QueryLanguage: z.literal('JSONata').optional() };
const transition = { Next: z.string().optional(), End: z.literal(true).optional() };

const retrier = z.strictObject({
  Comment: z.string().optional(),
  ErrorEquals: errorNames,
  IntervalSeconds: z.number().int().min(1).max(longestSeconds).default(1),
  MaxAttempts: z.number().int().min(0).max(longestSeconds).default(3),
  BackoffRate: z.number().min(1).default(2),
  /** Below 31,622,400 in the states language. */
  MaxDelaySeconds: z.number().int().min(1).max(31_622_399).optional(),
  JitterStrategy: z.enum(['FULL', 'NONE']).default('NONE'),
});
export type Retrier = z.infer<typeof retrier>;

const catcher = z.strictObject({
  Comment: z.string().optional(),
  ErrorEquals: errorNames,
  Next: z.string(),
  Output: template.optional(),
  Assign: assignments.optional(),
});
export type Catcher = z.infer<typeof catcher>;

const choice = z.strictObject({
  Comment: z.string().optional(),
  Condition: z.union([expression, z.boolean()]),
  Next: z.string(),
  Output: template.optional(),
  Assign: assignments.optional(),
});

const errorHandling = { Retry: z.array(retrier).default([]), Catch: z.array(catcher).default([]) };
const results = { Output: template.optional(), Assign: assignments.optional() };

/** The resources that a Task may name: the service integrations that the build uses. */
export const resources = [
  'arn:aws:states:::lambda:invoke',
  'arn:aws:states:::lambda:invoke.waitForTaskToken',
  'arn:aws:states:::ecs:runTask.sync',
] as const;

/** Each supported state by its Type: exactly these fields, and nothing of the older query language. */
export const stateSchemas = {
  Pass: z.strictObject({ Type: z.literal('Pass'), ...common, ...transition, ...results }),
  Choice: z.strictObject({
    Type: z.literal('Choice'),
    ...common,
    ...results,
    Choices: z.array(choice).min(1),
    Default: z.string().optional(),
  }),
  Wait: z.strictObject({ Type: z.literal('Wait'), ...common, ...transition, ...results, Seconds: seconds }),
  Task: z.strictObject({
    Type: z.literal('Task'),
    ...common,
    ...transition,
    ...results,
    ...errorHandling,
    Resource: z.enum(resources),
    Arguments: z.record(z.string(), template),
    TimeoutSeconds: timeout.optional(),
  }),
  Map: z.strictObject({
    Type: z.literal('Map'),
    ...common,
    ...transition,
    ...results,
    ...errorHandling,
    Items: z.union([z.array(template), expression]),
    ItemSelector: template.optional(),
    /** 0 is no limit. */
    MaxConcurrency: z.union([z.number().int().min(0), expression]).default(0),
    ItemProcessor: z.strictObject({
      Comment: z.string().optional(),
      ProcessorConfig: z.strictObject({ Mode: z.literal('INLINE') }).optional(),
      StartAt: z.string(),
      States: z.record(z.string(), z.unknown()),
    }),
  }),
  Succeed: z.strictObject({ Type: z.literal('Succeed'), ...common, Output: template.optional() }),
  Fail: z.strictObject({
    Type: z.literal('Fail'),
    ...common,
    Error: z.string().optional(),
    Cause: z.string().optional(),
  }),
};
export type StateType = keyof typeof stateSchemas;

export type PassState = z.infer<typeof stateSchemas.Pass>;
export type ChoiceState = z.infer<typeof stateSchemas.Choice>;
export type WaitState = z.infer<typeof stateSchemas.Wait>;
export type TaskState = z.infer<typeof stateSchemas.Task>;
export type MapState = Omit<z.infer<typeof stateSchemas.Map>, 'ItemProcessor'> & { readonly ItemProcessor: Scope };
export type SucceedState = z.infer<typeof stateSchemas.Succeed>;
export type FailState = z.infer<typeof stateSchemas.Fail>;
export type State = PassState | ChoiceState | WaitState | TaskState | MapState | SucceedState | FailState;

/** States that see the same variables: the machine's own, or those inside one Map. */
export interface Scope {
  readonly StartAt: string;
  readonly States: ReadonlyMap<string, State>;
}

/** The top of a definition; its states are parsed one by one, so that each error names its state. */
export const machineSchema = z.strictObject({
  Comment: z.string().optional(),
  Version: z.literal('1.0').optional(),
  QueryLanguage: z.literal('JSONata', 'must be "JSONata": the older query language is not supported'),
  TimeoutSeconds: z.number().int().min(1).max(longestSeconds).optional(),
  StartAt: z.string(),
  States: z.record(z.string(), z.unknown()),
});
