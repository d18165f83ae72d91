import { recordUse } from '../cache/uses.ts';
import { canonicalJson } from '../digest.ts';
import { readJson, toJsonObject } from '../json.ts';
import type { Plan, PlanStep } from '../plan/plan.ts';
import type { BlobPlace, Blobs } from '../ports/blobs.ts';
import type { Clock } from '../ports/clock.ts';
import { ConditionFailed, type Table } from '../ports/table.ts';
import { needContent } from '../retention/content.ts';
import type { AttemptRecord, BuildRecord, ResultRecord, StepRecord } from './build-record.ts';
import { type Receipt, receiptSchema, type StageResult, stageResultSchema, type TrustClass } from './manifest.ts';
import { artifactPlace, blobPlace, stagingPlace } from './places.ts';
import { planStep, scopeIn } from './plan-store.ts';
import { type Claim, promoteClaims } from './promotion.ts';
import { artifactWrite, findResult, resultBytes, resultWrite, stepWrite, testWrite } from './stage-repository.ts';
import { isWhole } from './step-cache.ts';

/** A receipt or a result is small: 256 KB holds 40 log lines of 500 characters many times over. */
const reportLimit = 262_144;

/** Milliseconds that a builder's word for a step's time is believed: no step may run for longer than a day. */
const longestStep = 86_400_000;

export interface SettlePorts {
  readonly table: Table;
  readonly blobs: Blobs;
  readonly clock: Clock;
}

/**
 * Reads what an attempt wrote about itself: bounded, and undefined where it is absent or not of the form. `at` is when
 * the store got it.
 */
async function readReport(
  blobs: Blobs,
  place: ReturnType<typeof stagingPlace>,
): Promise<{ report: unknown; at: Date } | undefined> {
  const info = await blobs.head(place);
  if (info === undefined || info.size > reportLimit) return undefined;
  const bytes = await blobs.get(place);
  if (bytes === undefined) return undefined;
  try {
    return { report: readJson(bytes), at: info.modifiedAt };
  } catch {
    // Not JSON: whatever wrote it is no honest agent, and the caller treats it as never written.
    return undefined;
  }
}

/** The result of an attempt as its agent wrote it; undefined where there is none or it does not fit the attempt. */
export async function readStageResult(
  blobs: Blobs,
  buildId: string,
  attempt: AttemptRecord,
): Promise<StageResult | undefined> {
  const read = await readReport(blobs, stagingPlace(buildId, attempt.stage, attempt.attempt, '-', 'result'));
  const parsed = stageResultSchema.safeParse(read?.report);
  if (!parsed.success) return undefined;
  if (parsed.data.stageId !== attempt.stage || parsed.data.attempt !== attempt.attempt) return undefined;
  return parsed.data;
}

/**
 * Promotes every receipt of an attempt that verifies, in the order of its steps: the outputs are in staging as the
 * receipt says (promotion.ts), they are copied to their place by digest, and the key's pointer is written once. Safe to repeat. Answers the ids of the steps that are settled.
 */
export async function promoteReceipts(
  ports: SettlePorts,
  build: BuildRecord,
  plan: Plan,
  attempt: AttemptRecord,
): Promise<string[]> {
  const promoted = await Promise.all(
    attempt.steps.map(async (stepId) =>
      (await promoteStep(ports, build, plan, attempt, stepId)) ? stepId : undefined,
    ),
  );
  return promoted.filter((stepId) => stepId !== undefined);
}

