import { endAttemptWrites } from '../../../core/billing/attempt-usage.ts';
import type { AttemptRecord, BuildRecord, Failure, StageRecord } from '../../../core/builds/build-record.ts';
import { findBuild, type Versioned } from '../../../core/builds/build-repository.ts';
import { isEnding } from '../../../core/builds/ending.ts';
import { type PrepareCall, type PreparedStage, prepareMessageSchema } from '../../../core/builds/flow-messages.ts';
import { buildKey } from '../../../core/builds/keys.ts';
import { isSettled } from '../../../core/builds/lifecycle.ts';
import { type Manifest, manifestSchema } from '../../../core/builds/manifest.ts';
import { artifactPlace, blobPlace, manifestPlace } from '../../../core/builds/places.ts';
import { loadPlan, planStep, scopeIn } from '../../../core/builds/plan-store.ts';
import { recordStep } from '../../../core/builds/receipts.ts';
import { type StageInputs, stageInputs } from '../../../core/builds/stage-inputs.ts';
import {
  attemptWrite,
  findAttempt,
  findResult,
  getStage,
  type StoredStage,
  stageWrite,
} from '../../../core/builds/stage-repository.ts';
import { lookUpStage, neededBy } from '../../../core/builds/step-cache.ts';
import { recordUse } from '../../../core/cache/uses.ts';
import type { JsonValue, Sha256 } from '../../../core/digest.ts';
import { sha256 } from '../../../core/digest.ts';
import { toJson, utf8 } from '../../../core/json.ts';
import type { Plan, PlanStep } from '../../../core/plan/plan.ts';
import type { Ports } from '../../../core/ports/ports.ts';
import { stageSecrets } from '../../../core/secrets/stage-secrets.ts';
import { stageUploads } from '../../../core/uploads/stage-uploads.ts';

/**
 * Bounds of an attempt. The tree's bound leaves room on a 40 GiB disk for layers and exports beside it; 16 MiB is the
 * log's cap; a heartbeat each 2 s shows cancellation and progress soon enough, at 30 requests a minute.
 */
const limits = { treeBytes: 16 * 1024 ** 3, logBytes: 16_777_216, heartbeatSeconds: 2 } as const;

/** Lives as long as the presigning session may: the builder fetches its manifest once, right after its start. */
const manifestUrlSeconds = 3_600;

type PreparePorts = Pick<Ports, 'table' | 'blobs' | 'clock' | 'ids' | 'installation'>;

/**
 * Makes a stage ready to run: what its steps' keys already point to is taken from there; for the rest an attempt with
 * a new ticket and a manifest is made. Answers `run: false` where nothing is to run.
 */
