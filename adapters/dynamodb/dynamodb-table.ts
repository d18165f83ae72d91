import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import {
  type AttributeValue,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import {
  ConditionFailed,
  type Table,
  type TableKey,
  type TablePage,
  type TableQuery,
  type TableRecord,
  type TableWrite,
} from '../../core/ports/table.ts';
import { decodeCursor, encodeCursor, type TablePlace } from '../../core/ports/table-cursor.ts';
import { checkQuery, checkReadKey, checkWrites } from '../../core/ports/table-limits.ts';
import { mayWrite } from '../../core/ports/table-writes.ts';
import { tableSchema } from '../../core/wiring/table-schema.ts';
import { keyAttributes, recordOf } from './record-item.ts';
import { type Backoff, sendRepeatable } from './retries.ts';
import { runTransaction } from './transaction.ts';
import { putRequest } from './write-request.ts';

/** What the table stands on. Time and randomness of retries are the machine's unless given. */
export interface DynamoTableOptions {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  readonly backoff?: Backoff;
  /** Makes the token of a transaction: a random text of 1 to 36 characters. */
  readonly newToken?: () => string;
}

/**
 * The table in DynamoDB, with the attributes of core/wiring/table-schema.ts. It uses GetItem, Query, UpdateItem,
 * DeleteItem and ConditionCheckItem, the last three also within TransactWriteItems.
 */
export function createDynamoTable(options: DynamoTableOptions): Table {
  return new DynamoTable(options);
}

class DynamoTable implements Table {
  readonly #client: DynamoDBClient;
  readonly #tableName: string;
  readonly #backoff: Backoff;
  readonly #newToken: () => string;

  constructor(options: DynamoTableOptions) {
    this.#client = options.client;
    this.#tableName = options.tableName;
    this.#backoff = options.backoff ?? { sleep: (milliseconds) => setTimeout(milliseconds), random: Math.random };
    this.#newToken = options.newToken ?? randomUUID;
  }

  async get(key: TableKey): Promise<TableRecord | undefined> {
    checkReadKey(key);
    const command = new GetItemCommand({ TableName: this.#tableName, Key: keyAttributes(key), ConsistentRead: true });
    const { Item } = await sendRepeatable(this.#backoff, () => this.#client.send(command));
    return Item === undefined ? undefined : recordOf(Item);
  }

  async query(query: TableQuery): Promise<TablePage> {
    checkQuery(query);
    const place = decodeCursor(query);
    const names = query.index === undefined ? tableSchema : tableSchema.indexes[query.index];
    const prefix = query.sortPrefix ?? '';
    const command = new QueryCommand({
      TableName: this.#tableName,
      ...(query.index === undefined ? { ConsistentRead: true } : { IndexName: tableSchema.indexes[query.index].name }),
      KeyConditionExpression: prefix === '' ? '#p = :p' : '#p = :p AND begins_with(#s, :s)',
      ExpressionAttributeNames: { '#p': names.partitionKey, ...(prefix === '' ? {} : { '#s': names.sortKey }) },
      ExpressionAttributeValues: {
        ':p': { S: query.partition },
        ...(prefix === '' ? {} : { ':s': { S: prefix } }),
      },
      ScanIndexForward: !(query.descending ?? false),
      // One more than asked for tells whether more records follow.
      Limit: query.limit + 1,
      ...(place === undefined ? {} : { ExclusiveStartKey: startKey(query, place) }),
    });
    const answer = await sendRepeatable(this.#backoff, () => this.#client.send(command));
    const found = (answer.Items ?? []).map(recordOf);
    const records = found.slice(0, query.limit);
    const last = records.at(-1);
    if (last === undefined || (found.length <= query.limit && answer.LastEvaluatedKey === undefined)) {
      return { records };
    }
    const sort = query.index === undefined ? last.key.sort : last.indexes[query.index]?.sort;
    return { records, cursor: encodeCursor(query, { sort: sort ?? last.key.sort, key: last.key }) };
  }

  async transact(writes: readonly TableWrite[]): Promise<void> {
    checkWrites(writes);
    const [only] = writes;
    if (writes.length === 1 && only !== undefined && (await this.#writeAlone(only))) return;
    await runTransaction(
      { client: this.#client, tableName: this.#tableName, backoff: this.#backoff, newToken: this.#newToken },
      writes,
    );
  }

  /**
   * Carries a write out without a transaction, at half its price, where repeating it does no harm: one without a
   * condition that is no increment, and a check, which is a read. Answers whether it was such a one.
   */
  async #writeAlone(write: TableWrite): Promise<boolean> {
    if (write.kind === 'check') {
      if (!mayWrite(write, await this.get(write.key))) throw new ConditionFailed([0]);
      return true;
    }
    if (write.kind === 'increment' || write.condition !== undefined) return false;
    if (write.kind === 'put') {
      const command = new UpdateItemCommand(putRequest(this.#tableName, write));
      await sendRepeatable(this.#backoff, () => this.#client.send(command));
    } else {
      const command = new DeleteItemCommand({ TableName: this.#tableName, Key: keyAttributes(write.key) });
      await sendRepeatable(this.#backoff, () => this.#client.send(command));
    }
    return true;
  }
}

function startKey(query: TableQuery, place: TablePlace): Record<string, AttributeValue> {
  const key = keyAttributes(place.key);
  if (query.index === undefined) return key;
  const { partitionKey, sortKey } = tableSchema.indexes[query.index];
  return { ...key, [partitionKey]: { S: query.partition }, [sortKey]: { S: place.sort } };
}
