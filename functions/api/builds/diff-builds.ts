import { z } from 'zod';
import type { Reach } from '../../../core/access/reach.ts';
import type { BuildRecord } from '../../../core/builds/build-record.ts';
import { getBuild } from '../../../core/builds/build-repository.ts';
import { compareBuilds } from '../../../core/diff/compare-builds.ts';
import { buildDiffSchema, diffView } from '../../../core/diff/diff-view.ts';
import { EngineError } from '../../../core/errors.ts';
import type { Table } from '../../../core/ports/table.ts';
import { openCursor, sealCursor } from '../../shared/cursor.ts';
import { defineOperation } from '../../shared/operation.ts';
import { reachOf } from '../../shared/principal-of.ts';
import { createTurns } from '../../shared/turns.ts';
import { wholeNumberOr } from '../../shared/whole-number.ts';
import { unpackZstd } from '../../shared/zstd.ts';
import { buildParamsSchema } from './build-params.ts';

/** Two trees take some 220 MB at worst. Whoever waits for more than eight others would wait for longer than a request may. */
const inTurn = createTurns(8);

/** What differs between two builds of the tenant, from the indexes of their layers: nothing is unpacked or run for it. */
export const diffBuilds = defineOperation({
  id: 'diffBuilds',
  method: 'GET',
  path: '/v1/builds/{id}/diff/{other}',
  summary: 'What differs between two builds: packages, files, kernel, services, sizes, spec',
  access: { kind: 'permission', permission: 'builds:read', inTeam: true },
  params: buildParamsSchema.extend({ other: buildParamsSchema.shape.id.describe('Id of the build to compare with.') }),
  query: z.strictObject({
    limit: wholeNumberOr(100, 0, 5_000).describe('Changed files a page.'),
    cursor: z.string().max(4_096).optional().describe('As the page before gave it, of the same two builds.'),
  }),
  body: undefined,
  response: buildDiffSchema,
  status: 200,
  errors: [
    'build.not_found',
    'build.not_succeeded',
    'build.not_planned',
    'layer.evicted',
    'layer.damaged',
    'layer.unreadable',
    'diff.too_large',
    'cursor.invalid',
  ],
  async handle(ports, { params, query, context }) {
    const reach = reachOf(context);
    const before = await finishedBuild(ports.table, reach, params.id);
    const after = await finishedBuild(ports.table, reach, params.other);
    const secret = ports.installation.cursorSecret;
    const scope = ['diffBuilds', reach.tenantId, before.id, after.id];
    const page = {
      limit: query.limit,
      skip: query.cursor === undefined ? 0 : Number(openCursor(secret, scope, query.cursor)),
    };
    const { diff, next } = await inTurn(async () => {
      const { table, blobs } = ports;
      return diffView(await compareBuilds({ table, blobs, unpack: unpackZstd }, before, after), page);
    });
    const cursor = next === undefined ? {} : { cursor: sealCursor(secret, scope, String(next)) };
    return { body: { ...diff, files: { ...diff.files, ...cursor } } };
  },
});

/** @throws EngineError build.not_found, build.not_succeeded */
async function finishedBuild(table: Table, reach: Reach, buildId: string): Promise<BuildRecord> {
  const { value: build } = await getBuild(table, reach, buildId);
  if (build.state !== 'succeeded') {
    throw new EngineError('build.not_succeeded', `The build ${build.id} is ${build.state}.`);
  }
  return build;
}