async function promoteStep(
  ports: SettlePorts,
  build: BuildRecord,
  plan: Plan,
  attempt: AttemptRecord,
  stepId: string,
): Promise<boolean> {
  const step = planStep(plan, stepId);
  const staged = (output: string) => stagingPlace(build.id, attempt.stage, attempt.attempt, stepId, output);
  const read = await readReport(ports.blobs, staged('receipt'));
  const parsed = receiptSchema.safeParse(read?.report);
  if (!parsed.success || read === undefined) return false;
  const receipt = parsed.data;
  if (receipt.step !== stepId || receipt.key !== step.key) return false;
  if (!(await promoteOutputs(ports, build, step, receipt, { staged, trust: attempt.trust }))) return false;
  if (receipt.test?.passed === false) {
    // What it showed is kept; the step is not done, so nothing that needs it is, and its key points to nothing.
    await ports.table.transact([testWrite(build.id, { step: step.id, ...receipt.test, facts: receipt.facts })]);
    return false;
  }
  await writeResult(ports, build, step, receipt, { attempt: attempt.attempt, at: read.at });
  return true;
}

async function promoteOutputs(
  ports: SettlePorts,
  build: BuildRecord,
  step: PlanStep,
  receipt: Receipt,
  from: { readonly staged: (output: string) => BlobPlace; readonly trust: TrustClass },
): Promise<boolean> {
  const scope = scopeIn(build, step);
  const claim = (
    output: keyof NonNullable<Receipt['parts']> | SmallOutput,
    size: number,
    digest: string,
    place: BlobPlace,
  ): Claim => ({
    ...{ from: from.staged(output), place, size, digest, parts: partsOf(receipt, output), trust: from.trust },
    scope: place.bucket === 'work' ? scope : undefined,
  });
  const inWork = (output: 'layer' | 'index' | 'module', size: number, digest: string) =>
    claim(output, size, digest, blobPlace(scope, digest));
  if (step.produces === 'layer') {
    const layer = receipt.layer;
    if (layer === undefined || layer.step !== step.id) return false;
    if (receipt.artifact !== undefined || receipt.module !== undefined || receipt.test !== undefined) return false;
    if (receipt.inspection !== undefined) return false;
    return promoteClaims(ports, [
      inWork('layer', layer.size, layer.digest),
      inWork('index', layer.indexSize, layer.index),
    ]);
  }
  if (receipt.layer !== undefined) return false;
  if (step.produces === 'report') {
    const { test } = receipt;
    if (test === undefined || receipt.module !== undefined || receipt.artifact !== undefined) return false;
    if (receipt.inspection !== undefined) return false;
    const files = [
      ['log', test.log] as const,
      ...(test.screen === undefined ? [] : [['screen', test.screen] as const]),
    ];
    return promoteFiles(ports, build, files, claim);
  }
  if (receipt.test !== undefined) return false;
  if (step.produces === 'inspection') {
    const { inspection } = receipt;
    if (inspection === undefined || receipt.module !== undefined || receipt.artifact !== undefined) return false;
    return promoteFiles(ports, build, [['inspection', inspection]], claim);
  }
  if (receipt.inspection !== undefined) return false;
  if (step.produces === 'module') {
    const module = receipt.module;
    if (module === undefined || module.step !== step.id || receipt.artifact !== undefined) return false;
    if (canonicalJson(module.layers) !== canonicalJson(step.options.layers ?? [])) return false;
    return promoteClaims(ports, [inWork('module', module.size, module.digest)]);
  }
  const artifact = receipt.artifact;
  if (artifact === undefined || receipt.module !== undefined || artifact.type !== step.program) return false;
  const { size, sha256 } = artifact;
  await needContent(ports, { tenantId: build.tenantId, workId: build.id, kind: 'artifact' }, [sha256]);
  return promoteClaims(ports, [claim('artifact', size, sha256, artifactPlace(build.tenantId, sha256))]);
}

/** Promotes files that tell of a build, to where its tenant's users download them. */
async function promoteFiles(
  ports: SettlePorts,
  build: BuildRecord,
  files: readonly (readonly [SmallOutput, { readonly size: number; readonly sha256: string }])[],
  claim: (output: SmallOutput, size: number, digest: string, place: BlobPlace) => Claim,
): Promise<boolean> {
  const user = { tenantId: build.tenantId, workId: build.id, kind: 'evidence' } as const;
  await needContent(
    ports,
    user,
    files.map(([, { sha256 }]) => sha256),
  );
  return promoteClaims(
    ports,
    files.map(([output, { size, sha256 }]) => claim(output, size, sha256, artifactPlace(build.tenantId, sha256))),
  );
}

