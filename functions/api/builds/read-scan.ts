import { z } from 'zod';
import { getBuild } from '../../../core/builds/build-repository.ts';
import { complianceReportSchema } from '../../../core/compliance/report.ts';
import { complianceScanSchema, vulnerabilityScanSchema } from '../../../core/scans/scan.ts';
import { getScan, readScanReport } from '../../../core/scans/scan-repository.ts';
import { scanRecordSchema } from '../../../core/vulnerabilities/scan.ts';
import { defineOperation } from '../../shared/operation.ts';
import { reachOf } from '../../shared/principal-of.ts';
import { buildParamsSchema } from './build-params.ts';

/** A scan with all that it found: of vulnerabilities some 1.5 MB where 5,000 are told. */
export const scanWithReportSchema = z.union([
  z.strictObject({ scan: complianceScanSchema, report: complianceReportSchema }).meta({ id: 'ComplianceScanReport' }),
  z.strictObject({ scan: vulnerabilityScanSchema, report: scanRecordSchema }).meta({ id: 'VulnerabilityScanReport' }),
]);

export const readScan = defineOperation({
  id: 'readScan',
  method: 'GET',
  path: '/v1/builds/{id}/scans/{scan}',
  summary: 'A scan of a build with all that it found',
  access: { kind: 'permission', permission: 'compliance:read', inTeam: true },
  params: buildParamsSchema.extend({
    scan: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,100}$/, 'must be an id such as scn_01J…')
      .describe('Id of the scan.'),
  }),
  query: z.strictObject({}),
  body: undefined,
  response: scanWithReportSchema,
  status: 200,
  errors: ['build.not_found', 'scan.not_found', 'scan.damaged'],
  async handle(ports, { params, context }) {
    const { value: build } = await getBuild(ports.table, reachOf(context), params.id);
    const scan = await getScan(ports.table, build, params.scan);
    const report = await readScanReport(ports.blobs, build.tenantId, scan);
    return { body: scanWithReportSchema.parse({ scan, report }) };
  },
});
