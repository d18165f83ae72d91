import { tmpdir } from 'node:os';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDynamoTable } from '../../adapters/dynamodb/dynamodb-table.ts';
import { createSystemClock } from '../../adapters/system/clock.ts';
import { authenticate } from '../../core/access/authenticate.ts';
import { type DynamoDbLocal, startDynamoDbLocal } from '../support/dynamodb-local.ts';
import { reachByPort } from '../support/dynamodb-local-port.ts';
import type { Loopback } from '../support/loopback.ts';
import { runCli } from './engine-under-test.ts';

let dynamo: DynamoDbLocal;
let port: Loopback;

/** The CLI is another process, so it reaches DynamoDB Local's UNIX socket through a port on loopback. */
beforeAll(async () => {
  dynamo = await startDynamoDbLocal();
  port = await reachByPort(dynamo);
});
afterAll(async () => {
  await port?.close();
  await dynamo?.stop();
});

const admin = (...args: string[]) =>
  runCli(['admin', ...args, '--region', 'us-east-1'], {
    cwd: tmpdir(),
    environment: { AWS_ENDPOINT_URL_DYNAMODB: port.url, AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'x' },
  });
const create = (...args: string[]) => admin('create-first-key', '--tenant', 'acme', ...args);
const enter = (key: string) =>
  authenticate(
    { table: createDynamoTable(dynamo), clock: createSystemClock() },
    { authorization: `Bearer ${key.trim()}`, sourceAddress: undefined, requestId: 'req_1' },
  );

it("makes a deployment's first key, once", { timeout: 60_000 }, async () => {
  const first = await create('--table', dynamo.tableName);
  expect([first.code, first.out]).toEqual([0, expect.stringMatching(/^lbk_[0-9A-Z]{26}_[\w-]{43}\n$/)]);
  expect(first.err).toContain('shown once');
  const principal = await enter(first.out);
  expect(principal.permissions.has('builds:create')).toBe(true);
  // All its keys are lost: who can write the table makes another for its owner.
  const recovered = await admin('create-owner-key', '--table', dynamo.tableName, '--tenant-id', principal.tenantId);
  expect(await enter(recovered.out)).toMatchObject({ tenantId: principal.tenantId, memberId: principal.memberId });
  const nobody = await admin('create-owner-key', '--table', dynamo.tableName, '--tenant-id', 'ten_nobody', '--json');
  expect(JSON.parse(nobody.out)).toMatchObject({ error: { code: 'member.not_found' } });
  const second = await create('--table', dynamo.tableName, '--json');
  expect(second.code).toBe(7);
  expect(JSON.parse(second.out)).toMatchObject({ error: { code: 'resource.conflict' } });
});

it('says that there is no such table', { timeout: 60_000 }, async () => {
  const { code, out, err } = await create('--table', 'nowhere');
  expect([code, out]).not.toEqual([0, '']);
  expect(err).toMatch(/^error: /);
  expect(err).not.toMatch(/\n\s+at /);
});
