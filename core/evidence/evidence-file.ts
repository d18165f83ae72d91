import { type Sha256, sha256 } from '../digest.ts';

/**
 * What each file of evidence is, and how it is called: the names are fixed, so that a folder can be checked offline. Bills
 * of materials end as their formats ask, so that tools know them.
 */
export const evidenceFiles = {
  packages: { name: 'packages.jsonl', mediaType: 'application/x-ndjson' },
  spdx: { name: 'sbom.spdx.json', mediaType: 'application/spdx+json' },
  cyclonedx: { name: 'sbom.cdx.json', mediaType: 'application/vnd.cyclonedx+json' },
  spec: { name: 'spec.json', mediaType: 'application/json' },
  compliance: { name: 'compliance.json', mediaType: 'application/json' },
  'compliance-page': { name: 'compliance.html', mediaType: 'text/html; charset=utf-8' },
  'compliance-signature': { name: 'compliance.dsse.json', mediaType: 'application/vnd.dsse.envelope.v1+json' },
  vulnerabilities: { name: 'vulnerabilities.json', mediaType: 'application/json' },
  provenance: { name: 'provenance.intoto.json', mediaType: 'application/vnd.in-toto+json' },
  signature: { name: 'provenance.dsse.json', mediaType: 'application/vnd.dsse.envelope.v1+json' },
  checksums: { name: 'SHA256SUMS', mediaType: 'text/plain' },
} as const;
export type EvidenceKind = keyof typeof evidenceFiles;

/** What every build that makes artifacts has. */
export const usualEvidence = [
  'packages',
  'spdx',
  'cyclonedx',
  'spec',
  'provenance',
  'signature',
  'checksums',
] as const satisfies readonly EvidenceKind[];

/** All that there can be: one that is scanned, or judged by compliance profiles, has more. */
export const evidenceKinds = [
  ...usualEvidence,
  'compliance',
  'compliance-page',
  'compliance-signature',
  'vulnerabilities',
] as const satisfies readonly EvidenceKind[];

/** A file of evidence with its bytes. */
export interface EvidenceFile {
  readonly kind: EvidenceKind;
  readonly name: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  readonly size: number;
  readonly sha256: Sha256;
}

export function evidenceFile(kind: EvidenceKind, bytes: Uint8Array): EvidenceFile {
  return { kind, ...evidenceFiles[kind], bytes, size: bytes.length, sha256: sha256(bytes) };
}

/** Begins every URI of evidence that names a thing of the engine: the engine has no domain of its own. */
export const urn = (kind: string, id: string): string => `urn:linux-builder-engine:${kind}:${id}`;
