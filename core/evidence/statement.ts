import { z } from 'zod';
import { canonicalJson, type JsonValue, type Sha256 } from '../digest.ts';
import { utf8 } from '../json.ts';
import { type ArchiveState, allSuites, publicAddress, sourceOf } from '../plan/archive-state.ts';
import { type BuilderMode, builderModes } from '../tenancy/installation.ts';
import type { NamedFile } from './built-image.ts';
import { plainFileName } from './checksums.ts';
import { type EvidenceFile, evidenceFile, urn } from './evidence-file.ts';

const digest = z.string().regex(/^[0-9a-f]{64}$/);

/** A file that a statement speaks of (in-toto's ResourceDescriptor), with its size. */
const fileDescriptorSchema = z.strictObject({
  name: z.string().regex(plainFileName, 'is no plain file name'),
  digest: z.strictObject({ sha256: digest }),
  mediaType: z.string().optional(),
  annotations: z.strictObject({ size: z.number().int().min(0) }),
});

/** Something that the build was made of: a package index, an upload, or a layer. */
const dependencySchema = z.strictObject({
  name: z.string().optional(),
  uri: z.string().min(1),
  digest: z.strictObject({ sha256: digest }),
  annotations: z.record(z.string(), z.string()).optional(),
});

/** The statements that this engine writes: in-toto Statement v1 with a SLSA provenance v1 predicate. */
export const statementSchema = z.strictObject({
  _type: z.literal('https://in-toto.io/Statement/v1'),
  subject: z.array(fileDescriptorSchema).min(1),
  predicateType: z.literal('https://slsa.dev/provenance/v1'),
  predicate: z.strictObject({
    buildDefinition: z.strictObject({
      buildType: z.literal(urn('build-type', '1')),
      externalParameters: z.strictObject({ spec: z.json() }),
      internalParameters: z.strictObject({
        planDigest: digest,
        specDigest: digest,
        toolchain: z.string(),
        mode: z.enum(builderModes),
        sourceDateEpoch: z.number().int(),
      }),
      resolvedDependencies: z.array(dependencySchema),
    }),
    runDetails: z.strictObject({
      builder: z.strictObject({ id: z.string().min(1) }),
      metadata: z.strictObject({
        invocationId: z.string().min(1),
        startedOn: z.iso.datetime(),
        finishedOn: z.iso.datetime(),
      }),
      byproducts: z.array(fileDescriptorSchema),
    }),
  }),
});
export type Statement = z.infer<typeof statementSchema>;

/** A layer that the artifacts are made of. */
export interface BuiltLayer {
  readonly step: string;
  readonly digest: Sha256;
  readonly diffId: Sha256;
}

/** A run of a build, as its provenance tells it. */
export interface BuildRun {
  readonly id: string;
  /** The resolved spec, redacted. */
  readonly spec: JsonValue;
  /** Of the spec as it was, secrets and all: what approvals and plans speak of. */
  readonly specDigest: Sha256;
  readonly planDigest: Sha256;
  readonly toolchain: string;
  readonly mode: BuilderMode;
  readonly sourceDateEpoch: number;
  readonly archive: ArchiveState;
  /** Digests of the tenant's files that the spec names. */
  readonly uploads: readonly Sha256[];
  /** Lowest first. */
  readonly layers: readonly BuiltLayer[];
  readonly startedOn: string;
  readonly finishedOn: string;
  /** Of the key that will sign: it stands for the engine, which has no other name that all can check. */
  readonly keyId: string;
}

/**
 * The provenance of a build: its artifacts are the subjects, and the other evidence is what was made beside them, so
 * that one signature covers every file.
 */
export function statementFile(
  run: BuildRun,
  artifacts: readonly (NamedFile & { readonly mediaType: string })[],
  evidence: readonly (NamedFile & { readonly mediaType: string })[],
): EvidenceFile {
  const statement: Statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: artifacts.map(descriptorOf),
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: urn('build-type', '1'),
        externalParameters: { spec: z.json().parse(run.spec) },
        internalParameters: {
          planDigest: run.planDigest,
          specDigest: run.specDigest,
          toolchain: run.toolchain,
          mode: run.mode,
          sourceDateEpoch: run.sourceDateEpoch,
        },
        resolvedDependencies: [
          ...allSuites(run.archive).flatMap(indexesOf),
          ...run.uploads.map((sha256) => ({ uri: urn('upload', sha256), digest: { sha256 } })),
          ...run.layers.map(layerDependency),
        ],
      },
      runDetails: {
        builder: { id: urn('builder', run.keyId) },
        metadata: { invocationId: urn('build', run.id), startedOn: run.startedOn, finishedOn: run.finishedOn },
        byproducts: evidence.map(descriptorOf),
      },
    },
  };
  return evidenceFile('provenance', utf8(`${canonicalJson(statement)}\n`));
}

function descriptorOf(file: NamedFile & { readonly mediaType: string }): z.infer<typeof fileDescriptorSchema> {
  const { name, sha256, mediaType, size } = file;
  return { name, digest: { sha256 }, mediaType, annotations: { size } };
}

/** The InRelease that was read, where its digest is known, and each package index that it lists and that was used. */
function indexesOf(suite: ArchiveState['suites'][number]): z.infer<typeof dependencySchema>[] {
  const folder = `${publicAddress(sourceOf(suite))}/dists/${suite.suite}`;
  const release = suite.inRelease === undefined ? [] : [['InRelease', suite.inRelease] as const];
  return [...release, ...Object.entries(suite.indexes).sort(([a], [b]) => (a < b ? -1 : 1))].map(([name, sha256]) => {
    return { uri: `${folder}/${name}`, digest: { sha256 } };
  });
}

function layerDependency({ step, digest: sha256, diffId }: BuiltLayer): z.infer<typeof dependencySchema> {
  return { name: step, uri: urn('layer', sha256), digest: { sha256 }, annotations: { diffId } };
}
