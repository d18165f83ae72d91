import { findBuild } from '../../../core/builds/build-repository.ts';
import { buildMessageSchema } from '../../../core/builds/flow-messages.ts';
import { endBuild } from '../../../core/builds/settle.ts';
import { listStages } from '../../../core/builds/stage-repository.ts';
import { countHits } from '../../../core/cache/hit-rates.ts';
import type { JsonValue } from '../../../core/digest.ts';
import type { Ports } from '../../../core/ports/ports.ts';

/** Writes the outcome of a build whose stages are all settled. */
export async function handle(ports: Pick<Ports, 'table' | 'clock' | 'ids'>, input: unknown): Promise<JsonValue> {
  const { buildId } = buildMessageSchema.parse(input);
  const [found, stages] = await Promise.all([findBuild(ports.table, buildId), listStages(ports.table, buildId)]);
  if (found === undefined) throw new Error(`the build ${buildId} is missing`);
  const succeeded = stages.every((stage) => stage.value.state === 'succeeded');
  const state = succeeded ? 'succeeded' : found.value.cancelRequestedAt !== undefined ? 'cancelled' : 'failed';
  const failed = stages.find((stage) => stage.value.failure !== undefined)?.value.failure;
  const build = await endBuild(ports, buildId, state, state === 'failed' ? failed : undefined);
  await countHits(ports, found.value);
  return { buildId, state: build?.state ?? state };
}
