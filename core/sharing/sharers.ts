import type { BuildRecord } from '../builds/build-record.ts';
import { readBuild } from '../builds/build-repository.ts';
import { shardCount, sharingState } from '../builds/keys.ts';
import type { Table, TablePage } from '../ports/table.ts';
import { sharerKey, sharerPrefix } from './places.ts';

/** Sharers that are looked at in one go. */
const page = 100;

/** Whether builds that have not ended share a build's work. */
export async function hasSharers(table: Table, workId: string): Promise<boolean> {
  const { partition } = sharerKey(workId, '');
  return (await table.query({ partition, sortPrefix: sharerPrefix, limit: 1 })).records.length > 0;
}

/** Ids of the builds that share a work and have not ended, the oldest first, by pages. */
export async function* sharersOf(table: Table, workId: string): AsyncGenerator<readonly string[]> {
  const { partition } = sharerKey(workId, '');
  let cursor: string | undefined;
  do {
    const found: TablePage = await table.query({
      ...{ partition, sortPrefix: sharerPrefix, limit: page },
      ...(cursor === undefined ? {} : { cursor }),
    });
    yield found.records.map(({ key }) => key.sort.slice(sharerPrefix.length));
    cursor = found.cursor;
  } while (cursor !== undefined);
}

/** All builds that share a work and have not ended, as an index tells, by pages. */
export async function* allSharers(table: Table): AsyncGenerator<readonly BuildRecord[]> {
  for (let shard = 0; shard < shardCount; shard += 1) {
    let cursor: string | undefined;
    do {
      const found: TablePage = await table.query({
        ...{ index: 'byState', partition: `STATE#${sharingState}#${shard}`, limit: page },
        ...(cursor === undefined ? {} : { cursor }),
      });
      yield found.records.map((record) => readBuild(record).value);
      cursor = found.cursor;
    } while (cursor !== undefined);
  }
}
