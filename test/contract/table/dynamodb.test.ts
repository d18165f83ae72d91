import { spawnSync } from 'node:child_process';
import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createDynamoChangeFeed } from '../../../adapters/dynamodb/change-feed.ts';
import { createDynamoTable } from '../../../adapters/dynamodb/dynamodb-table.ts';
import { changesFromStreamRecords } from '../../../adapters/dynamodb/stream-changes.ts';
import type { Table } from '../../../core/ports/table.ts';
import { type DynamoDbLocal, dynamoDbLocalHookMilliseconds, startDynamoDbLocal } from '../../support/dynamodb-local.ts';
import { describeTableContract } from './table-contract.ts';
import { newPartition, outcome, put, type TableUnderTest } from './table-under-test.ts';

let local: DynamoDbLocal;
let subject: TableUnderTest;
beforeAll(async () => {
  local = await startDynamoDbLocal();
  subject = { table: createDynamoTable(local), feed: createDynamoChangeFeed(local) };
}, dynamoDbLocalHookMilliseconds);
afterAll(() => local?.stop());

describe('the table in DynamoDB', () => {
  describeTableContract(() => subject, { modelRuns: 25 });
});

/** What is sent, and what happens to it: faults that DynamoDB Local does not make. */
interface Fault {
  /** Before sending: DynamoDB refuses it. */
  readonly refuse?: Error;
  /** After it was carried out: the answer is lost. */
  readonly lose?: Error;
}

function named(name: string, more: object = {}): Error {
  return Object.assign(new Error(name), { name, $metadata: {}, $fault: 'client' }, more);
}

describe('requests to DynamoDB', () => {
  const sent: string[] = [];
  const faults: Fault[] = [];
  const waits: number[] = [];
  let table: Table;
  beforeAll(() => {
    table = createDynamoTable({
      ...local,
      backoff: {
        sleep: async (milliseconds) => {
          waits.push(milliseconds);
        },
        random: () => 0.5,
      },
    });
    // Below the SDK's own retries, so that it sees a fault as it would see the service's.
    local.client.middlewareStack.add(
      (next, context) => async (request) => {
        sent.push(context.commandName ?? '');
        const fault = faults.shift();
        if (fault?.refuse) throw fault.refuse;
        const answer = await next(request);
        if (fault?.lose) throw fault.lose;
        return answer;
      },
      { name: 'faults', step: 'finalizeRequest', priority: 'low' },
    );
  });
  afterEach(() => {
    for (const list of [sent, faults, waits]) list.length = 0;
  });
  afterAll(() => {
    local.client.middlewareStack.remove('faults');
  });
  const timeout = () => named('TimeoutError');
  const cancelled = (...codes: readonly string[]) =>
    named('TransactionCanceledException', { CancellationReasons: codes.map((Code) => ({ Code })) });

  it('counts an increment once when its answer was lost and it is sent again', async () => {
    const key = { partition: newPartition(), sort: 'n' };
    await table.transact([{ kind: 'put', key, data: {} }]);
    sent.length = 0;
    faults.push({ lose: timeout() });
    await table.transact([{ kind: 'increment', key, counter: 'n', by: 1 }]);
    expect(sent).toStrictEqual(['TransactWriteItemsCommand', 'TransactWriteItemsCommand']);
    expect(await table.get(key)).toMatchObject({ version: 2, counters: { n: 1 } });
  });

  it('takes a creation for its own when its answer was lost and it is sent again', async () => {
    faults.push({ lose: timeout() });
    expect(await outcome(table, [put(newPartition(), 'a', { condition: { kind: 'absent' } })])).toBe('committed');
    expect(sent).toHaveLength(2);
  });

  it('pays for a transaction only where repeating the write would do harm', async () => {
    const partition = newPartition();
    const key = { partition, sort: 'a' };
    await table.transact([put(partition, 'a')]);
    await table.transact([{ kind: 'check', key, condition: { kind: 'exists' } }]);
    await table.transact([{ kind: 'delete', key, condition: { kind: 'exists' } }]);
    await table.transact([{ kind: 'delete', key }]);
    expect(sent).toStrictEqual([
      'UpdateItemCommand',
      'GetItemCommand',
      'TransactWriteItemsCommand',
      'DeleteItemCommand',
    ]);
  });

  it('tries again after conflicts and throttles, waiting a random part of a time that doubles', async () => {
    const partition = newPartition();
    const writes = [put(partition, 'a', { condition: { kind: 'absent' } }), put(partition, 'b')];
    faults.push({ refuse: cancelled('TransactionConflict', 'None') }, { refuse: cancelled('None', 'ThrottlingError') });
    expect(await outcome(table, writes)).toBe('committed');
    expect(waits).toStrictEqual([10, 20]);
    expect(sent).toHaveLength(3);
  });

  it('answers service.unavailable where conflicts do not end, after 12 attempts', async () => {
    for (let count = 0; count < 20; count += 1) faults.push({ refuse: cancelled('TransactionConflict') });
    const write = put(newPartition(), 'a', { condition: { kind: 'absent' } });
    await expect(table.transact([write])).rejects.toMatchObject({ code: 'service.unavailable', retryAfterSeconds: 2 });
    expect(waits).toStrictEqual([10, 20, 40, 80, 160, 320, 500, 500, 500, 500, 500]);
    expect(sent).toHaveLength(12);
    faults.length = 0;
    expect(await table.get(write.key)).toBeUndefined();
  });

  it('answers service.unavailable where it is still throttled after the attempts of the SDK', async () => {
    for (let count = 0; count < 20; count += 1) faults.push({ refuse: named('ThrottlingException') });
    const write = put(newPartition(), 'a', { condition: { kind: 'absent' } });
    await expect(table.transact([write])).rejects.toMatchObject({ code: 'service.unavailable' });
    expect(sent.length).toBeGreaterThan(1);
    expect(sent.length).toBeLessThan(6);
    expect(waits).toStrictEqual([]);
  });

  it('does not repeat a transaction of which nothing is known, and says so', async () => {
    const key = { partition: newPartition(), sort: 'n' };
    const increment = { kind: 'increment', key, counter: 'n', by: 1 } as const;
    await table.transact([put(key.partition, 'n')]);
    for (let count = 0; count < 10; count += 1) faults.push({ lose: timeout() });
    await expect(table.transact([increment])).rejects.toMatchObject({ code: 'service.unavailable' });
    faults.length = 0;
    expect(await table.get(key)).toMatchObject({ counters: { n: 1 } });
  });

  it.each(['AccessDeniedException', 'ResourceNotFoundException'])('answers internal.error on %s', async (name) => {
    faults.push({ refuse: named(name) });
    await expect(table.get({ partition: 'p', sort: 'a' })).rejects.toMatchObject({ code: 'internal.error' });
  });

  it('creates and finds the counter where another writer creates or deletes the record in between', async () => {
    const key = { partition: newPartition(), sort: 'n' };
    const increment = { kind: 'increment', key, counter: 'n', by: 1, max: 2 } as const;
    const Key = { pk: { S: key.partition }, sk: { S: key.sort } };
    // The first attempt fails as the record is absent; before the second another writer creates it.
    let attempts = 0;
    local.client.middlewareStack.add(
      (next, context) => async (request) => {
        if (context.commandName === 'TransactWriteItemsCommand') attempts += 1;
        if (context.commandName === 'TransactWriteItemsCommand' && attempts === 2) {
          await subject.table.transact([put(key.partition, key.sort, { counters: { n: 1 } })]);
        }
        return await next(request);
      },
      { name: 'interference', step: 'initialize' },
    );
    try {
      expect(await outcome(table, [increment])).toBe('committed');
    } finally {
      local.client.middlewareStack.remove('interference');
    }
    expect(attempts).toBe(3);
    expect(await table.get(key)).toMatchObject({ version: 2, counters: { n: 2 } });
    const { Item } = await local.client.send(new GetItemCommand({ TableName: local.tableName, Key }));
    expect(Item).toMatchObject({ version: { N: '2' }, counters: { M: { n: { N: '2' } } }, data: { M: {} } });
  });

  it('names an item that it did not write', async () => {
    const key = { partition: newPartition(), sort: 'a' };
    const Item = { pk: { S: key.partition }, sk: { S: key.sort }, tags: { SS: ['x'] } };
    await local.client.send(new PutItemCommand({ TableName: local.tableName, Item }));
    await expect(table.get(key)).rejects.toMatchObject({ code: 'internal.error', detail: /did not write/ });
  });
});

