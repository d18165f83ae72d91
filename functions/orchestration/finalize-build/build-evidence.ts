import type { BuildRecord, Failure } from '../../../core/builds/build-record.ts';
import { type EvidenceRecord, evidenceWrite } from '../../../core/builds/evidence-record.ts';
import type { LayerReference } from '../../../core/builds/manifest.ts';
import { artifactPlace, blobPlace } from '../../../core/builds/places.ts';
import { loadPlan, planStep, scopeIn } from '../../../core/builds/plan-store.ts';
import { storedSpec } from '../../../core/builds/resume.ts';
import { findResult, listArtifacts, listSteps, type StoredStage } from '../../../core/builds/stage-repository.ts';
import { dropResult } from '../../../core/builds/step-cache.ts';
import { InspectionDamaged } from '../../../core/compliance/judge-build.ts';
import type { ComplianceReport } from '../../../core/compliance/report.ts';
import { testResultStatement } from '../../../core/compliance/statement.ts';
import type { NamedFile } from '../../../core/evidence/built-image.ts';
import { envelopeFile, preAuthenticationEncoding } from '../../../core/evidence/envelope.ts';
import type { EvidenceFile } from '../../../core/evidence/evidence-file.ts';
import { makeEvidence } from '../../../core/evidence/evidence-set.ts';
import { installedPackages } from '../../../core/evidence/installed-packages.ts';
import { lockOfBuild } from '../../../core/lock/lock-of-build.ts';
import { lockWrites, storeLock } from '../../../core/lock/lock-store.ts';
import { inspectionStep } from '../../../core/plan/compliance-step.ts';
import { planDigest } from '../../../core/plan/make-plan.ts';
import type { Plan, PlanStep } from '../../../core/plan/plan.ts';
import { ancestorsOf } from '../../../core/plan/stages.ts';
import type { Ports } from '../../../core/ports/ports.ts';
import type { TableWrite } from '../../../core/ports/table.ts';
import { needContent } from '../../../core/retention/content.ts';
import { firstScanWrites } from '../../../core/scans/compliance-scans.ts';
import { firstVulnerabilityWrites } from '../../../core/scans/vulnerability-scans.ts';
import { NoIndexHeader, readIndexHeader } from './index-header.ts';
import { judgeFindings } from './judge-findings.ts';

export type EvidencePorts = Pick<Ports, 'table' | 'blobs' | 'clock' | 'ids' | 'signer' | 'installation'>;

/** The index of a layer is missing or unreadable: it was dropped, and the next build makes the layer again. */
export class IndexDamaged extends Error {
  readonly step: string;
  constructor(step: string, cause: unknown) {
    super(`the index of the layer of ${step} cannot be read`, { cause });
    this.name = 'IndexDamaged';
    this.step = step;
  }
}

/** What a build's end is written with. */
export interface StoredEvidence {
  /** For the transaction that ends the build. */
  readonly writes: readonly TableWrite[];
  readonly fields: Pick<BuildRecord, 'compliance' | 'vulnerabilities'>;
  /** Why the build ends without being published, though its stages have succeeded. */
  readonly failure?: Failure;
}

/**
 * Makes and stores the evidence of a build whose stages have all succeeded: from its records, its plan and the headers
 * of its layers' indexes; no tree is unpacked and no artifact read. With it goes the lock, from the same headers. All of
 * it but the signature, and what is judged by today's data and members, is the same each time.
 * @returns what makes it the build's; no writes for a build without artifacts
 * @throws IndexDamaged; EngineError vulnerabilities.no_data where its spec has a gate that nothing can be judged by
 */
