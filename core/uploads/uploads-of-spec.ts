import type { Sha256 } from '../digest.ts';
import type { ResolvedSpec } from '../spec/schema.ts';

/** Digests of the uploads that a spec puts into the image, each once. */
export function uploadsOfSpec(spec: Pick<ResolvedSpec, 'files'>): Sha256[] {
  return [...new Set(spec.files.flatMap(({ upload }) => (upload === undefined ? [] : [upload])))];
}
