import { ECSClient } from '@aws-sdk/client-ecs';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { SFNClient } from '@aws-sdk/client-sfn';
import { afterEach, describe, expect, it } from 'vitest';
import { createBuilderTasks } from '../../adapters/ecs/builder-tasks.ts';
import { createEventBus } from '../../adapters/eventbridge/event-bus.ts';
import { readSecret, secretsEndpoint } from '../../adapters/secretsmanager/secret-value.ts';
import {
  concurrentBuildsUnder,
  concurrentPluginsUnder,
  readAccountQuotas,
} from '../../adapters/servicequotas/quotas.ts';
import { createStateMachine } from '../../adapters/stepfunctions/state-machine.ts';
import { EngineError } from '../../core/errors.ts';
import type { EngineEvent } from '../../core/events/event.ts';
import {
  clientOptions,
  failure,
  type JsonService,
  type ServiceAnswer,
  type ServiceCall,
  startJsonService,
} from './json-service.ts';

const running: JsonService[] = [];
afterEach(async () => {
  for (const service of running.splice(0)) await service.close();
});

/** The wire of a service, closed when the test ends. */
async function wire(answer: (call: ServiceCall) => ServiceAnswer): Promise<JsonService> {
  const service = await startJsonService(answer);
  running.push(service);
  return service;
}

describe('Step Functions', () => {
  const stateMachineArn = 'arn:aws:states:eu-central-1:111122223333:stateMachine:lbuild-build';
  const executionArn = 'arn:aws:states:eu-central-1:111122223333:execution:lbuild-build:bld_1';
  async function machine(answer: (call: ServiceCall) => ServiceAnswer) {
    const service = await wire(answer);
    return { service, flow: createStateMachine({ client: new SFNClient(clientOptions(service)), stateMachineArn }) };
  }

  it('starts an execution by name, once', async () => {
    const started = { executionArn, startDate: 1_763_197_965 };
    const { service, flow } = await machine(() =>
      service.calls.length === 1 ? { body: started } : failure('ExecutionAlreadyExists'),
    );
    expect(await flow.start('bld_1', { buildId: 'bld_1' })).toBe('started');
    expect(await flow.start('bld_1', { buildId: 'bld_1' })).toBe('exists');
    expect(service.calls[0]).toMatchObject({
      operation: 'StartExecution',
      input: { stateMachineArn, name: 'bld_1', input: '{"buildId":"bld_1"}' },
    });
  });

  it('stops an execution by name, and one that is gone without an error', async () => {
    const { service, flow } = await machine(() => failure('ExecutionDoesNotExist'));
    await flow.stop('bld_1', 'x'.repeat(40_000));
    expect(service.calls[0]).toMatchObject({ operation: 'StopExecution', input: { executionArn } });
    expect(String(service.calls[0]?.input.cause)).toHaveLength(32_768);
  });

  it.each([
    ['RUNNING', 'running'],
    ['SUCCEEDED', 'succeeded'],
    ['FAILED', 'failed'],
    ['TIMED_OUT', 'failed'],
    ['ABORTED', 'stopped'],
  ])('tells %s as %s', async (status, told) => {
    const { flow } = await machine(() => ({ body: { executionArn, status } }));
    expect(await flow.status('bld_1')).toBe(told);
  });

  it('knows no execution that was never started', async () => {
    const { flow } = await machine(() => failure('ExecutionDoesNotExist'));
    expect(await flow.status('bld_2')).toBe('unknown');
  });

  it.each(['TaskTimedOut', 'TaskDoesNotExist', 'InvalidToken'])(
    'takes %s for an answer that was sent',
    async (name) => {
      const { service, flow } = await machine(() => failure(name));
      expect(await flow.sendTaskSuccess('token', { stageId: 's1' })).toBe('gone');
      expect(service.calls[0]?.input).toEqual({ taskToken: 'token', output: '{"stageId":"s1"}' });
    },
  );

  it('turns every other failure into one that may be tried again, without the vendor’s text', async () => {
    const { flow } = await machine(() => failure('AccessDeniedException'));
    for (const attempt of [
      flow.start('a', {}),
      flow.stop('a', 'b'),
      flow.status('a'),
      flow.sendTaskSuccess('t', null),
    ]) {
      const error = await attempt.catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(EngineError);
      expect(error).toMatchObject({ code: 'service.unavailable', detail: expect.not.stringContaining('1111') });
    }
  });
});

