import type { ArtifactRecord, BuildRecord } from '../builds/build-record.ts';
import { storedSpec } from '../builds/resume.ts';
import { listArtifacts } from '../builds/stage-repository.ts';
import { allChanges, type Change } from '../plan/option-change.ts';
import type { Blobs } from '../ports/blobs.ts';
import type { Table } from '../ports/table.ts';
import { workOf } from '../sharing/work-of.ts';
import type { ResolvedSpec } from '../spec/schema.ts';
import { type BuildLayer, layersOfBuild, sharedDepth, storedIndexes } from './build-layers.ts';
import { type Budget, readIndex, readingBudget, type Unpack } from './index-reader.ts';
import { type PackageChange, type PackageStanza, packageChanges } from './package-changes.ts';
import { type ServiceChange, serviceChanges } from './service-changes.ts';
import { TreeDraft, type TreeNode } from './tree.ts';

export interface DiffPorts {
  readonly table: Table;
  readonly blobs: Blobs;
  readonly unpack: Unpack;
}

/** What one of the two builds is. */
export interface DiffSide {
  readonly build: BuildRecord;
  readonly spec: ResolvedSpec;
  readonly artifacts: readonly ArtifactRecord[];
  readonly layers: number;
  readonly tree: TreeNode;
}

/** Two builds beside each other; the files are walked by who shows them. */
export interface BuildComparison {
  readonly before: DiffSide;
  readonly after: DiffSide;
  readonly sharedLayers: number;
  readonly packages: readonly PackageChange[];
  readonly services: readonly ServiceChange[];
  readonly spec: readonly Change[];
}

/** A tree with the package database that it holds. */
interface Image {
  readonly draft: TreeDraft;
  readonly packages: readonly PackageStanza[];
}

const empty: Image = { draft: new TreeDraft(), packages: [] };

/**
 * Reads what two builds are made of. The layers that both share from the lowest on are merged once; each build's own
 * are merged over that, so that memory and time go by what they do not share.
 * @throws EngineError build.not_planned, layer.evicted, layer.damaged, layer.unreadable, diff.too_large
 */
export async function compareBuilds(
  ports: DiffPorts,
  before: BuildRecord,
  after: BuildRecord,
): Promise<BuildComparison> {
  const [[older, newer], [olderSpec, newerSpec], [olderArtifacts, newerArtifacts]] = await Promise.all([
    both(before, after, (build) => layersOfBuild(ports, build)),
    both(before, after, (build) => storedSpec(ports.table, build.id)),
    both(before, after, (build) => listArtifacts(ports.table, workOf(build))),
  ]);
  const depth = sharedDepth(older, newer);
  const budget = { ...readingBudget };
  const base = await mergeLayers(ports, before.id, older.slice(0, depth), empty, budget);
  const one = await mergeLayers(ports, before.id, older.slice(depth), base, budget);
  const other = await mergeLayers(ports, after.id, newer.slice(depth), base, budget);
  return {
    before: side(before, olderSpec, olderArtifacts, older, one),
    after: side(after, newerSpec, newerArtifacts, newer, other),
    sharedLayers: depth,
    packages: packageChanges(one.packages, other.packages),
    services: serviceChanges(one.draft.root, other.draft.root),
    spec: allChanges(olderSpec, newerSpec),
  };
}

function both<T>(
  before: BuildRecord,
  after: BuildRecord,
  read: (build: BuildRecord) => Promise<T>,
): Promise<[older: T, newer: T]> {
  return Promise.all([read(before), read(after)]);
}

/** Layers over what is below them, which stays as it is. */
async function mergeLayers(
  ports: DiffPorts,
  buildId: string,
  layers: readonly BuildLayer[],
  below: Image,
  budget: Budget,
): Promise<Image> {
  const draft = new TreeDraft(below.draft);
  let { packages } = below;
  for (const index of await storedIndexes(ports.blobs, buildId, layers)) {
    const header = await readIndex(index, ports.unpack, budget, (entry) => draft.put(index.step, entry));
    packages = header.packages ?? packages;
  }
  return { draft, packages };
}

function side(
  build: BuildRecord,
  spec: ResolvedSpec,
  artifacts: readonly ArtifactRecord[],
  layers: readonly BuildLayer[],
  image: Image,
): DiffSide {
  return { build, spec, artifacts, layers: layers.length, tree: image.draft.root };
}
