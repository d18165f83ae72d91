import { settleMessageSchema } from '../../../core/builds/flow-messages.ts';
import { settleStage } from '../../../core/builds/settle.ts';
import type { JsonValue } from '../../../core/digest.ts';
import type { Ports } from '../../../core/ports/ports.ts';

/** Settles a stage: see core/builds/settle.ts. */
export async function handle(
  ports: Pick<Ports, 'table' | 'blobs' | 'clock' | 'ids' | 'flow'>,
  input: unknown,
): Promise<JsonValue> {
  const { buildId, stageId, attempt } = settleMessageSchema.parse(input);
  const settled = await settleStage(ports, buildId, stageId, attempt);
  return { stageId, state: settled.state };
}
