import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ECSClient } from '@aws-sdk/client-ecs';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import type { Context } from 'aws-lambda';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createHttpArchive } from '../../adapters/archive/http-archive.ts';
import { createBuilderTasks } from '../../adapters/ecs/builder-tasks.ts';
import { createEventBus } from '../../adapters/eventbridge/event-bus.ts';
import { createKmsSigner } from '../../adapters/kms/kms-signer.ts';
import { createKmsVault } from '../../adapters/kms/kms-vault.ts';
import { createWebhookSender } from '../../adapters/network/webhook-sender.ts';
import { createS3Blobs } from '../../adapters/s3/s3-blobs.ts';
import { openSqliteTable } from '../../adapters/sqlite/sqlite-table.ts';
import { createStateMachine } from '../../adapters/stepfunctions/state-machine.ts';
import { createSystemClock } from '../../adapters/system/clock.ts';
import { createIds } from '../../adapters/system/ids.ts';
import { EngineError } from '../../core/errors.ts';
import type { Ports } from '../../core/ports/ports.ts';
import { environmentNames } from '../../core/wiring/environment.ts';
import { bindOperations } from '../../functions/shared/aws/api-lambda.ts';
import { readEnvironment, requiredNames } from '../../functions/shared/aws/environment.ts';
import { bindFunction } from '../../functions/shared/aws/function-lambda.ts';
import { defineOperation, type Operation } from '../../functions/shared/operation.ts';