export async function storeEvidence(
  ports: EvidencePorts,
  build: BuildRecord,
  stages: readonly StoredStage[],
): Promise<StoredEvidence> {
  const [plan, artifacts, steps, spec, key] = await Promise.all([
    loadPlan(ports.blobs, build.id),
    listArtifacts(ports.table, build.id),
    listSteps(ports.table, build.id),
    storedSpec(ports.table, build.id),
    ports.signer.key(),
  ]);
  const known = new Map(steps.map(({ id, layer }) => [id, layer]));
  const needed = artifacts.length === 0 ? [] : layerSteps(plan);
  const layers = await Promise.all(needed.map((step) => readLayer(ports, build, step, known.get(step.id))));
  const packages = installedPackages(layers.map(({ header }) => header));
  const found = await judge(ports, { build, spec, steps, artifacts, packages });
  const { report, fields, failure } = found;
  const sign = async (): Promise<EvidenceFile[]> =>
    report === undefined ? [] : signReport(ports, report, artifacts, found.reports, key.keyId);
  const published = failure === undefined;
  const scanned = [
    ...(report === undefined ? [] : await firstScanWrites(ports, build, report)),
    ...(found.scan === undefined
      ? []
      : await firstVulnerabilityWrites(ports, build, spec, { record: found.scan, published })),
  ];
  if (failure !== undefined) {
    const kept = [...found.reports, ...found.scans, ...(await sign())];
    return { writes: [evidenceWrite(build.id, await storeAll(ports, build, kept)), ...scanned], fields, failure };
  }
  if (artifacts.length === 0) return { writes: scanned, fields };
  const ended = stages.flatMap(({ value }) => (value.endedAt === undefined ? [] : [value.endedAt]));
  const { files, payload } = makeEvidence({
    image: {
      name: spec.name,
      distribution: spec.base.distribution,
      release: plan.release,
      planDigest: build.planDigest ?? planDigest(plan),
      sourceDateEpoch: plan.sourceDateEpoch,
      packages,
    },
    artifacts: artifacts.map(({ name, size, sha256, mediaType }) => ({ name, size, sha256, mediaType })),
    spec,
    reports: [...found.reports, ...found.scans],
    run: {
      id: build.id,
      specDigest: build.specDigest,
      toolchain: plan.toolchain,
      mode: ports.installation.mode,
      archive: plan.archive,
      layers: layers.map(({ step, layer: { digest, diffId } }) => ({ step: step.id, digest, diffId })),
      startedOn: build.startedAt ?? build.submittedAt,
      finishedOn: ended.sort().at(-1) ?? build.submittedAt,
      keyId: key.keyId,
    },
  });
  const signStatement = async (): Promise<EvidenceFile> => {
    const signature = await ports.signer.sign(preAuthenticationEncoding(payload));
    return envelopeFile({ payload, keyId: key.keyId, signature });
  };
  const [envelope, tested] = await Promise.all([signStatement(), sign()]);
  const records = await storeAll(ports, build, [...files, envelope, ...tested]);
  const lock = lockOfBuild(plan, new Map(layers.map(({ step, header }) => [step.id, header])));
  const locked = lock === undefined ? [] : lockWrites(build, await storeLock(ports.blobs, build.tenantId, lock));
  return { writes: [evidenceWrite(build.id, records), ...locked, ...scanned], fields };
}

/** @throws IndexDamaged where what the build's inspection wrote is gone or another */
async function judge(ports: EvidencePorts, built: Parameters<typeof judgeFindings>[1]) {
  try {
    return await judgeFindings(ports, built);
  } catch (error) {
    if (error instanceof InspectionDamaged) throw new IndexDamaged(inspectionStep, error);
    throw error;
  }
}

/** The report's result as a signed statement about the artifacts; none where there are no artifacts. */
async function signReport(
  ports: EvidencePorts,
  report: ComplianceReport,
  artifacts: readonly NamedFile[],
  reports: readonly EvidenceFile[],
  keyId: string,
): Promise<EvidenceFile[]> {
  if (artifacts.length === 0) return [];
  const payload = testResultStatement(report, artifacts, reports);
  const signature = await ports.signer.sign(preAuthenticationEncoding(payload));
  return [envelopeFile({ payload, keyId, signature }, 'compliance-signature')];
}

/** Stores files of evidence; answers their records. */
async function storeAll(
  ports: EvidencePorts,
  { tenantId, id }: BuildRecord,
  files: readonly EvidenceFile[],
): Promise<EvidenceRecord[]> {
  await needContent(
    ports,
    { tenantId, workId: id, kind: 'evidence' },
    files.map(({ sha256 }) => sha256),
  );
  await Promise.all(files.map((file) => store(ports, tenantId, file)));
  return files.map(({ name, kind, mediaType, size, sha256 }) => ({ name, kind, mediaType, size, sha256 }));
}

/** The steps whose layers the artifacts are made of, in the order of the plan. */
function layerSteps(plan: Plan): PlanStep[] {
  const below = new Set(plan.artifacts.flatMap(({ step }) => ancestorsOf(plan.steps, planStep(plan, step))));
  return plan.steps.filter((step) => below.has(step));
}

/**
 * @param known the layer that the step has in this build. What its key points to may be gone by now, or be another one:
 * that tells only of a build that ended before its steps held their layers
 */
async function readLayer(ports: EvidencePorts, build: BuildRecord, step: PlanStep, known: LayerReference | undefined) {
  const scope = scopeIn(build, step);
  const layer = known ?? (await findResult(ports.table, scope, step.key))?.layer;
  if (layer === undefined) throw new IndexDamaged(step.id, new Error('its result is gone'));
  try {
    return { step, layer, header: await readHeader(ports, scope, layer) };
  } catch (error) {
    if (!(error instanceof NoIndexHeader)) throw error;
    await dropDamaged(ports, scope, step, layer);
    throw new IndexDamaged(step.id, error);
  }
}

function readHeader(ports: EvidencePorts, scope: string, { index, indexSize }: LayerReference) {
  return readIndexHeader(ports.blobs, blobPlace(scope, index), { digest: index, size: indexSize });
}

async function dropDamaged(
  ports: EvidencePorts,
  scope: string,
  step: PlanStep,
  { index }: LayerReference,
): Promise<void> {
  const result = await findResult(ports.table, scope, step.key);
  if (result?.layer?.index === index) await dropResult(ports, scope, step.key, result);
  // What lies there under a digest that it does not have would keep the right bytes from their place.
  await ports.blobs.delete(blobPlace(scope, index));
}

async function store(ports: EvidencePorts, tenantId: string, file: EvidenceFile): Promise<void> {
  const place = artifactPlace(tenantId, file.sha256);
  await ports.blobs.put(place, file.bytes, { contentType: file.mediaType, ifAbsent: true });
}
