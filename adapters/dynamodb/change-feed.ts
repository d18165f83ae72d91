import { DescribeTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  DescribeStreamCommand,
  type DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type Shard,
  TrimmedDataAccessException,
} from '@aws-sdk/client-dynamodb-streams';
import { z } from 'zod';
import { EngineError } from '../../core/errors.ts';
import type { TableChange, TableChangeFeed } from '../../core/ports/table.ts';
import { tableFailure } from './retries.ts';
import { changesFromStreamRecords } from './stream-changes.ts';

/** A shard's state in a position: the sequence number read last (none yet: null), or that its end was read. */
const positionSchema = z.record(z.string(), z.union([z.string(), z.null(), z.literal(true)]));
type Position = z.infer<typeof positionSchema>;

/** An open shard answers empty pages before it answers records: so many in a row count as its end for now. */
const emptyPages = 5;
/** GetRecords answers at most so many. */
const largestPage = 1000;

/**
 * The table's stream read by its API, for a process that polls (in Lambda, the event source mapping does). A shard is
 * read once its parent's end was read, so that the changes of one key come in the order of their commits.
 * @throws EngineError from `read`: service.unavailable; cursor.invalid for a position that is not this feed's.
 */
export function createDynamoChangeFeed(options: {
  readonly client: DynamoDBClient;
  readonly streamsClient: DynamoDBStreamsClient;
  readonly tableName: string;
}): TableChangeFeed {
  let stream: Promise<string> | undefined;
  return {
    async read(position, limit) {
      const before = decodePosition(position);
      try {
        stream ??= streamOf(options.client, options.tableName);
        const reader = new StreamReader(options.streamsClient, await stream);
        const { changes, after } = await reader.read(before, limit);
        return { changes, position: Buffer.from(JSON.stringify(after)).toString('base64url') };
      } catch (error) {
        stream = undefined;
        throw tableFailure(error);
      }
    },
  };
}

class StreamReader {
  readonly #client: DynamoDBStreamsClient;
  readonly #stream: string;

  constructor(client: DynamoDBStreamsClient, stream: string) {
    this.#client = client;
    this.#stream = stream;
  }

  async read(before: Position, limit: number): Promise<{ changes: TableChange[]; after: Position }> {
    const changes: TableChange[] = [];
    const after: Position = {};
    const shards = await this.#shards();
    const listed = new Set(shards.map(({ ShardId }) => ShardId));
    for (const { ShardId: id, ParentShardId: parent } of parentsFirst(shards)) {
      if (id === undefined) continue;
      const state = before[id] ?? null;
      const parentRead = parent === undefined || !listed.has(parent) || after[parent] === true;
      if (state === true || !parentRead || changes.length >= limit) {
        after[id] = state;
      } else {
        after[id] = await this.#readShard(id, state, limit - changes.length, changes);
      }
    }
    return { changes, after };
  }

  /** Adds a shard's changes to those read; answers the shard's new state. */
  async #readShard(
    id: string,
    last: string | null,
    limit: number,
    changes: TableChange[],
  ): Promise<string | null | true> {
    let iterator = await this.#iterator(id, last);
    let state = last;
    let left = limit;
    let empty = 0;
    while (iterator !== undefined && left > 0 && empty < emptyPages) {
      const page = await this.#client.send(
        new GetRecordsCommand({ ShardIterator: iterator, Limit: Math.min(left, largestPage) }),
      );
      const records = page.Records ?? [];
      changes.push(...changesFromStreamRecords(records));
      state = records.at(-1)?.dynamodb?.SequenceNumber ?? state;
      left -= records.length;
      empty = records.length === 0 ? empty + 1 : 0;
      iterator = page.NextShardIterator;
    }
    return iterator === undefined ? true : state;
  }

  async #iterator(shard: string, last: string | null): Promise<string | undefined> {
    const place = { StreamArn: this.#stream, ShardId: shard };
    const oldest = new GetShardIteratorCommand({ ...place, ShardIteratorType: 'TRIM_HORIZON' });
    if (last === null) return (await this.#client.send(oldest)).ShardIterator;
    try {
      const next = new GetShardIteratorCommand({
        ...place,
        ShardIteratorType: 'AFTER_SEQUENCE_NUMBER',
        SequenceNumber: last,
      });
      return (await this.#client.send(next)).ShardIterator;
    } catch (error) {
      // What was read last is older than what the stream keeps.
      if (error instanceof TrimmedDataAccessException) return (await this.#client.send(oldest)).ShardIterator;
      throw error;
    }
  }

  async #shards(): Promise<Shard[]> {
    const shards: Shard[] = [];
    let start: string | undefined;
    do {
      const { StreamDescription: page } = await this.#client.send(
        new DescribeStreamCommand({
          StreamArn: this.#stream,
          ...(start === undefined ? {} : { ExclusiveStartShardId: start }),
        }),
      );
      shards.push(...(page?.Shards ?? []));
      start = page?.LastEvaluatedShardId;
    } while (start !== undefined);
    return shards;
  }
}

function parentsFirst(shards: readonly Shard[]): Shard[] {
  const byId = new Map(shards.map((shard) => [shard.ShardId, shard]));
  const depth = (shard: Shard): number => {
    const parent = shard.ParentShardId === undefined ? undefined : byId.get(shard.ParentShardId);
    return parent === undefined ? 0 : depth(parent) + 1;
  };
  return shards.toSorted((a, b) => depth(a) - depth(b));
}

async function streamOf(client: DynamoDBClient, tableName: string): Promise<string> {
  const { Table } = await client.send(new DescribeTableCommand({ TableName: tableName }));
  if (Table?.LatestStreamArn === undefined) {
    throw new EngineError('configuration.invalid', `The table ${tableName} has no stream.`);
  }
  return Table.LatestStreamArn;
}

function decodePosition(position: string | undefined): Position {
  if (position === undefined) return {};
  try {
    return positionSchema.parse(JSON.parse(Buffer.from(position, 'base64url').toString()));
  } catch (error) {
    throw new EngineError('cursor.invalid', 'the position is not one of this feed', { cause: error });
  }
}