const folder = mkdtempSync(join(tmpdir(), 'lbuild-lambda-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const clock = createSystemClock();
const table = openSqliteTable({ file: join(folder, 'table.db'), clock });
const region = 'eu-central-1';

/** The AWS adapters as the composition root makes them, over a table in a file; no operation here calls a service. */
const ports: Ports = {
  installation: {
    apiUrl: 'https://api.invalid',
    toolchain: 'a1',
    mode: 'contained',
    architectures: ['amd64'],
    outputs: ['iso'],
    cursorSecret: 'x'.repeat(64),
    concurrentBuilds: 1,
    concurrentBuildsPerTenant: 1,
    stagesPerBuild: 10,
    spot: false,
    cacheLimitBytes: 1,
    warmsPresets: false,
  },
  table,
  blobs: createS3Blobs({ client: new S3Client({ region }), buckets: { work: 'work', artifacts: 'artifacts' }, clock }),
  flow: createStateMachine({ client: new SFNClient({ region }), stateMachineArn: 'arn:machine' }),
  tasks: createBuilderTasks({ client: new ECSClient({ region }), cluster: 'c', family: 'f' }),
  bus: createEventBus({ client: new EventBridgeClient({ region }), eventBusName: 'b' }),
  archive: createHttpArchive({ addresses: {}, clock, log: () => {} }),
  packages: { gone: async () => [] },
  signer: createKmsSigner({ client: new KMSClient({ region }), keyArn: 'arn:key' }),
  vault: createKmsVault({ client: new KMSClient({ region }), keyArn: 'arn:other-key' }),
  webhooks: createWebhookSender({ privateHosts: [] }),
  clock,
  ids: createIds(clock),
};

const context: Context = {
  awsRequestId: 'request-1',
  functionName: 'bound',
  functionVersion: '1',
  memoryLimitInMB: '1024',
  invokedFunctionArn: `arn:aws:lambda:${region}:111122223333:function:bound`,
  callbackWaitsForEmptyEventLoop: false,
  logGroupName: 'group',
  logStreamName: 'stream',
  getRemainingTimeInMillis: () => 3_000,
  done: () => {},
  fail: () => {},
  succeed: () => {},
};

/** Answers what it was sent. */
const echo: Operation = defineOperation({
  id: 'echo',
  method: 'POST',
  path: '/v1/echo/{name}',
  summary: 'Echo',
  access: { kind: 'public' },
  params: z.object({ name: z.string() }),
  query: z.object({ page: z.string() }),
  body: z.object({ text: z.string() }),
  response: z.unknown(),
  status: 200,
  errors: [],
  handle: async (_, { params, query, body, context: { signal } }) => ({
    body: { name: params.name, page: query.page, text: body.text, aborted: signal.aborted },
  }),
});

function event(path: string, body: string, isBase64Encoded: boolean, query = 'page=a%20b') {
  return {
    version: '2.0',
    rawPath: path,
    rawQueryString: query,
    headers: { 'Content-Type': 'application/json' },
    body,
    isBase64Encoded,
    requestContext: {
      requestId: 'gateway-1',
      http: { method: 'POST', path, sourceIp: '192.0.2.1' },
    },
  };
}

describe('operations behind API Gateway', () => {
  const handler = bindOperations([echo], async () => ports);
  const call = async (...given: Parameters<typeof event>) => {
    const answer = await handler(event(...given), context);
    const body: unknown = JSON.parse(answer.body);
    return { ...answer, body };
  };

  it.each([
    ['plain', JSON.stringify({ text: 'grüße' }), false],
    ['in base64', Buffer.from(JSON.stringify({ text: 'grüße' })).toString('base64'), true],
  ])('get path, query and a body that came %s', async (_, body, encoded) => {
    // API Gateway decodes the path; `?`, `#` and `%` in it are of the name and no syntax.
    expect(await call('/v1/echo/a b?c#%41é', body, encoded)).toMatchObject({
      statusCode: 200,
      headers: { 'x-content-type-options': 'nosniff' },
      body: { name: 'a b?c#%41é', page: 'a b', text: 'grüße', aborted: false },
    });
  });

  it('answer problems of the router', async () => {
    expect(await call('/v1/none', '', false)).toMatchObject({ statusCode: 404, body: { code: 'request.not_found' } });
    expect(await call('/v1/echo/a', '{', false)).toMatchObject({
      statusCode: 400,
      body: { code: 'request.unreadable' },
    });
  });

  it('answer a failed start as a problem, and start again with the next call', async () => {
    const starts = [
      () => Promise.reject(new EngineError('service.unavailable', 'STS does not answer.', { retryAfterSeconds: 7 })),
      () => Promise.reject(new Error('secret text')),
      async () => ports,
    ];
    const starting = bindOperations([echo], () => starts.shift()?.() ?? Promise.reject(new Error('none left')));
    const sent = event('/v1/echo/a', '{"text":"t"}', false);
    expect(await starting(sent, context)).toMatchObject({ statusCode: 503, headers: { 'retry-after': '7' } });
    const second = await starting(sent, context);
    expect(second).toMatchObject({ statusCode: 500, headers: { 'x-request-id': 'request-1' } });
    expect(second.body).not.toContain('secret text');
    expect(await starting(sent, context)).toMatchObject({ statusCode: 200 });
  });
});

describe('functions of the flow', () => {
  it('get the ports and the event as it came, and answer what they return', async () => {
    const handler = bindFunction(
      async (given, input) => ({ same: given === ports, input: z.record(z.string(), z.string()).parse(input) }),
      async () => ports,
    );
    expect(await handler({ buildId: 'bld_1' }, context)).toEqual({ same: true, input: { buildId: 'bld_1' } });
  });

  it('throw their failure on: who called decides whether to call again', async () => {
    const handler = bindFunction(
      async () => {
        throw new EngineError('build.not_found', 'It is gone.');
      },
      async () => ports,
    );
    await expect(handler({}, context)).rejects.toMatchObject({ code: 'build.not_found' });
  });
});

describe('the environment', () => {
  const complete: Record<string, string> = {
    ...Object.fromEntries(requiredNames.map((name) => [name, 'text'])),
    [environmentNames.apiUrl]: 'https://api.invalid',
    [environmentNames.mode]: 'contained',
    [environmentNames.architectures]: 'amd64,arm64',
    [environmentNames.outputs]: 'iso,tar',
    [environmentNames.concurrentBuilds]: '12',
    [environmentNames.concurrentBuildsPerTenant]: '3',
    [environmentNames.defaultTier]: 'team',
    [environmentNames.startsPerSecond]: '10',
    [environmentNames.startBurst]: '50',
    [environmentNames.stagesPerBuild]: '10',
    [environmentNames.spot]: 'true',
    [environmentNames.cacheLimitGiB]: '500',
    [environmentNames.warmsPresets]: 'true',
    [environmentNames.requestBurst]: '200',
    [environmentNames.requestsPerSecond]: '0.5',
    [environmentNames.archiveFallbackHours]: '24',
    [environmentNames.archiveDebian]: 'http://archive.invalid/debian',
  };

  it('is read whole', () => {
    expect(readEnvironment(complete)).toMatchObject({
      [environmentNames.architectures]: ['amd64', 'arm64'],
      [environmentNames.concurrentBuilds]: 12,
      [environmentNames.concurrentBuildsPerTenant]: 3,
      [environmentNames.defaultTier]: 'team',
      [environmentNames.stagesPerBuild]: 10,
      [environmentNames.spot]: true,
      [environmentNames.cacheLimitGiB]: 500,
      [environmentNames.warmsPresets]: true,
      [environmentNames.requestBurst]: 200,
      [environmentNames.requestsPerSecond]: 0.5,
    });
  });

  it('names everything that is missing or wrong at once, and shows no value', () => {
    const { [environmentNames.tableName]: _, ...others } = complete;
    try {
      readEnvironment({ ...others, [environmentNames.architectures]: 'vax', [environmentNames.apiUrl]: 'hidden' });
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: 'configuration.invalid' });
      const fields = error instanceof EngineError ? error.fields : [];
      expect(new Set(fields.map(({ path }) => path.split('.')[0]))).toEqual(
        new Set([environmentNames.tableName, environmentNames.architectures, environmentNames.apiUrl]),
      );
      expect(JSON.stringify(error)).not.toContain('hidden');
    }
  });
});