describe('ECS', () => {
  const arn = (id: number) => `arn:aws:ecs:eu-central-1:111122223333:task/lbuild/${id}`;
  const tags = (stage: string) => [
    { key: 'lbuild:build', value: 'bld_1' },
    { key: 'lbuild:stage', value: stage },
    { key: 'lbuild:attempt', value: '2' },
  ];
  async function tasks(answer: (call: ServiceCall) => ServiceAnswer) {
    const service = await wire(answer);
    const client = new ECSClient(clientOptions(service));
    return { service, port: createBuilderTasks({ client, cluster: 'lbuild', family: 'lbuild-builder' }) };
  }

  it('lists the running builders of every page, by their tags', async () => {
    const { service, port } = await tasks(({ operation, input }) => {
      if (operation === 'ListTasks') {
        return {
          body: input.nextToken === undefined ? { taskArns: [arn(1)], nextToken: 'n' } : { taskArns: [arn(2), arn(3)] },
        };
      }
      const described = [
        { taskArn: arn(1), tags: tags('s1'), createdAt: 1_763_197_965, lastStatus: 'PROVISIONING' },
        {
          taskArn: arn(2),
          tags: tags('s2'),
          createdAt: 1_763_197_965,
          startedAt: 1_763_197_999,
          lastStatus: 'STOPPED',
        },
        { taskArn: arn(3), tags: [], createdAt: 1_763_197_965, lastStatus: 'RUNNING' },
      ];
      return { body: { tasks: described.filter(({ taskArn }) => JSON.stringify(input.tasks).includes(taskArn)) } };
    });
    expect(await port.running()).toEqual([
      { taskId: arn(1), buildId: 'bld_1', stageId: 's1', attempt: 2, startedAt: new Date(1_763_197_965_000) },
    ]);
    expect(service.calls[0]?.input).toMatchObject({
      cluster: 'lbuild',
      family: 'lbuild-builder',
      desiredStatus: 'RUNNING',
    });
  });

  it('stops a task, and one that is forgotten without an error', async () => {
    const { service, port } = await tasks(() => failure('InvalidParameterException'));
    await port.stop(arn(1), 'y'.repeat(300));
    expect(service.calls[0]).toMatchObject({ operation: 'StopTask', input: { cluster: 'lbuild', task: arn(1) } });
    expect(String(service.calls[0]?.input.reason)).toHaveLength(255);
  });

  it('turns other failures into service.unavailable', async () => {
    const { port } = await tasks(() => failure('ClusterNotFoundException'));
    await expect(port.stop(arn(1), 'r')).rejects.toMatchObject({ code: 'service.unavailable' });
    await expect(port.running()).rejects.toMatchObject({ code: 'service.unavailable' });
  });
});

describe('EventBridge', () => {
  const event = (id: string): EngineEvent => ({
    id,
    type: 'build.queued',
    version: 1,
    tenantId: 'ten_1',
    at: '2025-11-15T09:12:45.000Z',
    detail: { buildId: 'bld_1' },
  });
  const entriesOf = (call: ServiceCall | undefined) => (Array.isArray(call?.input.Entries) ? call.input.Entries : []);

  it('publishes ten at once, whole, and answers those that were accepted', async () => {
    const service = await wire((call) => ({
      body: {
        FailedEntryCount: 1,
        Entries: entriesOf(call).map((_, position) =>
          position === 1 ? { ErrorCode: 'ThrottlingException' } : { EventId: `e${position}` },
        ),
      },
    }));
    const bus = createEventBus({ client: new EventBridgeClient(clientOptions(service)), eventBusName: 'lbuild' });
    const events = Array.from({ length: 12 }, (_, position) => event(`evt_${position}`));
    expect(await bus.publish(events)).toEqual(
      events.map(({ id }) => id).filter((id) => id !== 'evt_1' && id !== 'evt_11'),
    );
    expect(service.calls.map((call) => entriesOf(call).length)).toEqual([10, 2]);
    expect(entriesOf(service.calls[0])[0]).toMatchObject({
      EventBusName: 'lbuild',
      Source: 'linux-builder-engine',
      DetailType: 'build.queued',
      Detail: JSON.stringify(event('evt_0')),
    });
  });

  it('answers what was accepted before a call failed, and fails where nothing was', async () => {
    const service = await wire((call) =>
      service.calls.length === 1
        ? { body: { FailedEntryCount: 0, Entries: entriesOf(call).map(() => ({ EventId: 'e' })) } }
        : failure('InternalException', 500),
    );
    const bus = createEventBus({ client: new EventBridgeClient(clientOptions(service)), eventBusName: 'lbuild' });
    const events = Array.from({ length: 12 }, (_, position) => event(`evt_${position}`));
    expect(await bus.publish(events)).toHaveLength(10);
    await expect(bus.publish(events)).rejects.toMatchObject({ code: 'service.unavailable' });
  });
});