export async function handle(ports: PreparePorts, input: unknown): Promise<JsonValue> {
  const { buildId, stageId, attempt: after, retry } = prepareMessageSchema.parse(input);
  const [found, stage, plan] = await Promise.all([
    findBuild(ports.table, buildId),
    getStage(ports.table, buildId, stageId),
    loadPlan(ports.blobs, buildId),
  ]);
  if (found === undefined) throw new Error(`the build ${buildId} is missing`);
  const build = found.value;
  const idle: PreparedStage = { run: false, attempt: after };
  if (isEnding(build) || stage.value.failure !== undefined || isSettled(stage.value.state)) return toJson(idle);
  const before = await findAttempt(ports.table, buildId, stageId, stage.value.attempt);
  if (isLate({ after, retry }, before?.value.call)) {
    throw new Error(`a later call has prepared the attempt ${stage.value.attempt} of ${stageId}: this one is late`);
  }

  const missing = await missingSteps(ports, build, plan, stage.value);
  const absent = await absentNeeds(ports, build, plan, missing);
  const lost = [...absent][0];
  if (lost !== undefined && build.failure === undefined) {
    // Its stage is settled, so it was there: another build found it damaged and dropped it.
    const reason = `What the step ${lost} had made is damaged and was removed while the build ran.`;
    const failure: Failure = { code: 'layer.damaged', reason, stage: stageId, step: lost, logTail: [] };
    await ports.table.transact([stageWrite(buildId, { ...stage.value, failure }, stage.version)]);
    return toJson(idle);
  }
  // Of a build that keeps going, what does not need a failed step.
  const todo = missing.filter((step) => [...neededBy(plan, [step])].every((stepId) => !absent.has(stepId)));
  const first = todo[0];
  if (first === undefined) return toJson(idle);
  const uploads = await stageUploads(ports, build.tenantId, todo);
  if (uploads.gone.length > 0) {
    const reason = `The upload ${uploads.gone.join(', ')} is no longer stored.`.slice(0, 2_000);
    const failure: Failure = { code: 'upload.gone', reason, stage: stageId, logTail: [] };
    await ports.table.transact([stageWrite(buildId, { ...stage.value, failure }, stage.version)]);
    return toJson(idle);
  }
  const secrets = await stageSecrets(ports.table, build.tenantId, todo);
  if (secrets.missing.length > 0) {
    const reason = `The tenant has no secret ${secrets.missing.join(', ')} any more.`.slice(0, 2_000);
    const failure: Failure = { code: 'secret.not_found', reason, stage: stageId, logTail: [] };
    await ports.table.transact([stageWrite(buildId, { ...stage.value, failure }, stage.version)]);
    return toJson(idle);
  }
  const base = await stageInputs(ports.table, build, plan, todo);
  const inputs = { ...base, uploads: uploads.paths, secrets: secrets.byStep };
  const prepared = await prepareAttempt(ports, found, plan, { stage, before, call: { after, retry } }, todo, inputs);
  // Once a builder was interrupted or could not be had, the next one is paid in full.
  const spot = ports.installation.spot && stage.value.retries.infrastructure === 0;
  return toJson(prepared.run ? { ...prepared, spot } : prepared);
}

/** Whether an attempt was made by a call that came after this one: it may run. */
function isLate(call: PrepareCall, made: PrepareCall | undefined): boolean {
  if (made === undefined) return false;
  return made.after === call.after ? made.retry > call.retry : made.after > call.after;
}

/** What of the stage is cached, recorded as hits; the rest must run. */
async function missingSteps(
  ports: PreparePorts,
  build: BuildRecord,
  plan: Plan,
  stage: StageRecord,
): Promise<PlanStep[]> {
  const steps = stage.steps.map((stepId) => planStep(plan, stepId));
  for (;;) {
    const { missing, hits } = await lookUpStage(ports, build, plan, steps);
    const kept = await Promise.all(hits.map(({ step, result }) => recordUse(ports, build, step, result, 'hit')));
    // One was evicted since it was found: look again.
    if (kept.includes(false)) continue;
    await Promise.all(
      hits.map(async ({ step, result }) => {
        // A step that ran in an earlier attempt of this very build keeps its record.
        if (result.buildId !== build.id) await recordStep(ports.table, build, step, result, { hit: true, attempt: 0 });
      }),
    );
    return [...missing];
  }
}

/** Which of the steps' needs beyond them have no result: their stage failed, or their result was damaged and dropped. */
async function absentNeeds(
  ports: PreparePorts,
  build: BuildRecord,
  plan: Plan,
  todo: readonly PlanStep[],
): Promise<Set<string>> {
  const own = new Set(todo.map((step) => step.id));
  const beyond = [...neededBy(plan, todo)].filter((stepId) => !own.has(stepId)).map((stepId) => planStep(plan, stepId));
  const results = await Promise.all(beyond.map((step) => findResult(ports.table, scopeIn(build, step), step.key)));
  return new Set(beyond.filter((_, position) => results[position] === undefined).map((step) => step.id));
}

