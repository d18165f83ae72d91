import { createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import type { LayerIndexHeader } from '../../../core/builds/layer-index.ts';
import { sha256 } from '../../../core/digest.ts';
import { envelopeFile, preAuthenticationEncoding } from '../../../core/evidence/envelope.ts';
import type { EvidenceFile } from '../../../core/evidence/evidence-file.ts';
import { type EvidenceSource, makeEvidence } from '../../../core/evidence/evidence-set.ts';
import { installedPackages } from '../../../core/evidence/installed-packages.ts';
import type { FoundFile, TrustedKey } from '../../../core/evidence/verification.ts';
import { utf8 } from '../../../core/json.ts';
import { makePlan, planDigest } from '../../../core/plan/make-plan.ts';
import { specDigest } from '../../../core/spec/resolve.ts';
import { archive, specWith, toolchain } from '../plan/plan-fixtures.ts';

export const passwordHash = `$y$j9T$abcdefghij$${'k'.repeat(43)}`;

export const sampleSpec = specWith({
  name: 'edge-web',
  packages: { install: ['libstdc++6'] },
  users: [{ name: 'ops', passwordHash }],
  outputs: [{ type: 'tar' }, { type: 'oci' }],
});

/** Headers of two layers: the upper one changed the package database, and brought one copyright file anew. */
export const sampleHeaders: readonly LayerIndexHeader[] = [
  {
    format: 'lbuild-layer-index/1',
    step: 'bootstrap',
    entries: 9,
    packages: [
      {
        ...{ name: 'bash', version: '5.2.37-2', architecture: 'amd64', status: 'install ok installed' },
        ...{ source: 'bash', sourceVersion: '5.2.37-2', licences: ['GPL-3+'] },
      },
      {
        ...{ name: 'tzdata', version: '2025a-2', architecture: 'all', status: 'install ok installed' },
        ...{ source: 'tzdata', sourceVersion: '2025a-2', licences: ['Expat', 'public-domain'] },
      },
    ],
  },
  { format: 'lbuild-layer-index/1', step: 'system', entries: 2 },
  {
    format: 'lbuild-layer-index/1',
    step: 'packages',
    entries: 4,
    packages: [
      {
        ...{ name: 'bash', version: '1:5.3-1~rc1', architecture: 'amd64', status: 'install ok installed' },
        ...{ source: 'bash', sourceVersion: '5.3-1', licences: ['GPL-3+ or Artistic', 'ISC'] },
      },
      {
        ...{ name: 'libstdc++6', version: '14.2.0-19', architecture: 'amd64', status: 'install ok installed' },
        ...{ source: 'gcc-14', sourceVersion: '14.2.0-19' },
      },
      { name: 'nano', version: '8.4-1', architecture: 'amd64', status: 'deinstall ok config-files' },
      {
        ...{ name: 'tzdata', version: '2025a-2', architecture: 'all', status: 'install ok installed' },
        ...{ source: 'tzdata', sourceVersion: '2025a-2' },
      },
    ],
  },
];

const artifacts = [
  { name: 'edge-web.oci.tar', text: 'the container image', mediaType: 'application/x-tar' },
  { name: 'edge-web.tar.zst', text: 'the tree', mediaType: 'application/zstd' },
];

/** What the sample's evidence is made of, but for the key. */
export function sampleSource(keyId: string): EvidenceSource {
  const plan = makePlan({ spec: sampleSpec, archive, toolchain });
  return {
    image: {
      ...{ name: 'edge-web', distribution: 'debian', release: 'trixie', planDigest: planDigest(plan) },
      sourceDateEpoch: plan.sourceDateEpoch,
      packages: installedPackages(sampleHeaders),
    },
    artifacts: artifacts.map(({ name, text, mediaType }) => {
      return { name, size: text.length, sha256: sha256(text), mediaType };
    }),
    spec: sampleSpec,
    run: {
      id: 'bld_01JZZZZZZZZZZZZZZZZZZZZZZZ',
      specDigest: specDigest(sampleSpec),
      toolchain,
      mode: 'contained',
      archive,
      layers: [{ step: 'bootstrap', digest: sha256('layer'), diffId: sha256('tar of layer') }],
      startedOn: '2026-11-26T09:00:00.000Z',
      finishedOn: '2026-11-26T09:00:02.500Z',
      keyId,
    },
  };
}

export interface SampleEvidence {
  readonly files: readonly EvidenceFile[];
  readonly artifacts: readonly { readonly name: string; readonly bytes: Uint8Array }[];
  readonly key: TrustedKey;
  /** In PEM. */
  readonly publicKey: string;
}

/** The sample's evidence, signed with a key of its own by node:crypto. */
export function sampleEvidence(): SampleEvidence {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const key = trustedKey(publicKey);
  const { files, payload } = makeEvidence(sampleSource(key.keyId));
  const signature = sign('sha256', preAuthenticationEncoding(payload), privateKey);
  return {
    files: [...files, envelopeFile({ payload, keyId: key.keyId, signature })],
    artifacts: artifacts.map(({ name, text }) => ({ name, bytes: utf8(text) })),
    key,
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

export function trustedKey(key: KeyObject): TrustedKey {
  const publicKey = createPublicKey(key.export({ type: 'spki', format: 'pem' }));
  return {
    keyId: sha256(publicKey.export({ type: 'spki', format: 'der' })),
    verify: (bytes, signature) => verify('sha256', bytes, publicKey, signature),
  };
}

/** A file as whoever verifies finds it. */
export function found(name: string, bytes: Uint8Array): FoundFile {
  return { name, size: bytes.length, sha256: sha256(bytes), bytes };
}
