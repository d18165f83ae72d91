import { type Reach, reaches } from '../access/reach.ts';
import type { Table, TableQuery } from '../ports/table.ts';
import { cursorBehind } from '../ports/table-cursor.ts';
import { asShown } from '../sharing/work-of.ts';
import { teamBuildPlace } from '../teams/places.ts';
import type { BuildRecord } from './build-record.ts';
import { findBuild, listBuilds } from './build-repository.ts';

/** A page of builds; with a cursor where more may follow. */
interface BuildPage {
  readonly builds: readonly BuildRecord[];
  readonly cursor?: string;
}

/** Whether a list in this reach, of one team or of all there is in it, is one over teams: cursors of the two differ. */
export const isOverTeams = (reach: Reach, teamId: string | undefined): boolean =>
  teamId !== undefined || reach.teams !== 'all';

/**
 * Builds in reach, newest first, of one team where it is named. A list over teams reads each team's own, so that a page
 * is full however many builds of others lie between; its cursor is the id of the build that it ended with.
 */
export async function listBuildsWithin(
  table: Table,
  reach: Reach,
  { teamId, ...page }: { readonly teamId?: string | undefined; readonly limit: number; readonly cursor?: string },
): Promise<BuildPage> {
  const { tenantId, teams } = reach;
  if (teamId === undefined && teams === 'all') return listBuilds(table, tenantId, page);
  const wanted = teamId === undefined ? [...(teams === 'all' ? [] : teams)] : [teamId];
  const read = wanted.filter((one) => reaches(reach, { tenantId, teamId: one }));
  const pages = await Promise.all(read.map((one) => newestOf(table, tenantId, one, page)));
  const found = pages
    .flatMap(({ ids }) => ids)
    .sort()
    .reverse();
  const ids = found.slice(0, page.limit);
  const builds = await Promise.all(ids.map((id) => findBuild(table, id)));
  const last = ids.at(-1);
  const more = found.length > ids.length || pages.some((one) => one.more);
  return {
    builds: builds.flatMap((build) => (build === undefined ? [] : [asShown(build.value)])),
    ...(last === undefined || !more ? {} : { cursor: last }),
  };
}

/** The ids of a team's newest builds, or of those behind one. */
async function newestOf(
  table: Table,
  tenantId: string,
  teamId: string,
  { limit, cursor }: { readonly limit: number; readonly cursor?: string },
): Promise<{ readonly ids: readonly string[]; readonly more: boolean }> {
  const { partition } = teamBuildPlace(tenantId, teamId, '');
  const query: TableQuery = { partition, descending: true, limit };
  const page = await table.query(cursor === undefined ? query : { ...query, cursor: cursorBehind(query, cursor) });
  return { ids: page.records.map(({ key }) => key.sort), more: page.cursor !== undefined };
}
