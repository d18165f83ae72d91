import { z } from 'zod';

const spdxId = z.string().regex(/^SPDXRef-[a-zA-Z0-9.-]+$/);
const packageId = spdxId.refine((id) => id !== 'SPDXRef-DOCUMENT', 'is the id of the document');

/** A package of an SPDX document (SPDX 2.3, clause 7): what is mandatory there, and what this engine writes. */
export const spdxPackageSchema = z.strictObject({
  SPDXID: packageId,
  name: z.string().min(1),
  versionInfo: z.string().optional(),
  packageFileName: z.string().optional(),
  primaryPackagePurpose: z
    .enum(['OPERATING_SYSTEM', 'FILE', 'INSTALL'])
    .describe('As the JSON schema of SPDX 2.3 writes them; its text has hyphens.'),
  sourceInfo: z.string().optional(),
  downloadLocation: z.literal('NOASSERTION'),
  filesAnalyzed: z.literal(false),
  licenseConcluded: z.literal('NOASSERTION'),
  licenseDeclared: z.string().min(1),
  copyrightText: z.literal('NOASSERTION'),
  checksums: z
    .array(z.strictObject({ algorithm: z.literal('SHA256'), checksumValue: z.string().regex(/^[0-9a-f]{64}$/) }))
    .optional(),
  externalRefs: z
    .array(
      z.strictObject({
        referenceCategory: z.literal('PACKAGE-MANAGER'),
        referenceType: z.literal('purl'),
        referenceLocator: z.string().startsWith('pkg:deb/'),
      }),
    )
    .optional(),
});
export type SpdxPackage = z.infer<typeof spdxPackageSchema>;

/** The SPDX documents that this engine writes: SPDX 2.3 in JSON, narrowed to what is used of it. */
export const spdxDocumentSchema = z.strictObject({
  spdxVersion: z.literal('SPDX-2.3'),
  dataLicense: z.literal('CC0-1.0'),
  SPDXID: z.literal('SPDXRef-DOCUMENT'),
  name: z.string().min(1),
  documentNamespace: z.string().regex(/^urn:[a-z0-9-]+:[^#\s]+$/, 'is no URI without a fragment'),
  creationInfo: z.strictObject({
    created: z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    creators: z.array(z.string().regex(/^(Tool|Organization|Person): \S/)).min(1),
  }),
  packages: z.array(spdxPackageSchema).min(1),
  relationships: z
    .array(
      z.strictObject({
        spdxElementId: spdxId,
        relationshipType: z.enum(['DESCRIBES', 'CONTAINS', 'GENERATED_FROM']),
        relatedSpdxElement: packageId,
      }),
    )
    .min(1),
  hasExtractedLicensingInfos: z
    .array(
      z.strictObject({
        licenseId: z.string().regex(/^LicenseRef-[a-zA-Z0-9.-]+$/),
        name: z.string().min(1),
        extractedText: z.string().min(1),
      }),
    )
    .optional(),
});
export type SpdxDocument = z.infer<typeof spdxDocumentSchema>;
