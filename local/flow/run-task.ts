import { z } from 'zod';
import type { JsonValue } from '../../core/digest.ts';
import { StateFailed } from './failure.ts';
import type { resources } from './states.ts';

/** The arguments of each resource that the interpreter acts on or, for what only AWS has, passes over knowingly. */
export const taskArguments: Readonly<Record<(typeof resources)[number], readonly string[]>> = {
  'arn:aws:states:::lambda:invoke': ['FunctionName', 'Payload'],
  'arn:aws:states:::lambda:invoke.waitForTaskToken': ['FunctionName', 'Payload'],
  'arn:aws:states:::ecs:runTask.sync': [
    'Cluster',
    'TaskDefinition',
    'CapacityProviderStrategy',
    'NetworkConfiguration',
    'ClientToken',
    'Tags',
    'Overrides',
  ],
};

/** What a runner is asked: one attempt of one stage in one builder task. */
export interface RunTaskRequest {
  readonly buildId: string;
  readonly stageId: string;
  /** 1 for a stage's first attempt. */
  readonly attempt: number;
  readonly manifestUrl: string;
  /** CPU units, 1,024 a virtual CPU. */
  readonly cpuUnits: number;
  readonly memoryMiB: number;
  readonly diskGiB: number;
  /** At most 64 characters; the same token is the same task. */
  readonly clientToken: string;
}

/**
 * Runs one task to its end. `taskId` is stored before the handler is called, `signal` aborts when the execution is
 * stopped or the state runs out of time.
 * @throws TaskFailed where the task could not be started or ended badly.
 */
export type RunTaskHandler = (
  request: RunTaskRequest,
  control: { readonly taskId: string; readonly signal: AbortSignal },
) => Promise<JsonValue>;

const digits = z.string().regex(/^[1-9][0-9]{0,6}$/, 'must be a positive integer as text');

const argumentsSchema = z.strictObject({
  // Where AWS runs it; this machine has one place.
  Cluster: z.string().optional(),
  TaskDefinition: z.string(),
  CapacityProviderStrategy: z.array(z.unknown()).optional(),
  NetworkConfiguration: z.looseObject({}).optional(),
  ClientToken: z.string().min(1).max(64),
  Tags: z.array(z.strictObject({ Key: z.string(), Value: z.string() })),
  Overrides: z.strictObject({
    Cpu: digits,
    Memory: digits,
    EphemeralStorage: z.strictObject({ SizeInGiB: z.number().int().min(21).max(200) }),
    ContainerOverrides: z
      .array(
        z.strictObject({
          Name: z.string(),
          Environment: z.array(z.strictObject({ Name: z.string(), Value: z.string() })),
        }),
      )
      .length(1),
  }),
});

/**
 * Reads the evaluated Arguments of `ecs:runTask.sync`.
 * @throws StateFailed ECS.InvalidParameterException, as ECS answers a request that it cannot take.
 */
export function parseRunTask(value: JsonValue): RunTaskRequest {
  const parsed = argumentsSchema.safeParse(value);
  if (!parsed.success) {
    const reasons = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw invalid(reasons.join('; '));
  }
  const { Tags, Overrides, ClientToken } = parsed.data;
  const tag = (key: string): string => {
    const found = Tags.find((entry) => entry.Key === key);
    if (found === undefined) throw invalid(`Tags: there is no ${key}`);
    return found.Value;
  };
  const manifest = Overrides.ContainerOverrides[0]?.Environment.find((entry) => entry.Name === 'LBUILD_MANIFEST_URL');
  if (manifest === undefined) throw invalid('Overrides.ContainerOverrides: there is no LBUILD_MANIFEST_URL');
  const attempt = digits.safeParse(tag('lbuild:attempt'));
  if (!attempt.success) throw invalid('Tags: lbuild:attempt is no positive integer');
  return {
    buildId: tag('lbuild:build'),
    stageId: tag('lbuild:stage'),
    attempt: Number(attempt.data),
    manifestUrl: manifest.Value,
    cpuUnits: Number(Overrides.Cpu),
    memoryMiB: Number(Overrides.Memory),
    diskGiB: Overrides.EphemeralStorage.SizeInGiB,
    clientToken: ClientToken,
  };
}

function invalid(reason: string): StateFailed {
  return new StateFailed('ECS.InvalidParameterException', reason);
}
