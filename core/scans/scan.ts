import { z } from 'zod';
import { complianceStates, complianceSummarySchema } from '../compliance/report.ts';
import { countsSchema, verdicts } from '../vulnerabilities/gate.ts';

/** What an image is looked at for. */
export const scanKinds = ['compliance', 'vulnerabilities'] as const;
export type ScanKind = (typeof scanKinds)[number];

/** Why it was: its build ended, somebody asked for it, or there was new data. */
export const scanCauses = ['build', 'request', 'data'] as const;
export type ScanCause = (typeof scanCauses)[number];

const digest = z.string().regex(/^[0-9a-f]{64}$/);

const common = {
  id: z.string().describe('Id of the scan: `scn_…`; later ones sort behind earlier ones.'),
  build: z.string().describe('The build whose image it is of.'),
  cause: z.enum(scanCauses).describe('build: the build ended. request: somebody asked. data: the data changed.'),
  at: z.iso.datetime().describe('When it was made.'),
  report: z
    .strictObject({ sha256: digest, size: z.int().min(0).describe('Bytes.') })
    .describe('The file of all that was found.'),
};

/** What a build's image is by its compliance profiles, as of some day. */
export const complianceScanSchema = z
  .strictObject({ kind: z.literal('compliance'), ...common, ...complianceSummarySchema.shape })
  .meta({ id: 'ComplianceScan' });

/** Which known vulnerabilities a build's packages have, by some data. */
export const vulnerabilityScanSchema = z
  .strictObject({
    kind: z.literal('vulnerabilities'),
    ...common,
    state: z.enum(verdicts).describe('Whether the gate of the spec lets it through.'),
    data: digest.describe('Digest of the data that it was scanned with.'),
    counts: countsSchema,
    undetermined: z.int().min(0).describe('Findings of which nobody knows whether the package is affected.'),
    failing: z.int().min(0).describe('Findings that fail the gate.'),
    waived: z.int().min(0).describe('Findings with a waiver that holds.'),
  })
  .meta({ id: 'VulnerabilityScan' });

/** A scan as it is stored with its build, and shown; what it found is a file of its own. */
export const scanSchema = z.discriminatedUnion('kind', [complianceScanSchema, vulnerabilityScanSchema]);
export type Scan = z.infer<typeof scanSchema>;
export type ComplianceScan = z.infer<typeof complianceScanSchema>;
export type VulnerabilityScan = z.infer<typeof vulnerabilityScanSchema>;

/** Every state that a scan can be in. */
export const scanStates = [...new Set([...complianceStates, ...verdicts])] as [string, ...string[]];
