import type { TableIndex } from '../ports/table.ts';

/** Names of one secondary index: DynamoDB's index name and its two key attributes, both strings. */
export interface TableIndexSchema {
  readonly name: string;
  readonly partitionKey: string;
  readonly sortKey: string;
}

/**
 * The DynamoDB table as lib/ declares it and adapters/dynamodb reads and writes it. All keys are strings (S). Every
 * index projects ALL, so that a query of an index answers whole records. Attribute names are short: they count
 * towards the 400 KB of a record and are billed with it.
 */
export const tableSchema = {
  partitionKey: 'pk',
  sortKey: 'sk',
  version: 'version',
  data: 'data',
  counters: 'counters',
  /** DynamoDB's time-to-live attribute: epoch seconds. */
  timeToLive: 'expiresAt',
  /** `before` and `after` of a TableChange are the old and the new image. */
  streamView: 'NEW_AND_OLD_IMAGES',
  indexes: {
    byTenant: { name: 'byTenant', partitionKey: 'tenantPk', sortKey: 'tenantSk' },
    byState: { name: 'byState', partitionKey: 'statePk', sortKey: 'stateSk' },
  },
} as const satisfies {
  partitionKey: string;
  sortKey: string;
  version: string;
  data: string;
  counters: string;
  timeToLive: string;
  streamView: 'NEW_AND_OLD_IMAGES';
  indexes: Record<TableIndex, TableIndexSchema>;
};
