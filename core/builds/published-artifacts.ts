import { EngineError } from '../errors.ts';
import type { Table } from '../ports/table.ts';
import { findImage, needKept } from '../retention/image.ts';
import { hasLeft, workOf } from '../sharing/work-of.ts';
import type { ArtifactRecord, BuildRecord } from './build-record.ts';
import { isTerminal } from './lifecycle.ts';
import { listArtifacts } from './stage-repository.ts';

type Publishing = Pick<
  BuildRecord,
  'id' | 'state' | 'tested' | 'sharesWith' | 'withdrawnAt' | 'publication' | 'verifies'
>;

/**
 * The artifacts of a build that may be downloaded. What a verification makes is nobody's: else it would be a way to what
 * is held.
 * @throws EngineError artifact.held where an approval policy holds them, from the beginning of the build on;
 * artifact.in_trash, artifact.purged where they were removed
 */
export async function publishedArtifacts(table: Table, build: Publishing): Promise<ArtifactRecord[]> {
  const { publication, state } = build;
  if (publication === 'held' || publication === 'refused') {
    throw new EngineError('artifact.held', `${reasonOf(publication, state)} The build is ${state}.`);
  }
  const stored = await findImage(table, build.id);
  if (stored !== undefined) needKept(stored.image);
  return build.verifies === undefined ? keptArtifacts(table, build) : [];
}

/**
 * The artifacts that a build has made for its tenant, held or not. Of a build with tests these are none before it has
 * succeeded: so where one test fails, nothing of it is ever published. The state is written in one transaction, and with
 * it all of them are. Nor has one any that left a work which goes on for others.
 */
export async function keptArtifacts(
  table: Table,
  build: Omit<Publishing, 'publication' | 'verifies'>,
): Promise<ArtifactRecord[]> {
  if (hasLeft(build) || (build.tested === true && build.state !== 'succeeded')) return [];
  return listArtifacts(table, workOf(build));
}

function reasonOf(publication: 'held' | 'refused', state: BuildRecord['state']): string {
  if (publication === 'refused') return 'Its publication was not approved in time, or was rejected.';
  if (state === 'succeeded') return 'Its publication waits for approval.';
  return isTerminal(state)
    ? 'Only what a build that succeeded has made can be approved.'
    : 'It is to be approved first.';
}
