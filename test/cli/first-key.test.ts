import { readdirSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { createDynamoTable } from '../../adapters/dynamodb/dynamodb-table.ts';
import { createSystemClock } from '../../adapters/system/clock.ts';
import { authenticate } from '../../core/access/authenticate.ts';
import { type DynamoDbLocal, startDynamoDbLocal } from '../support/dynamodb-local.ts';
import { runCli } from './engine-under-test.ts';

let dynamo: DynamoDbLocal;
let relay: Server;
let endpoint: string;

/** The CLI is another process, so it reaches DynamoDB Local's UNIX socket through a port on loopback. */
beforeAll(async () => {
  dynamo = await startDynamoDbLocal();
  const folder = readdirSync(tmpdir()).find((name) => name.startsWith(`dynamodb-local-${process.pid}-`)) ?? '';
  relay = createServer((socket) => {
    const upstream = connect(path.join(tmpdir(), folder, 'socket'));
    socket.on('error', () => upstream.destroy()).pipe(upstream);
    upstream.on('error', () => socket.destroy()).pipe(socket);
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${z.object({ port: z.number() }).parse(relay.address()).port}`;
});
afterAll(async () => {
  relay?.close();
  await dynamo?.stop();
});

const create = (...args: string[]) =>
  runCli(['admin', 'create-first-key', '--tenant', 'acme', '--region', 'us-east-1', ...args], {
    cwd: tmpdir(),
    environment: { AWS_ENDPOINT_URL_DYNAMODB: endpoint, AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'x' },
  });

it("makes a deployment's first key, once", { timeout: 60_000 }, async () => {
  const first = await create('--table', dynamo.tableName);
  expect([first.code, first.out]).toEqual([0, expect.stringMatching(/^lbk_[0-9A-Z]{26}_[\w-]{43}\n$/)]);
  expect(first.err).toContain('shown once');
  const principal = await authenticate(
    { table: createDynamoTable(dynamo), clock: createSystemClock() },
    { authorization: `Bearer ${first.out.trim()}`, sourceAddress: undefined, requestId: 'req_1' },
  );
  expect(principal.permissions.has('builds:create')).toBe(true);
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
