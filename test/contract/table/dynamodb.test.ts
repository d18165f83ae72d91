import { afterAll, beforeAll, describe } from 'vitest';
import { createDynamoChangeFeed } from '../../../adapters/dynamodb/change-feed.ts';
import { createDynamoTable } from '../../../adapters/dynamodb/dynamodb-table.ts';
import { type DynamoDbLocal, startDynamoDbLocal } from '../../support/dynamodb-local.ts';
import { describeTableContract } from './table-contract.ts';
import type { TableUnderTest } from './table-under-test.ts';

let local: DynamoDbLocal;
let subject: TableUnderTest;
beforeAll(async () => {
  local = await startDynamoDbLocal();
  subject = { table: createDynamoTable(local), feed: createDynamoChangeFeed(local) };
});
afterAll(() => local?.stop());

describe('the table in DynamoDB', () => {
  describeTableContract(() => subject, { modelRuns: 25 });
});
