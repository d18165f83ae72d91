import type { TableKey } from '../ports/table.ts';

/** Begin of the partitions of buckets: functions that only read the table may write here. */
export const bucketPrefix = 'RATE#';

/** A bucket by the name of whose it is. */
export const bucketPlace = (name: string): TableKey => ({ partition: `${bucketPrefix}${name}`, sort: 'BUCKET' });
