import type { ResolvedSpec } from '../spec/schema.ts';
import { uploadsOfSpec } from '../uploads/uploads-of-spec.ts';
import type { BuiltImage, NamedFile } from './built-image.ts';
import { checksumsFile } from './checksums.ts';
import { cyclonedxFile } from './cyclonedx.ts';
import type { EvidenceFile } from './evidence-file.ts';
import { packageListFile } from './package-list.ts';
import { redactedSpec, specFile } from './redaction.ts';
import { spdxFile } from './spdx.ts';
import { type BuildRun, statementFile } from './statement.ts';

/** All that the evidence of a build is made from. */
export interface EvidenceSource {
  readonly image: Omit<BuiltImage, 'artifacts'>;
  readonly artifacts: readonly (NamedFile & { readonly mediaType: string })[];
  readonly spec: ResolvedSpec;
  /** What was found of the image beside: it is signed with the rest. */
  readonly reports?: readonly EvidenceFile[];
  readonly run: Omit<BuildRun, 'spec' | 'planDigest' | 'sourceDateEpoch' | 'uploads'>;
}

/** The evidence of a build but for the signature. Equal sources give equal bytes. */
export interface UnsignedEvidence {
  readonly files: readonly EvidenceFile[];
  /** The statement's bytes: what is to be signed, in its envelope (envelope.ts). */
  readonly payload: Uint8Array;
}

/** Makes the evidence of a build. The statement covers all that is made before it, and the checksums that and itself. */
export function makeEvidence({ image, artifacts, spec, run, reports = [] }: EvidenceSource): UnsignedEvidence {
  const built: BuiltImage = { ...image, artifacts };
  const covered = [packageListFile(built.packages), spdxFile(built), cyclonedxFile(built), specFile(spec), ...reports];
  const { planDigest, sourceDateEpoch } = image;
  const told = { ...run, spec: redactedSpec(spec), planDigest, sourceDateEpoch, uploads: uploadsOfSpec(spec) };
  const statement = statementFile(told, artifacts, covered);
  const sums = checksumsFile([...artifacts, ...covered, statement]);
  return { files: [...covered, statement, sums], payload: statement.bytes };
}
