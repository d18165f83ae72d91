import type { BuildRecord } from '../builds/build-record.ts';
import type { LayerReference } from '../builds/manifest.ts';
import { blobPlace } from '../builds/places.ts';
import { findPlan, scopeIn } from '../builds/plan-store.ts';
import { findResult, listSteps } from '../builds/stage-repository.ts';
import { sha256 } from '../digest.ts';
import { EngineError } from '../errors.ts';
import type { Blobs } from '../ports/blobs.ts';
import type { Table } from '../ports/table.ts';
import { workOf } from '../sharing/work-of.ts';

/** A layer of a build, with the step that it belongs to there and the scope that its blobs lie in. */
export interface BuildLayer {
  readonly step: string;
  readonly scope: string;
  readonly layer: LayerReference;
}

/** Bytes of compressed indexes that are in memory at one time; one of 100,000 paths has some 6 MB. */
const largestStored = 96 * 1024 ** 2;

/**
 * The layers of a build in the order of its plan, lowest first: all that its tree is made of.
 * @throws EngineError build.not_planned; layer.evicted where a step has no layer any more
 */
export async function layersOfBuild(
  ports: { readonly table: Table; readonly blobs: Blobs },
  build: BuildRecord,
): Promise<BuildLayer[]> {
  const [plan, records] = await Promise.all([findPlan(ports.blobs, build.id), listSteps(ports.table, workOf(build))]);
  if (plan === undefined) throw new EngineError('build.not_planned', `The build ${build.id} has no plan.`);
  const known = new Map(records.map((record) => [record.id, record.layer]));
  return Promise.all(
    plan.steps
      .filter((step) => step.produces === 'layer')
      .map(async (step) => {
        const scope = scopeIn(build, step);
        // A build of before the step's record held its layer: what its key points to now.
        const layer = known.get(step.id) ?? (await findResult(ports.table, scope, step.key))?.layer;
        if (layer === undefined) throw evicted(build.id, step.id);
        return { step: step.id, scope, layer };
      }),
  );
}

/** How many layers two builds have in common, from the lowest on: there both have the same tree. */
export function sharedDepth(before: readonly BuildLayer[], after: readonly BuildLayer[]): number {
  const first = before.findIndex(({ layer }, place) => layer.diffId !== after[place]?.layer.diffId);
  return first < 0 ? before.length : first;
}

/**
 * The stored indexes of layers.
 * @throws EngineError layer.evicted, layer.damaged; diff.too_large where they are too large to be read together
 */
export async function storedIndexes(
  blobs: Pick<Blobs, 'get'>,
  buildId: string,
  layers: readonly BuildLayer[],
): Promise<{ readonly step: string; readonly stored: Uint8Array }[]> {
  const bytes = layers.reduce((sum, { layer }) => sum + layer.indexSize, 0);
  if (bytes > largestStored) {
    throw new EngineError(
      'diff.too_large',
      `The indexes of ${buildId} have ${bytes} bytes; ${largestStored} are read.`,
    );
  }
  return Promise.all(
    layers.map(async ({ step, scope, layer }) => {
      const stored = await blobs.get(blobPlace(scope, layer.index));
      if (stored === undefined) throw evicted(buildId, step);
      if (sha256(stored) !== layer.index) {
        throw new EngineError('layer.damaged', `The index of the layer of the step ${step} of ${buildId} is damaged.`);
      }
      return { step, stored };
    }),
  );
}

function evicted(buildId: string, step: string): EngineError {
  return new EngineError('layer.evicted', `The layer of the step ${step} of the build ${buildId} is no longer stored.`);
}
