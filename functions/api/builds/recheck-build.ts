import { z } from 'zod';
import { getBuild } from '../../../core/builds/build-repository.ts';
import { checkChangeSchema } from '../../../core/scans/check-changes.ts';
import { recheckCompliance } from '../../../core/scans/compliance-scans.ts';
import { complianceScanSchema } from '../../../core/scans/scan.ts';
import { defineOperation } from '../../shared/operation.ts';
import { reachOf } from '../../shared/principal-of.ts';
import { buildParamsSchema } from './build-params.ts';

/** Judges a stored build by the checks, members and day of today. */
export const recheckBuild = defineOperation({
  id: 'recheckBuild',
  method: 'POST',
  path: '/v1/builds/{id}:recheck',
  summary: 'Judge a stored build by the checks, members and day of today, without building it',
  access: { kind: 'permission', permission: 'compliance:recheck', inTeam: true },
  params: buildParamsSchema,
  query: z.strictObject({}),
  body: undefined,
  response: z
    .strictObject({
      scan: complianceScanSchema.describe('The new scan; the last one where nothing is otherwise.'),
      isNew: z.boolean(),
      changes: z.array(checkChangeSchema).describe('Checks that came to another result than in the scan before.'),
    })
    .meta({ id: 'Recheck' }),
  status: 200,
  errors: ['build.not_found', 'compliance.not_judged', 'compliance.inspection_gone', 'artifact.purged'],
  repeatable: true,
  async handle(ports, { params, context }) {
    const { value: build } = await getBuild(ports.table, reachOf(context), params.id);
    const { scan, isNew, changes } = await recheckCompliance(ports, build);
    return { body: { scan, isNew, changes: [...changes] } };
  },
});
