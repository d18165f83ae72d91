import { uploadPlace } from '../builds/places.ts';
import type { Sha256 } from '../digest.ts';
import type { PlanStep } from '../plan/plan.ts';
import { uploadsOfSteps } from '../plan/uploads-of-steps.ts';
import { type UploadPorts, useUploads } from './upload-repository.ts';

/**
 * The uploads that steps read, kept from now on.
 * @returns digest to path in the work bucket; and the digests that are no longer stored
 */
export async function stageUploads(
  ports: UploadPorts,
  tenantId: string,
  steps: readonly Pick<PlanStep, 'program' | 'options'>[],
): Promise<{ readonly paths: Readonly<Record<Sha256, string>>; readonly gone: readonly Sha256[] }> {
  const digests = uploadsOfSteps(steps);
  const found = await useUploads(ports, tenantId, digests);
  const gone = digests.filter((digest) => found.get(digest)?.storedAt === undefined);
  const paths = Object.fromEntries(digests.map((digest) => [digest, uploadPlace(tenantId, digest).path]));
  return { paths, gone };
}