describe('the stream', () => {
  it.each([
    [undefined],
    [{}],
    [[{}]],
    [[{ dynamodb: { Keys: { pk: { S: 'a' } } } }]],
    [[{ dynamodb: { Keys: { pk: { S: 'a' }, sk: { S: 'a' } }, NewImage: { pk: { B: 'AA==' } } } }]],
    [[{ dynamodb: { Keys: { pk: { S: 'a' }, sk: { S: 'a' } }, NewImage: { pk: { S: 'a' }, sk: { S: 'a' } } } }]],
  ])('refuses records that are not of the table: %j', (records) => {
    expect(() => changesFromStreamRecords(records)).toThrow(expect.objectContaining({ code: 'internal.error' }));
  });

  it('is read as Lambda gets it: with names and types that the engine does not use', () => {
    const keys = { pk: { S: 'p' }, sk: { S: 's' } };
    const image = { ...keys, version: { N: '3' }, data: { M: { list: { L: [{ NULL: true }, { BOOL: false }] } } } };
    const event = [
      {
        eventID: '1',
        eventName: 'REMOVE',
        awsRegion: 'us-east-1',
        userIdentity: { type: 'Service', principalId: 'dynamodb.amazonaws.com' },
        dynamodb: { Keys: keys, OldImage: { ...image, counters: { M: {} } }, SequenceNumber: '1', SizeBytes: 9 },
      },
    ];
    const key = { partition: 'p', sort: 's' };
    const before = { key, version: 3, data: { list: [null, false] }, counters: {}, indexes: {} };
    expect(changesFromStreamRecords(event)).toStrictEqual([{ key, before }]);
  });
});

describe('DynamoDB Local', () => {
  it('opens no port of this machine, and leaves no process when it is stopped', {
    timeout: dynamoDbLocalHookMilliseconds,
  }, async () => {
    const second = await startDynamoDbLocal();
    const children = () =>
      spawnSync('ps', ['-o', 'args=', '-g', String(process.pid), '--ppid', String(second.processId)]);
    try {
      expect(children().stdout.toString()).toContain('dynamodb-local-relay');
      const ports = spawnSync('ss', ['-Hltn', 'sport = :8000']);
      expect(ports.stdout.toString()).toBe('');
      const key = { partition: newPartition(), sort: 'a' };
      await createDynamoTable(second).transact([put(key.partition, 'a')]);
      expect(await subject.table.get(key)).toBeUndefined();
    } finally {
      await second.stop();
    }
    expect(() => process.kill(second.processId, 0)).toThrow();
    expect(children().stdout.toString()).not.toContain('dynamodb-local-relay');
  });
});
