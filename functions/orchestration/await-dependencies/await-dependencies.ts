import type { StageRecord } from '../../../core/builds/build-record.ts';
import { awaitMessageSchema } from '../../../core/builds/flow-messages.ts';
import { getStage, stageWrite } from '../../../core/builds/stage-repository.ts';
import type { JsonValue } from '../../../core/digest.ts';
import type { Ports } from '../../../core/ports/ports.ts';
import { ConditionFailed } from '../../../core/ports/table.ts';

/** Earlier tokens that are kept: as many as a state's Retry makes (lib/build.asl.json), and one. */
const mostEarlier = 7;

/**
 * Stores the token of a stage that waits, then reads what it waits for, and answers itself if that is nothing: whoever
 * settles the last dependency either sees the token or has made `pending` 0 before it is read here.
 */
export async function handle(ports: Pick<Ports, 'table' | 'flow'>, input: unknown): Promise<JsonValue> {
  const { buildId, stageId, token } = awaitMessageSchema.parse(input);
  for (;;) {
    const stage = await getStage(ports.table, buildId, stageId);
    try {
      await ports.table.transact([stageWrite(buildId, withToken(stage.value, token), stage.version)]);
      break;
    } catch (error) {
      // A dependency was settled between read and write: read again.
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
  const { pending } = await getStage(ports.table, buildId, stageId);
  if (pending === 0) await ports.flow.sendTaskSuccess(token, { stageId });
  return { pending };
}

function withToken(stage: StageRecord, token: string): StageRecord {
  const before = [...(stage.token === undefined ? [] : [stage.token]), ...(stage.earlierTokens ?? [])];
  const earlierTokens = before.filter((one) => one !== token).slice(0, mostEarlier);
  return { ...stage, token, ...(earlierTokens.length === 0 ? {} : { earlierTokens }) };
}
