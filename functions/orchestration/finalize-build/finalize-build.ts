import { findBuild } from '../../../core/builds/build-repository.ts';
import { buildMessageSchema } from '../../../core/builds/flow-messages.ts';
import { endBuild } from '../../../core/builds/settle.ts';
import { listStages } from '../../../core/builds/stage-repository.ts';
import { countHits } from '../../../core/cache/hit-rates.ts';
import type { JsonValue } from '../../../core/digest.ts';
import type { Ports } from '../../../core/ports/ports.ts';
import { concludeVerification } from '../../../core/verify/conclude.ts';
import { unpackZstd } from '../../shared/zstd.ts';

type FinalizePorts = Pick<Ports, 'table' | 'blobs' | 'clock' | 'ids'>;

/** Writes the outcome of a build whose stages are all settled; of a verification, first what it found. */
export async function handle(ports: FinalizePorts, input: unknown): Promise<JsonValue> {
  const { buildId } = buildMessageSchema.parse(input);
  const [found, stages] = await Promise.all([findBuild(ports.table, buildId), listStages(ports.table, buildId)]);
  if (found === undefined) throw new Error(`the build ${buildId} is missing`);
  const succeeded = stages.every((stage) => stage.value.state === 'succeeded');
  const state = succeeded ? 'succeeded' : found.value.cancelRequestedAt !== undefined ? 'cancelled' : 'failed';
  const failed = stages.find((stage) => stage.value.failure !== undefined)?.value.failure;
  const isVerification = found.value.verifies !== undefined;
  if (isVerification && succeeded) await concludeVerification({ ...ports, unpack: unpackZstd }, found.value);
  const build = await endBuild(ports, buildId, state, state === 'failed' ? failed : undefined);
  // A verification misses by intent: that says nothing of the cache.
  if (!isVerification) await countHits(ports, found.value);
  return { buildId, state: build?.state ?? state };
}
