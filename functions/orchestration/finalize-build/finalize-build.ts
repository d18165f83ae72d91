import { publishGate } from '../../../core/approvals/gate.ts';
import type { BuildRecord, Failure } from '../../../core/builds/build-record.ts';
import { findBuild } from '../../../core/builds/build-repository.ts';
import { buildMessageSchema } from '../../../core/builds/flow-messages.ts';
import { endBuild } from '../../../core/builds/settle.ts';
import { listStages, type StoredStage } from '../../../core/builds/stage-repository.ts';
import { countHits } from '../../../core/cache/hit-rates.ts';
import type { JsonValue } from '../../../core/digest.ts';
import { EngineError } from '../../../core/errors.ts';
import { concludeVerification, dropResults } from '../../../core/verify/conclude.ts';
import { unpackZstd } from '../../shared/zstd.ts';
import { type EvidencePorts, IndexDamaged, storeEvidence } from './build-evidence.ts';

/**
 * Writes the outcome of a build whose stages are all settled: with a success the evidence of how it was made, in one
 * transaction, or of a verification first what it found. Safe to repeat: a build that is over keeps what it has.
 */
export async function handle(ports: EvidencePorts, input: unknown): Promise<JsonValue> {
  const { buildId } = buildMessageSchema.parse(input);
  const [found, stages] = await Promise.all([findBuild(ports.table, buildId), listStages(ports.table, buildId)]);
  if (found === undefined) throw new Error(`the build ${buildId} is missing`);
  const succeeded = stages.every((stage) => stage.value.state === 'succeeded');
  const build = succeeded ? await endWell(ports, found.value, stages) : await endBadly(ports, found.value, stages);
  // A verification misses by intent: that says nothing of the cache.
  if (found.value.verifies === undefined) await countHits(ports, found.value);
  return { buildId, state: build?.state ?? found.value.state };
}

async function endWell(
  ports: EvidencePorts,
  build: BuildRecord,
  stages: readonly StoredStage[],
): Promise<BuildRecord | undefined> {
  if (build.endedAt !== undefined) return build;
  if (build.verifies !== undefined) {
    // Its image is nobody's: what is told of it is whether it is the other one's.
    await concludeVerification({ ...ports, unpack: unpackZstd }, build);
    return endBuild(ports, build.id, 'succeeded');
  }
  try {
    const { writes, fields, failure } = await storeEvidence(ports, build, stages);
    // What its profiles keep from being published is nobody's to approve.
    if (failure !== undefined) return await endBuild(ports, build.id, 'failed', failure, writes, fields);
    const gate = await publishGate(ports, { ...build, ...fields });
    const all = { ...fields, ...gate.fields };
    return await endBuild(ports, build.id, 'succeeded', undefined, [...writes, ...gate.writes], all);
  } catch (error) {
    if (error instanceof EngineError && error.code === 'vulnerabilities.no_data') {
      return endBuild(ports, build.id, 'failed', { code: error.code, reason: error.detail, logTail: [] });
    }
    if (!(error instanceof IndexDamaged)) throw error;
    const failure: Failure = {
      code: 'layer.damaged',
      reason: `What the step ${error.step} had made is damaged and was removed: what is in the image cannot be told.`,
      step: error.step,
      logTail: [],
    };
    return endBuild(ports, build.id, 'failed', failure);
  }
}

async function endBadly(
  ports: EvidencePorts,
  build: BuildRecord,
  stages: readonly StoredStage[],
): Promise<BuildRecord | undefined> {
  if (build.verifies !== undefined) await dropResults(ports, build);
  if (build.cancelRequestedAt !== undefined) return endBuild(ports, build.id, 'cancelled');
  const failed = stages.find((stage) => stage.value.failure !== undefined)?.value.failure;
  return endBuild(ports, build.id, 'failed', failed);
}
