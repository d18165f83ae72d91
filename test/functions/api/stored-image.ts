import { encodeIndex } from '../../../containers/builder/layers/index-file.ts';
import type { LayerEntry, LayerIndexHeader } from '../../../core/builds/layer-index.ts';
import { blobPlace } from '../../../core/builds/places.ts';
import { scopeOf, storePlan } from '../../../core/builds/plan-store.ts';
import { stepWrite } from '../../../core/builds/stage-repository.ts';
import { submitBuild } from '../../../core/builds/submit-build.ts';
import { sha256 } from '../../../core/digest.ts';
import { makePlan } from '../../../core/plan/make-plan.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import type { Ports } from '../../../core/ports/ports.ts';
import { resolvedSpecSchema } from '../../../core/spec/resolve.ts';
import { archive } from '../../core/plan/plan-fixtures.ts';
import { forceState } from './stored-build.ts';

/** What a step's layer says; of a step that is not given, nothing. */
export interface LayerContent {
  readonly entries: readonly LayerEntry[];
  readonly packages?: LayerIndexHeader['packages'];
}

export interface StoredImage {
  readonly id: string;
  readonly plan: Plan;
  /** Digest of the index of each layer, by step. */
  readonly indexes: ReadonlyMap<string, string>;
}

/** A build that succeeded, with the indexes of its layers in the store, as its life would have left them. */
export async function storeImage(
  ports: Ports,
  tenantId: string,
  given: object,
  layers: Readonly<Record<string, LayerContent>>,
): Promise<StoredImage> {
  const spec = resolvedSpecSchema.parse(given);
  const plan = makePlan({ spec, archive, toolchain: ports.installation.toolchain });
  const { build } = await submitBuild(ports, { tenantId, keyId: 'key_1', spec });
  await storePlan(ports.blobs, build.id, plan);
  const indexes = new Map<string, string>();
  for (const { id, program, key, scope, produces } of plan.steps) {
    if (produces !== 'layer') continue;
    const { entries, packages } = layers[id] ?? { entries: [] };
    const sorted = entries.toSorted((a, b) => (a.path < b.path ? -1 : 1));
    const header = { format: 'lbuild-layer-index/1', step: id, entries: entries.length } as const;
    const stored = await encodeIndex(packages === undefined ? header : { ...header, packages }, sorted);
    const index = sha256(stored);
    indexes.set(id, index);
    const place = blobPlace(scopeOf({ scope }, tenantId), index);
    await ports.blobs.put(place, stored, { contentType: 'application/octet-stream' });
    // Two layers are the same where they say the same; of what is below them a layer tells nothing.
    const diffId = sha256(`${id} ${JSON.stringify({ sorted, packages })}`);
    const layer = { step: id, digest: sha256(key), size: 100, diffId, index, indexSize: stored.length };
    await ports.table.transact([stepWrite(build.id, { id, program, hit: false, attempt: 1, layer, facts: {} })]);
  }
  await forceState(ports, build.id, 'succeeded');
  return { id: build.id, plan, indexes };
}

/** A folder, and the folders that it stands in. */
export function folders(path: string): LayerEntry[] {
  const names = path.split('/');
  return names.map((_, depth) => {
    return { path: names.slice(0, depth + 1).join('/'), type: 'directory', mode: 0o755, uid: 0, gid: 0, mtime: 1 };
  });
}

export function file(path: string, content: string, more: Partial<LayerEntry> = {}): LayerEntry {
  const what = { size: content.length, digest: sha256(content) };
  return { path, type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: 1, ...what, ...more };
}

export function symlink(path: string, target: string): LayerEntry {
  return { path, type: 'symlink', mode: 0o777, uid: 0, gid: 0, mtime: 1, target };
}
