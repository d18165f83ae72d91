import { sha256 } from '../digest.ts';
import { utf8 } from '../json.ts';
import { type BuiltImage, isoSeconds, type NamedFile } from './built-image.ts';
import type { CyclonedxComponent, CyclonedxDocument } from './cyclonedx-schema.ts';
import { type EvidenceFile, evidenceFile, urn } from './evidence-file.ts';
import type { InstalledPackage } from './installed-packages.ts';
import { spdxIdentifier } from './licence-names.ts';
import { packageUrl } from './package-url.ts';

/** The image's bill of materials in CycloneDX 1.6: its components are the installed packages and the artifacts. */
export function cyclonedxFile(image: BuiltImage): EvidenceFile {
  const installed = image.packages.map((one) => packageComponent(one, image));
  const artifacts = image.artifacts.map(artifactComponent);
  const own = urn('image', image.planDigest);
  const document: CyclonedxDocument = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${derivedUuid(`cyclonedx ${image.planDigest}`)}`,
    version: 1,
    metadata: {
      timestamp: isoSeconds(image.sourceDateEpoch),
      tools: { components: [{ type: 'application', name: 'linux-builder-engine' }] },
      component: { type: 'operating-system', 'bom-ref': own, name: image.name },
    },
    components: [...installed, ...artifacts],
    dependencies: [
      { ref: own, dependsOn: installed.map((one) => one['bom-ref']) },
      ...artifacts.map((one) => ({ ref: one['bom-ref'], dependsOn: [own] })),
    ],
  };
  return evidenceFile('cyclonedx', utf8(`${JSON.stringify(document)}\n`));
}

function artifactComponent({ name, sha256: content }: NamedFile): CyclonedxComponent {
  return { type: 'file', 'bom-ref': `file:${name}`, name, hashes: [{ alg: 'SHA-256', content }] };
}

function packageComponent(one: InstalledPackage, image: BuiltImage): CyclonedxComponent {
  const { name, version, source, sourceVersion, licences } = one;
  const purl = packageUrl(one, image);
  const properties = [
    ...(source === undefined ? [] : [{ name: 'linux-builder-engine:source', value: source }]),
    ...(sourceVersion === undefined ? [] : [{ name: 'linux-builder-engine:source-version', value: sourceVersion }]),
  ];
  return {
    type: 'library',
    'bom-ref': purl,
    name,
    version,
    purl,
    ...(licences === undefined ? {} : { licenses: licences.map(licenceOf) }),
    ...(properties.length === 0 ? {} : { properties }),
  };
}

function licenceOf(shortName: string): NonNullable<CyclonedxComponent['licenses']>[number] {
  const id = spdxIdentifier(shortName);
  return { license: id === undefined ? { name: shortName } : { id } };
}

/** A UUID of version 8 (RFC 9562), whose other bits are of the name's SHA-256. */
function derivedUuid(name: string): string {
  const hex = sha256(name);
  const variant = (Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8;
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`];
  return [...parts, `${variant.toString(16)}${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-');
}
