import { z } from 'zod';
import { getBuild } from '../../../core/builds/build-repository.ts';
import { EngineError } from '../../../core/errors.ts';
import { vulnerabilityScanSchema } from '../../../core/scans/scan.ts';
import { scanStored } from '../../../core/scans/vulnerability-scans.ts';
import { openData } from '../../../core/vulnerabilities/open-data.ts';
import { defineOperation } from '../../shared/operation.ts';
import { reachOf } from '../../shared/principal-of.ts';
import { buildParamsSchema } from './build-params.ts';

/** Matches the packages of a stored build against the vulnerability data of today. */
export const scanBuild = defineOperation({
  id: 'scanBuild',
  method: 'POST',
  path: '/v1/builds/{id}:scan',
  summary: 'Scan the packages of a stored build for known vulnerabilities, without building it',
  access: { kind: 'permission', permission: 'compliance:recheck', inTeam: true },
  params: buildParamsSchema,
  query: z.strictObject({}),
  body: undefined,
  response: z
    .strictObject({
      scan: vulnerabilityScanSchema.describe('The new scan; the last one where nothing is otherwise.'),
      isNew: z.boolean(),
      appeared: z.array(z.string()).describe('Vulnerabilities that the scan before had not, the most severe first.'),
      gone: z.array(z.string()).describe('Those that it had and that are gone.'),
    })
    .meta({ id: 'Rescan' }),
  status: 200,
  errors: [
    'build.not_found',
    'vulnerabilities.not_scannable',
    'vulnerabilities.packages_gone',
    'vulnerabilities.no_data',
    'artifact.purged',
  ],
  repeatable: true,
  async handle(ports, { params, context }) {
    const { value: build } = await getBuild(ports.table, reachOf(context), params.id);
    const data = await openData(ports);
    if (data === undefined) {
      throw new EngineError('vulnerabilities.no_data', 'The installation has no vulnerability data.');
    }
    const { scan, isNew, appeared, gone } = await scanStored(ports, build, data, 'request');
    const named = (findings: typeof appeared) => [...new Set(findings.map(({ advisory }) => advisory))];
    return { body: { scan, isNew, appeared: named(appeared), gone: named(gone) } };
  },
});
