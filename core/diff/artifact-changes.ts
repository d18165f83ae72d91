import type { ArtifactRecord } from '../builds/build-record.ts';

/** An artifact of two builds, or of one of them. */
export interface ArtifactPair {
  readonly step: string;
  readonly before: ArtifactRecord | undefined;
  readonly after: ArtifactRecord | undefined;
}

/** Artifacts by the step that made them: their names hold that of the spec, which may differ. In order of the steps. */
export function pairArtifacts(before: readonly ArtifactRecord[], after: readonly ArtifactRecord[]): ArtifactPair[] {
  const [older, newer] = [byStep(before), byStep(after)];
  return [...new Set([...older.keys(), ...newer.keys()])].sort().map((step) => {
    return { step, before: older.get(step), after: newer.get(step) };
  });
}

function byStep(artifacts: readonly ArtifactRecord[]): Map<string, ArtifactRecord> {
  return new Map(artifacts.map((artifact) => [artifact.step, artifact]));
}
