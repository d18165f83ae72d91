import { z } from 'zod';
import type { BuildRecord } from '../builds/build-record.ts';
import { digestOf, type Sha256 } from '../digest.ts';
import type { Table, TableWrite } from '../ports/table.ts';
import { sharedPlace } from '../retention/places.ts';
import { claimKey, doorKey, sharerKey } from './places.ts';

const claimSchema = z.strictObject({ workId: z.string() });
const joined = 'joined';

/**
 * What makes two builds of a tenant the same work: the plan, and how a failure ends it. The plan holds the resolved
 * spec, the archive's state, the toolchain, and the version of each secret. Undefined of a build that runs on its own:
 * one that is forced to, a verification, a warming.
 */
export function workIdentity(build: BuildRecord): Sha256 | undefined {
  const { planDigest, keepGoing = false, force, purpose } = build;
  if (planDigest === undefined || force === true || purpose !== undefined) return undefined;
  return digestOf({ planDigest, keepGoing });
}

/** A build with its place among those of its identity, and what is to be written beside it. */
export interface Placed {
  readonly build: BuildRecord;
  readonly writes: readonly TableWrite[];
}

/**
 * Where a build that is to be queued belongs: it shares the work that runs or waits for its identity, or leads one
 * that others may share, or runs on its own. The writes fail where that has changed since.
 */
export async function placeBuild(table: Pick<Table, 'get'>, build: BuildRecord): Promise<Placed> {
  const identity = workIdentity(build);
  if (identity === undefined) return { build, writes: [] };
  const key = claimKey(build.tenantId, identity);
  const claim = await table.get(key);
  const workId = claim === undefined ? undefined : claimSchema.parse(claim.data).workId;
  if (workId !== undefined && (await table.get(doorKey(workId))) !== undefined) {
    return {
      build: { ...build, sharesWith: workId },
      writes: [
        { kind: 'increment', key: doorKey(workId), counter: joined, by: 1, condition: { kind: 'exists' } },
        { kind: 'put', key: sharerKey(workId, build.id), data: {}, condition: { kind: 'absent' } },
        { kind: 'put', key: sharedPlace(workId, build.id), data: {} },
      ],
    };
  }
  // Door and claim go in one transaction: a claim without a door was read just before, or nobody holds it.
  return {
    build: { ...build, sharing: identity },
    writes: [
      {
        kind: 'put',
        key,
        data: { workId: build.id },
        condition: claim === undefined ? { kind: 'absent' } : { kind: 'version', version: claim.version },
      },
      { kind: 'put', key: doorKey(build.id), data: {}, condition: { kind: 'absent' } },
    ],
  };
}

/**
 * A work that takes nobody in any more, with what is to be written beside it; the build's own version guards it.
 * @param door its version where nobody may have joined since it was read
 */
export function closeWork(build: BuildRecord, door?: number): Placed {
  const { sharing, ...closed } = build;
  if (sharing === undefined) return { build, writes: [] };
  return {
    build: closed,
    writes: [
      {
        kind: 'delete',
        key: doorKey(build.id),
        ...(door === undefined ? {} : { condition: { kind: 'version', version: door } }),
      },
      { kind: 'delete', key: claimKey(build.tenantId, sharing) },
    ],
  };
}

/** Version of a work's door, for `closeWork`; undefined where it takes nobody in. */
export async function doorOf(
  table: Pick<Table, 'get'>,
  build: Pick<BuildRecord, 'id' | 'sharing'>,
): Promise<number | undefined> {
  return build.sharing === undefined ? undefined : (await table.get(doorKey(build.id)))?.version;
}
