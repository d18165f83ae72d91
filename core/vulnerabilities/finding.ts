import { z } from 'zod';
import { advisorySchema, versionSchema } from './advisory.ts';
import { vulnerabilityLimits as limits } from './limits.ts';

/** A vulnerability in packages of an image. */
export const findingSchema = z.strictObject({
  advisory: advisorySchema.shape.id.describe('CVE id, or the id of the advisory where there is none.'),
  source: advisorySchema.shape.source.describe('Source package.'),
  version: versionSchema.describe('Version of the source package in the image.'),
  binaries: z
    .array(z.strictObject({ name: z.string(), version: z.string(), architecture: z.string() }))
    .max(limits.binaries)
    .describe('Packages of the image that are built from it, the first of them by name.'),
  binaryCount: z.int().min(1).describe('How many they are.'),
  status: advisorySchema.shape.status
    .exclude(['not-affected'])
    .describe('How it stands in the release; `fixed` where `fixedIn` has the fix.'),
  fixedIn: versionSchema.exactOptional().describe('Version of the source package that has the fix.'),
  severity: advisorySchema.shape.severity,
  severitySource: advisorySchema.shape.severitySource,
  description: advisorySchema.shape.description,
  references: advisorySchema.shape.references,
});
export type Finding = Readonly<z.infer<typeof findingSchema>>;

/** Whether the data says that the image is affected, and not only that nobody knows. */
export function isKnown(finding: Pick<Finding, 'status'>): boolean {
  return finding.status !== 'undetermined';
}

/** What a finding is of, among those of one image. */
export function findingKey({ advisory, source, version }: Finding): string {
  return `${advisory}\0${source}\0${version}`;
}
