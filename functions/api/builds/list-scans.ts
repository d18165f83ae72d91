import { z } from 'zod';
import { getBuild } from '../../../core/builds/build-repository.ts';
import { scanKinds, scanSchema } from '../../../core/scans/scan.ts';
import { keptScans, listScans as listStored } from '../../../core/scans/scan-repository.ts';
import { defineOperation } from '../../shared/operation.ts';
import { reachOf } from '../../shared/principal-of.ts';
import { buildParamsSchema } from './build-params.ts';

export const listScans = defineOperation({
  id: 'listScans',
  method: 'GET',
  path: '/v1/builds/{id}/scans',
  summary: 'How the image of a build was judged, and its packages scanned, the latest first',
  access: { kind: 'permission', permission: 'compliance:read', inTeam: true },
  params: buildParamsSchema,
  query: z.strictObject({ kind: z.enum(scanKinds).optional().describe('Only scans of this kind.') }),
  body: undefined,
  response: z.strictObject({ scans: z.array(scanSchema) }).meta({ id: 'ScanList' }),
  status: 200,
  errors: ['build.not_found'],
  async handle(ports, { params, query, context }) {
    const { value: build } = await getBuild(ports.table, reachOf(context), params.id);
    const kinds = query.kind === undefined ? scanKinds : [query.kind];
    const lists = await Promise.all(kinds.map((kind) => listStored(ports.table, build, kind, keptScans)));
    // Ids sort by time.
    return { body: { scans: lists.flat().sort((one, other) => (one.id < other.id ? 1 : -1)) } };
  },
});
