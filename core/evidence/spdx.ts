import { utf8 } from '../json.ts';
import { type BuiltImage, isoSeconds, type NamedFile } from './built-image.ts';
import { type EvidenceFile, evidenceFile, urn } from './evidence-file.ts';
import type { InstalledPackage } from './installed-packages.ts';
import { type LicenceExpression, licenceExpression, licenceReference } from './licence-names.ts';
import { packageUrl } from './package-url.ts';
import type { SpdxDocument, SpdxPackage } from './spdx-schema.ts';

const imageId = 'SPDXRef-image';
const unknown = {
  downloadLocation: 'NOASSERTION',
  filesAnalyzed: false,
  licenseConcluded: 'NOASSERTION',
  licenseDeclared: 'NOASSERTION',
  copyrightText: 'NOASSERTION',
} as const;

/**
 * The image's bill of materials in SPDX 2.3: the document describes each artifact, which is generated from the image,
 * which contains each installed package. Artifacts are packages that are one file, and no SPDX files: these must have
 * a SHA-1 (clause 8.4), and nobody reads an artifact once more for that.
 */
export function spdxFile(image: BuiltImage): EvidenceFile {
  const artifacts = image.artifacts.map(artifactPackage);
  const declared = image.packages.map(({ licences }) =>
    licences === undefined ? undefined : licenceExpression(licences),
  );
  const installed = image.packages.map((one, at) => installedPackage(one, image, declared[at]));
  const relate = (from: string, type: SpdxDocument['relationships'][number]['relationshipType'], to: string) => {
    return { spdxElementId: from, relationshipType: type, relatedSpdxElement: to };
  };
  const infos = licensingInfos(image.packages, declared);
  const document: SpdxDocument = {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: image.name,
    documentNamespace: urn('spdx', image.planDigest),
    creationInfo: { created: isoSeconds(image.sourceDateEpoch), creators: ['Tool: linux-builder-engine'] },
    packages: [
      { SPDXID: imageId, name: image.name, primaryPackagePurpose: 'OPERATING_SYSTEM', ...unknown },
      ...artifacts,
      ...installed,
    ],
    relationships: [
      ...artifacts.map(({ SPDXID }) => relate('SPDXRef-DOCUMENT', 'DESCRIBES', SPDXID)),
      ...artifacts.map(({ SPDXID }) => relate(SPDXID, 'GENERATED_FROM', imageId)),
      ...installed.map(({ SPDXID }) => relate(imageId, 'CONTAINS', SPDXID)),
    ],
    ...(infos.length === 0 ? {} : { hasExtractedLicensingInfos: infos }),
  };
  return evidenceFile('spdx', utf8(`${JSON.stringify(document)}\n`));
}

function artifactPackage({ name, sha256 }: NamedFile, position: number): SpdxPackage {
  return {
    SPDXID: `SPDXRef-artifact-${position + 1}`,
    name,
    packageFileName: name,
    primaryPackagePurpose: 'FILE',
    ...unknown,
    checksums: [{ algorithm: 'SHA256', checksumValue: sha256 }],
  };
}

function installedPackage(
  one: InstalledPackage,
  image: BuiltImage,
  declared: LicenceExpression | undefined,
): SpdxPackage {
  const { name, version, architecture, source, sourceVersion } = one;
  return {
    // An id holds no `+`; names of packages hold no capitals, so this one stands for it and nothing else.
    SPDXID: `SPDXRef-deb.${architecture}.${name.replaceAll('+', 'P')}`,
    name,
    versionInfo: version,
    primaryPackagePurpose: 'INSTALL',
    ...(source === undefined
      ? {}
      : { sourceInfo: `built from the source package ${source} ${sourceVersion ?? ''}`.trim() }),
    ...unknown,
    ...(declared === undefined ? {} : { licenseDeclared: declared.expression }),
    externalRefs: [
      { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: packageUrl(one, image) },
    ],
  };
}

/** Each licence without an SPDX identifier, and where its text is. */
function licensingInfos(
  packages: readonly InstalledPackage[],
  declared: readonly (LicenceExpression | undefined)[],
): NonNullable<SpdxDocument['hasExtractedLicensingInfos']> {
  const owners = new Map<string, string>();
  for (const [at, { name }] of packages.entries()) {
    for (const shortName of declared[at]?.referred ?? []) {
      if (!owners.has(shortName)) owners.set(shortName, name);
    }
  }
  return [...owners]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([shortName, owner]) => ({
      licenseId: licenceReference(shortName),
      name: shortName,
      extractedText: `See ${shortName} in /usr/share/doc/${owner}/copyright of the image.`,
    }));
}
