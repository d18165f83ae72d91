import type { BuildRecord } from '../builds/build-record.ts';
import { findBuild, listBuilds } from '../builds/build-repository.ts';
import { isTerminal } from '../builds/lifecycle.ts';
import type { Table } from '../ports/table.ts';
import { findImage } from '../retention/image.ts';
import { lineageOf } from '../vulnerabilities/lineage.ts';
import { newestStandings, type Standing } from '../vulnerabilities/standing.ts';
import { readAttempt, type StoredAttempt } from './attempt.ts';
import type { KnownOfLineage } from './why-left.ts';

/** What is known of an image's lineage. */
export interface FoundLineage {
  readonly lineage: string;
  readonly known: Omit<KnownOfLineage, 'isLive' | 'now'>;
  readonly stored: StoredAttempt;
  readonly build: BuildRecord;
}

/** Looks at an image and its lineage; undefined where the image is not kept, or was last looked at before there were lineages. */
export async function findLineage(table: Table, standing: Standing): Promise<FoundLineage | undefined> {
  const { tenantId, buildId, lineage } = standing;
  const [image, build] = await Promise.all([findImage(table, buildId), findBuild(table, buildId)]);
  if (lineage === undefined || build === undefined || image?.image.state !== 'kept') return undefined;
  const stored = await readAttempt(table, tenantId, lineage);
  const last = stored.attempt?.build;
  return {
    ...{ lineage, stored, build: build.value },
    known: {
      isNewest: (await newestKept(table, tenantId, lineage)) === buildId,
      isRefused: build.value.publication === 'refused',
      attempt: stored.attempt,
      lastState: last === undefined ? undefined : (await findBuild(table, last))?.value.state,
    },
  };
}

/** Images behind the newest of a lineage that are looked at where that one is in the trash. */
const mostInTrash = 20;

async function newestKept(table: Table, tenantId: string, lineage: string): Promise<string | undefined> {
  for (const buildId of await newestStandings(table, tenantId, lineage, mostInTrash)) {
    if ((await findImage(table, buildId))?.image.state === 'kept') return buildId;
  }
  return undefined;
}

/**
 * Builds of a tenant that are looked at, the newest first, for those that have not ended. Of one that was missed there
 * would be one build too many, which shares its work where its plan is the same.
 */
const mostBuilds = 500;

/** The lineages of a tenant of which a build waits or runs. */
export async function liveLineages(table: Table, tenantId: string): Promise<Set<string>> {
  const live = new Set<string>();
  let cursor: string | undefined;
  for (let looked = 0; looked < mostBuilds; ) {
    const page = await listBuilds(table, tenantId, { limit: 100, ...(cursor === undefined ? {} : { cursor }) });
    for (const build of page.builds) {
      if (!isTerminal(build.state) && build.purpose === undefined) live.add(lineageOf(build));
    }
    looked += page.builds.length;
    cursor = page.cursor;
    if (cursor === undefined) break;
  }
  return live;
}