async function prepareAttempt(
  ports: PreparePorts,
  { value: build, version }: Versioned<BuildRecord>,
  plan: Plan,
  {
    stage,
    before,
    call,
  }: {
    readonly stage: StoredStage;
    readonly before: Versioned<AttemptRecord> | undefined;
    readonly call: PrepareCall;
  },
  todo: readonly PlanStep[],
  inputs: StageInputs & {
    readonly uploads: Readonly<Record<Sha256, string>>;
    readonly secrets: Readonly<Record<string, string[]>>;
  },
): Promise<PreparedStage> {
  const attempt = stage.value.attempt + 1;
  const stageId = stage.value.id;
  const size = plan.stages.find((candidate) => candidate.id === stageId)?.size;
  if (size === undefined) throw new Error(`the plan has no stage ${stageId}`);
  const ticket = `lbt_${ports.ids.secret(32)}`;
  const now = ports.clock.now().toISOString();
  // The steps bound themselves; this ends a task whose agent no longer does.
  const timeoutSeconds = todo.reduce((sum, step) => sum + step.timeoutSeconds, 900);
  const manifest: Manifest = manifestSchema.parse({
    format: 'lbuild-manifest/1',
    buildId: build.id,
    stageId,
    attempt,
    exchangeUrl: `${ports.installation.apiUrl}/v1/stages/${build.id}.${stageId}/attempts/${attempt}:exchange`,
    ticket,
    sourceDateEpoch: plan.sourceDateEpoch,
    architecture: plan.architecture,
    release: plan.release,
    archive: plan.archive,
    ...(plan.archive.extra && { privateArchiveHosts: ports.installation.privateArchiveHosts }),
    base: inputs.base.map(({ layer, after }) => ({ ...layer, after })),
    modules: inputs.modules.map(({ module }) => module),
    ...(inputs.artifacts.length === 0 ? {} : { artifacts: inputs.artifacts }),
    keepGoing: build.keepGoing === true,
    steps: todo.map(({ id, program, version, trust, key, options, needs, produces, timeoutSeconds }) => {
      return { id, program, version, trust, key, options, needs, produces, timeoutSeconds };
    }),
    limits,
  });
  const record: AttemptRecord = {
    stage: stageId,
    attempt,
    ticketHash: sha256(ticket),
    state: 'live',
    trust: stage.value.trust,
    steps: todo.map((step) => step.id),
    blobs: Object.fromEntries([
      ...Object.entries(inputs.uploads),
      ...inputs.base.flatMap(({ layer, scope }) => [
        [layer.digest, blobPlace(scope, layer.digest).path],
        [layer.index, blobPlace(scope, layer.index).path],
      ]),
      ...inputs.modules.map(({ module, scope }) => [module.digest, blobPlace(scope, module.digest).path]),
    ]),
    ...(inputs.artifacts.length === 0
      ? {}
      : {
          artifacts: Object.fromEntries(
            inputs.artifacts.map(({ digest }) => [digest, artifactPlace(build.tenantId, digest).path]),
          ),
        }),
    ...(Object.keys(inputs.secrets).length === 0 ? {} : { secrets: inputs.secrets }),
    preparedAt: now,
    call,
    size,
    timeoutSeconds,
  };
  const place = manifestPlace(build.id, stageId, attempt);
  // Made by a call before this one, which nobody heard of, it never reached a builder: its ticket ends here.
  const stale = before?.value.state === 'live' ? before : undefined;
  await ports.table.transact([
    stageWrite(
      build.id,
      { ...stage.value, state: 'running', attempt, startedAt: stage.value.startedAt ?? now },
      stage.version,
    ),
    attemptWrite(build.id, record, 'absent'),
    // A build that ends meanwhile gets no attempt, which nobody would run and somebody would pay: called again, this sees it.
    { kind: 'check', key: buildKey(build.id), condition: { kind: 'version', version } },
    ...(stale === undefined ? [] : endAttemptWrites(build, stale, { endedAt: now, ending: 'infrastructure' })),
  ]);
  // Of two calls at once the one whose attempt was stored: the other's ticket opens nothing.
  await ports.blobs.put(place, utf8(JSON.stringify(manifest)), { contentType: 'application/json' });
  const signed = await ports.blobs.signGet(place, { expiresSeconds: manifestUrlSeconds });
  return {
    run: true,
    attempt,
    manifestUrl: signed.url,
    clientToken: sha256(`${build.id} ${stageId} ${attempt}`),
    cpu: String(size.vcpu * 1_024),
    memory: String(size.memoryMiB),
    diskGiB: size.diskGiB,
    timeoutSeconds,
  };
}