/** Outputs that are small and never go up in parts. */
type SmallOutput = 'log' | 'screen' | 'inspection';

/** The parts that an output went up in. */
function partsOf(receipt: Receipt, output: keyof NonNullable<Receipt['parts']> | SmallOutput) {
  return output === 'log' || output === 'screen' || output === 'inspection' ? undefined : receipt.parts?.[output];
}

async function writeResult(
  ports: SettlePorts,
  build: BuildRecord,
  step: PlanStep,
  receipt: Receipt,
  ran: { readonly attempt: number; readonly at: Date },
): Promise<void> {
  const { artifact, layer, module, test, inspection } = receipt;
  const result: ResultRecord = {
    key: step.key,
    program: step.program,
    step: step.id,
    ...(layer === undefined ? {} : { layer }),
    ...(module === undefined ? {} : { module }),
    ...(test === undefined ? {} : { test }),
    ...(inspection === undefined ? {} : { inspection }),
    ...(artifact === undefined
      ? {}
      : {
          artifact: {
            type: artifact.type,
            size: artifact.size,
            sha256: artifact.sha256,
            mediaType: artifact.mediaType,
          },
        }),
    facts: receipt.facts,
    buildId: build.id,
    at: ports.clock.now().toISOString(),
  };
  const stored = await pointTo(ports, build, step, result);
  await recordUse(ports, build, step, stored, 'made');
  const { program, capture } = receipt.milliseconds;
  await recordStep(ports.table, build, step, stored, {
    hit: false,
    attempt: ran.attempt,
    milliseconds: receipt.milliseconds,
    startedAt: new Date(ran.at.getTime() - Math.min(program + capture, longestStep)).toISOString(),
    endedAt: ran.at.toISOString(),
  });
}

/**
 * Points a step's key to its result, unless it points already: this receipt settled before, or an equal build was faster.
 * The first one stays, and where its bytes are others the build stands on these, as one does that finds it in the cache.
 */
async function pointTo(
  ports: SettlePorts,
  build: BuildRecord,
  step: PlanStep,
  result: ResultRecord,
): Promise<ResultRecord> {
  const scope = scopeIn(build, step);
  for (;;) {
    try {
      await ports.table.transact([resultWrite(scope, result)]);
      return result;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
    }
    const stored = await findResult(ports.table, scope, step.key);
    if (stored === undefined) continue;
    if (outputsOf(stored) === outputsOf(result) || (await isWhole(ports, build, step, stored))) return stored;
  }
}

const outputsOf = ({ artifact, layer, module, test, inspection }: ResultRecord): string =>
  canonicalJson(toJsonObject({ ...{ artifact, layer, module, test, inspection } }));

/** Writes what a step of this build came to, and the artifact or test that it stands for, from its key's result. */
export async function recordStep(
  table: Table,
  build: BuildRecord,
  step: PlanStep,
  result: ResultRecord,
  ran: Pick<StepRecord, 'hit' | 'attempt' | 'milliseconds' | 'startedAt' | 'endedAt'>,
): Promise<void> {
  const writes = [
    stepWrite(build.id, {
      id: step.id,
      program: step.program,
      bytes: resultBytes(result),
      ...ran,
      ...(result.layer === undefined ? {} : { layer: result.layer }),
      ...(result.inspection === undefined ? {} : { inspection: result.inspection }),
      facts: result.facts,
    }),
  ];
  if (result.artifact !== undefined) {
    const { type, size, sha256, mediaType } = result.artifact;
    const name = String(step.options.fileName);
    writes.push(artifactWrite(build.id, { name, type, step: step.id, size, sha256, mediaType }));
  }
  if (result.test !== undefined) {
    writes.push(testWrite(build.id, { step: step.id, ...result.test, facts: result.facts }));
  }
  await table.transact(writes);
}
