import { createDynamoTable } from '../../../adapters/dynamodb/dynamodb-table.ts';
import { startDynamoDbLocal } from '../../support/dynamodb-local.ts';
import { httpSuite } from './http-suite.ts';

httpSuite('DynamoDB Local', async () => {
  const local = await startDynamoDbLocal();
  return { table: createDynamoTable(local), close: () => local.stop() };
});