describe('Secrets Manager', () => {
  const keys = async () => ({ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret', sessionToken: 'session' });

  it('reads a secret by a signed request', async () => {
    const service = await wire(() => ({ body: { SecretString: 's3cret' } }));
    const options = { endpoint: service.endpoint, region: 'eu-central-1', secretId: 'arn:secret', credentials: keys };
    expect(await readSecret(options)).toBe('s3cret');
    expect(service.calls[0]).toMatchObject({ operation: 'GetSecretValue', input: { SecretId: 'arn:secret' } });
    expect(service.calls[0]?.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-central-1\/secretsmanager\/aws4_request, SignedHeaders=[a-z0-9;-]*x-amz-target[a-z0-9;-]*, Signature=[0-9a-f]{64}$/,
    );
  });

  it.each<[string, ServiceAnswer]>([
    ['refuses', failure('AccessDeniedException')],
    ['answers without a secret', { body: { SecretBinary: 'x' } }],
  ])('is unavailable where the service %s', async (_, answer) => {
    const service = await wire(() => answer);
    const options = { endpoint: service.endpoint, region: 'eu-central-1', secretId: 'arn:secret', credentials: keys };
    await expect(readSecret(options)).rejects.toMatchObject({
      code: 'service.unavailable',
      detail: expect.not.stringContaining('1111'),
    });
  });

  it('has its address by region and partition', () => {
    expect(secretsEndpoint('eu-central-1')).toBe('https://secretsmanager.eu-central-1.amazonaws.com');
    expect(secretsEndpoint('cn-north-1')).toBe('https://secretsmanager.cn-north-1.amazonaws.com.cn');
  });
});

describe('Service Quotas', () => {
  it('reads applied quotas, and defaults where none was applied', async () => {
    const service = await wire(({ operation, input }) => {
      if (input.ServiceCode === 'lambda') return { body: { Quota: { QuotaCode: input.QuotaCode, Value: 1_000 } } };
      return operation === 'GetServiceQuota' ? failure('NoSuchResourceException') : { body: { Quota: { Value: 6 } } };
    });
    const quotas = await readAccountQuotas(new ServiceQuotasClient(clientOptions(service)));
    expect(quotas).toEqual({ lambdaConcurrency: 1_000, fargateVcpus: 6 });
    expect(service.calls.map(({ operation }) => operation).sort()).toEqual([
      'GetAWSDefaultServiceQuota',
      'GetServiceQuota',
      'GetServiceQuota',
    ]);
  });

  it('fails where the account may not read them', async () => {
    const service = await wire(() => failure('AccessDeniedException'));
    await expect(readAccountQuotas(new ServiceQuotasClient(clientOptions(service)))).rejects.toMatchObject({
      code: 'service.unavailable',
    });
  });

  it.each([
    [{ lambdaConcurrency: 10, fargateVcpus: 6 }, 2, 0],
    [{ lambdaConcurrency: 1_000, fargateVcpus: 6 }, 3, 180],
    [{ lambdaConcurrency: 104, fargateVcpus: 1 }, 0, 0],
  ])('allows under %o %i builds and %i plugins at once', (quotas, builds, plugins) => {
    expect([concurrentBuildsUnder(quotas), concurrentPluginsUnder(quotas)]).toEqual([builds, plugins]);
  });
});
