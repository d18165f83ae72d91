import type { Table } from '../ports/table.ts';
import { hasLeft, workOf } from '../sharing/work-of.ts';
import type { ArtifactRecord, BuildRecord } from './build-record.ts';
import { listArtifacts } from './stage-repository.ts';

/**
 * The artifacts of a build that may be downloaded. Of a build with tests these are none before it has succeeded: so where
 * one test fails, nothing of it is ever published. The state is written in one transaction, and with it all of them are.
 * Nor has one any that left a work which goes on for others.
 */
export async function publishedArtifacts(
  table: Table,
  build: Pick<BuildRecord, 'id' | 'state' | 'tested' | 'sharesWith' | 'withdrawnAt'>,
): Promise<ArtifactRecord[]> {
  if (hasLeft(build) || (build.tested === true && build.state !== 'succeeded')) return [];
  return listArtifacts(table, workOf(build));
}
