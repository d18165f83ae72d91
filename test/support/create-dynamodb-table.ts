import {
  CreateTableCommand,
  type DynamoDBClient,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { tableSchema } from '../../core/wiring/table-schema.ts';

/** Creates the engine's table from its schema, with indexes, stream and time-to-live, and waits until it is active. */
export async function createDynamoDbTable(client: DynamoDBClient, tableName: string): Promise<void> {
  const indexes = Object.values(tableSchema.indexes);
  const keys = [tableSchema, ...indexes].flatMap(({ partitionKey, sortKey }) => [partitionKey, sortKey]);
  await client.send(
    new CreateTableCommand({
      TableName: tableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: keys.map((name) => ({ AttributeName: name, AttributeType: 'S' as const })),
      KeySchema: keySchema(tableSchema),
      GlobalSecondaryIndexes: indexes.map((index) => ({
        IndexName: index.name,
        KeySchema: keySchema(index),
        Projection: { ProjectionType: 'ALL' as const },
      })),
      StreamSpecification: { StreamEnabled: true, StreamViewType: tableSchema.streamView },
    }),
  );
  await waitUntilTableExists({ client, maxWaitTime: 10, minDelay: 1 }, { TableName: tableName });
  await client.send(
    new UpdateTimeToLiveCommand({
      TableName: tableName,
      TimeToLiveSpecification: { AttributeName: tableSchema.timeToLive, Enabled: true },
    }),
  );
}

function keySchema(names: { readonly partitionKey: string; readonly sortKey: string }) {
  return [
    { AttributeName: names.partitionKey, KeyType: 'HASH' as const },
    { AttributeName: names.sortKey, KeyType: 'RANGE' as const },
  ];
}
