import { z } from 'zod';
import { reaches } from '../../../core/access/reach.ts';
import { readRebuildSettings } from '../../../core/rebuilds/settings.ts';
import { automaticRebuildSchema, automaticView } from '../../../core/rebuilds/views.ts';
import { findImage } from '../../../core/retention/image.ts';
import { packageToUpdateSchema } from '../../../core/vulnerabilities/rebuild-list.ts';
import { severities } from '../../../core/vulnerabilities/severity.ts';
import { listStandings, type Standing } from '../../../core/vulnerabilities/standing.ts';
import { defineOperation } from '../../shared/operation.ts';
import { nextCursor, pageQuery, readPage } from '../../shared/paging.ts';
import { reachOf } from '../../shared/principal-of.ts';

const rebuildSchema = z
  .strictObject({
    build: z.string(),
    name: z.string().describe('Name of its spec.'),
    teamId: z.string().optional(),
    scannedAt: z.string().describe('When its packages were last looked at.'),
    scan: z.string().describe('The scan that says so.'),
    severity: z.enum(severities).describe('The worst of what a rebuild would end.'),
    fixable: z.number().int().describe('Findings that a rebuild would end.'),
    packages: z.array(packageToUpdateSchema).describe('What would come in another version, the most severe first.'),
    packageCount: z.number().int().describe('How many packages these are; the first 40 are told.'),
    pinned: z
      .boolean()
      .describe('True: its packages come from a lock or a snapshot, so that it needs a new one to get others.'),
    automatic: automaticRebuildSchema
      .optional()
      .describe('There where the tenant has images built anew by themselves.'),
  })
  .meta({ id: 'BuildToRebuild' });

/**
 * Of whoever sees some teams alone, and where images were removed, a page is what is left of one: the cursor goes on from
 * there.
 */
export const listRebuilds = defineOperation({
  id: 'listRebuilds',
  method: 'GET',
  path: '/v1/vulnerabilities/rebuilds',
  summary: 'Images that a rebuild would rid of known vulnerabilities, the most urgent first',
  access: { kind: 'permission', permission: 'compliance:read', inTeam: true },
  params: z.strictObject({}),
  query: z.strictObject(pageQuery),
  body: undefined,
  response: z.strictObject({ rebuilds: z.array(rebuildSchema), cursor: nextCursor }).meta({ id: 'RebuildList' }),
  status: 200,
  errors: ['cursor.invalid'],
  async handle({ table, clock, installation }, { query, context }) {
    const reach = reachOf(context);
    const over = reach.teams === 'all' ? '' : [...reach.teams].sort().join();
    const scope = ['listRebuilds', reach.tenantId, over];
    const { page, next } = await readPage(installation.cursorSecret, scope, query, (at) =>
      listStandings(table, reach.tenantId, at),
    );
    const reached = page.standings.filter((standing) => reaches(reach, standing));
    const images = await Promise.all(reached.map(({ buildId }) => findImage(table, buildId)));
    const kept = reached.filter((_, index) => images[index]?.image.state === 'kept');
    const settings = await readRebuildSettings(table, reach.tenantId);
    const now = clock.now();
    const rebuilds = await Promise.all(
      kept.map(async (standing) => viewOf(standing, await automaticView({ table, now }, settings, standing))),
    );
    return { body: { rebuilds: rebuilds.flat(), ...next } };
  },
});

function viewOf(
  { buildId, name, teamId, at, scanId, pinned, rebuild }: Standing,
  automatic: z.input<typeof automaticRebuildSchema> | undefined,
): z.input<typeof rebuildSchema>[] {
  if (rebuild === undefined) return [];
  return [
    {
      ...{ build: buildId, name, scannedAt: at, scan: scanId, ...rebuild, pinned: pinned === true },
      ...(teamId === undefined ? {} : { teamId }),
      ...(automatic === undefined ? {} : { automatic }),
    },
  ];
}
