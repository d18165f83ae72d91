import type { BuildRecord } from '../builds/build-record.ts';
import { findBuild } from '../builds/build-repository.ts';
import { resultKey } from '../builds/keys.ts';
import type { LayerEntry } from '../builds/layer-index.ts';
import { loadPlan, scopeIn } from '../builds/plan-store.ts';
import { listArtifacts } from '../builds/stage-repository.ts';
import { pairArtifacts } from '../diff/artifact-changes.ts';
import { type BuildLayer, layersOfBuild, storedIndexes } from '../diff/build-layers.ts';
import { fileChangeView } from '../diff/file-page.ts';
import { readIndex, readingBudget, type Unpack } from '../diff/index-reader.ts';
import { layerChanges } from '../diff/layer-changes.ts';
import { EngineError } from '../errors.ts';
import type { Blobs } from '../ports/blobs.ts';
import type { Clock } from '../ports/clock.ts';
import type { Table } from '../ports/table.ts';
import { workOf } from '../sharing/work-of.ts';
import { utf8Length } from '../text.ts';
import { type VerificationRecord, verificationWrite } from './verification.ts';

interface ConcludePorts {
  readonly table: Table;
  readonly blobs: Blobs;
  readonly clock: Clock;
  readonly unpack: Unpack;
}

/** Paths that a record names, and the bytes that they may have there: a record holds 400 KB. */
const mostFiles = 100;
const mostBytes = 150_000;

/**
 * Compares what a verification made with what the build made: artifacts by digest, layers step by step, and of the first
 * layer that differs the paths. Then the verification's pointers go, so that its bytes go too (core/cache/orphans.ts).
 * Safe to repeat: the records of its steps stay, and tell the same.
 */
export async function concludeVerification(ports: ConcludePorts, verification: BuildRecord): Promise<void> {
  const verified = await findBuild(ports.table, verification.verifies ?? '');
  if (verified === undefined) throw new Error(`the build that ${verification.id} verifies is missing`);
  const [before, after, layers] = await Promise.all([
    listArtifacts(ports.table, workOf(verified.value)),
    listArtifacts(ports.table, verification.id),
    compareLayers(ports, verified.value, verification),
  ]);
  const artifacts = pairArtifacts(before, after).flatMap(({ step, before: older, after: newer }) => {
    const type = (older ?? newer)?.type;
    if (type === undefined) return [];
    return {
      ...{ step, type, same: older?.sha256 === newer?.sha256 },
      ...(older === undefined ? {} : { before: older.sha256 }),
      ...(newer === undefined ? {} : { after: newer.sha256 }),
    };
  });
  const isSame = [...artifacts, ...layers.layers].every(({ same }) => same);
  const record: VerificationRecord = {
    build: verification.id,
    at: ports.clock.now().toISOString(),
    verdict: isSame ? 'identical' : 'different',
    artifacts,
    ...layers,
  };
  await ports.table.transact([verificationWrite(verified.value.id, record)]);
  await dropResults(ports, verification);
}

type LayerFindings = Pick<VerificationRecord, 'layers' | 'first' | 'incomplete'>;
type FirstDifference = NonNullable<LayerFindings['first']>;

async function compareLayers(
  ports: ConcludePorts,
  verified: BuildRecord,
  verification: BuildRecord,
): Promise<LayerFindings> {
  let layers: LayerFindings['layers'] = [];
  try {
    const [older, newer] = [await layersOfBuild(ports, verified), await layersOfBuild(ports, verification)];
    const pairs = older.flatMap((one, place) => {
      const other = newer[place];
      return other === undefined ? [] : [{ one, other, same: one.layer.diffId === other.layer.diffId }];
    });
    layers = pairs.map(({ one, same }) => ({ step: one.step, same }));
    const first = pairs.find(({ same }) => !same);
    if (first === undefined) return { layers };
    const [before, after] = [
      await entriesOf(ports, verified.id, first.one),
      await entriesOf(ports, verification.id, first.other),
    ];
    return { layers, first: { step: first.one.step, ...changedPaths(before, after) } };
  } catch (error) {
    // Of a layer that was evicted since, or that is too large to read: that it differs is known all the same.
    if (!(error instanceof EngineError)) throw error;
    return { layers, incomplete: { code: error.code, detail: error.detail } };
  }
}

async function entriesOf(ports: ConcludePorts, buildId: string, layer: BuildLayer): Promise<LayerEntry[]> {
  const entries: LayerEntry[] = [];
  for (const index of await storedIndexes(ports.blobs, buildId, [layer])) {
    await readIndex(index, ports.unpack, { ...readingBudget }, (entry) => entries.push(entry));
  }
  return entries;
}

/** The paths that differ, all of them counted, as many told as fit into a record. */
function changedPaths(before: readonly LayerEntry[], after: readonly LayerEntry[]): Omit<FirstDifference, 'step'> {
  const changes = layerChanges(before, after);
  const files: FirstDifference['files'] = [];
  let bytes = 0;
  for (const change of changes.slice(0, mostFiles)) {
    const view = fileChangeView(change);
    bytes += utf8Length(JSON.stringify(view));
    if (bytes > mostBytes) break;
    files.push(view);
  }
  return { count: changes.length, files };
}

/** Drops the pointers to what a verification made, which serves nobody once it is compared, or will not be. */
export async function dropResults(
  ports: Pick<ConcludePorts, 'table' | 'blobs'>,
  verification: BuildRecord,
): Promise<void> {
  const plan = await loadPlan(ports.blobs, verification.id);
  const keys = plan.steps.map((step) => resultKey(scopeIn(verification, step), step.key));
  await Promise.all(keys.map((key) => ports.table.transact([{ kind: 'delete', key }])));
}
