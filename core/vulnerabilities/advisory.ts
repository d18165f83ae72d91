import { z } from 'zod';
import { type DistributionName, distributionNames } from '../distributions/registry.ts';
import { isDebianVersion } from './debian-version.ts';
import { vulnerabilityLimits as limits } from './limits.ts';
import { severities, severitySources } from './severity.ts';

/**
 * How a vulnerability stands in a package of a release:
 * - fixed: a version that has the fix is in the release;
 * - open: there is none yet;
 * - postponed: there is none, and the distribution brings it with a later update;
 * - ignored: there is none, and the distribution does not mean to bring it to this release;
 * - end-of-life: there is none, and the distribution does not support the package in this release any more;
 * - undetermined: nobody has found out whether the package is affected;
 * - not-affected: it is not.
 */
export const advisoryStatuses = [
  'fixed',
  'open',
  'postponed',
  'ignored',
  'end-of-life',
  'undetermined',
  'not-affected',
] as const;
export type AdvisoryStatus = (typeof advisoryStatuses)[number];

/** An id of an advisory or of an OSV document. */
export const advisoryIdSchema = z
  .string()
  .max(limits.idLength)
  .regex(/^[A-Za-z][A-Za-z0-9]*(?:[-:.][A-Za-z0-9]+)*$/);

/** A name of a source package (Debian Policy 5.6.1). */
export const sourceNameSchema = z
  .string()
  .max(limits.nameLength)
  .regex(/^[a-z0-9][a-z0-9+.-]*$/);

export const versionSchema = z.string().refine(isDebianVersion, 'must be a version of a Debian package');

/**
 * Versions of the source package that are affected: from `introduced` on, itself included, or all earlier ones too; to
 * before `fixed`, or to `lastAffected`, itself included, or all later ones too.
 */
export const affectedRangeSchema = z.strictObject({
  introduced: versionSchema.exactOptional(),
  fixed: versionSchema.exactOptional(),
  lastAffected: versionSchema.exactOptional(),
});
export type AffectedRange = Readonly<z.infer<typeof affectedRangeSchema>>;

/** What is known of one vulnerability in one source package of one release. */
export const advisorySchema = z.strictObject({
  id: advisoryIdSchema.describe('CVE id where there is one, else the id that the data has.'),
  source: sourceNameSchema.describe('Source package.'),
  distribution: z.enum<DistributionName[]>([...distributionNames]),
  release: z.string().max(60).describe('Code name of the release.'),
  status: z.enum(advisoryStatuses),
  affected: z.array(affectedRangeSchema).describe('Ranges of versions that are affected.'),
  versions: z.array(versionSchema).describe('Affected versions that lie in no range.'),
  severity: z.enum(severities),
  severitySource: z.enum(severitySources).describe('Who says the severity.'),
  description: z.string().max(limits.description),
  references: z
    .array(advisoryIdSchema)
    .max(limits.references)
    .describe('Documents that say so, where they have another id.'),
});
export type Advisory = Readonly<z.infer<typeof advisorySchema>>;

/**
 * What a document says of one vulnerability in one package of a release. Statements of several documents make an
 * advisory (merge.ts).
 */
export type Statement = Omit<Advisory, 'references'>;

/** Whose word goes before whose: the tracker's, a record of the vulnerability itself, a notice of an update. */
export const authorities = ['tracker', 'record', 'notice'] as const;

/** A document of vulnerability data as it was read. */
export interface AdvisoryDocument {
  readonly id: string;
  /** ISO 8601 in UTC with milliseconds. Of two documents of one id the later one is true. */
  readonly modified: string;
  readonly authority: (typeof authorities)[number];
  /** None where the document is withdrawn, or speaks of other releases: it replaces an earlier one all the same. */
  readonly statements: readonly Statement[];
}
