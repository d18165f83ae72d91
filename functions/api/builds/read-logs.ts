import { z } from 'zod';
import type { Reach } from '../../../core/access/reach.ts';
import type { StageRecord } from '../../../core/builds/build-record.ts';
import { getBuild } from '../../../core/builds/build-repository.ts';
import { isTerminal } from '../../../core/builds/lifecycle.ts';

import { logLineSchema } from '../../../core/builds/manifest.ts';
import { printable } from '../../../core/builds/printable.ts';
import { listStages } from '../../../core/builds/stage-repository.ts';
import { EngineError } from '../../../core/errors.ts';
import type { Ports } from '../../../core/ports/ports.ts';
import { workOf } from '../../../core/sharing/work-of.ts';
import { takePollSlot } from '../../../core/tenancy/poll-slots.ts';
import { defineOperation } from '../../shared/operation.ts';
import { reachOf } from '../../shared/principal-of.ts';
import { wholeNumberOr } from '../../shared/whole-number.ts';
import { buildParamsSchema } from './build-params.ts';
import { formatLogPosition, parseLogPosition, walkLog } from './log-walk.ts';

/** Between two looks while a call waits: the agent writes its log every second at most. */
const pollMilliseconds = 500;

const logsSchema = z
  .strictObject({
    lines: z.array(z.strictObject({ ...logLineSchema.shape, stage: z.string() }).meta({ id: 'LogLine' })),
    cursor: z
      .string()
      .exactOptional()
      .describe('Where to go on; `stage/attempt/offset`. Absent before the first stage.'),
    complete: z.boolean().describe('True where nothing more will come.'),
  })
  .meta({ id: 'Logs' });

/** Logs stage by stage. With `waitSeconds` an answer that would be empty waits for lines, ten calls a tenant at once. */
export const readLogs = defineOperation({
  id: 'readLogs',
  method: 'GET',
  path: '/v1/builds/{id}/logs',
  summary: 'The log of a build from a cursor on',
  access: { kind: 'permission', permission: 'builds:read', inTeam: true },
  params: buildParamsSchema,
  query: z.strictObject({
    cursor: z.string().max(100).optional().describe('As an earlier answer gave it; from the beginning without.'),
    stage: z
      .string()
      .regex(/^s\d{1,3}$/)
      .optional()
      .describe('Only this stage.'),
    waitSeconds: wholeNumberOr(0, 0, 20).describe('How long to wait for new lines.'),
  }),
  body: undefined,
  response: logsSchema,
  status: 200,
  errors: ['build.not_found', 'cursor.invalid'],
  async handle(ports, { params, query, context }) {
    const reach = reachOf(context);
    const look = () => readOnce(ports, reach, params.id, query);
    let answer = await look();
    if (query.waitSeconds > 0 && isQuiet(answer)) {
      const slot = await takePollSlot(ports, reach.tenantId, context.requestId, query.waitSeconds);
      try {
        const until = ports.clock.now().getTime() + (slot === undefined ? 0 : query.waitSeconds * 1000);
        while (isQuiet(answer) && ports.clock.now().getTime() < until && !context.signal.aborted) {
          await ports.clock.sleep(pollMilliseconds, context.signal);
          answer = await look();
        }
      } finally {
        await slot?.release();
      }
    }
    return { body: answer };
  },
});

type Logs = z.infer<typeof logsSchema>;

function isQuiet(answer: Logs): boolean {
  return answer.lines.length === 0 && !answer.complete;
}

async function readOnce(
  ports: Ports,
  reach: Reach,
  buildId: string,
  query: { readonly cursor?: string | undefined; readonly stage?: string | undefined },
): Promise<Logs> {
  const { value: build } = await getBuild(ports.table, reach, buildId);
  const ended = isTerminal(build.state);
  // What a build that is over left standing runs no more, or for others alone: its own log ends here.
  const over = ({ state }: StageRecord) => state !== 'pending' && state !== 'running';
  const all = (await listStages(ports.table, workOf(build))).map(({ value: stage }) =>
    ended && !over(stage) ? { ...stage, state: 'skipped' as const } : stage,
  );
  const stages = query.stage === undefined ? all : all.filter(({ id }) => id === query.stage);
  const first = stages[0];
  if (first === undefined) {
    return { lines: [], complete: ended, ...(query.cursor === undefined ? {} : { cursor: query.cursor }) };
  }
  const from = query.cursor === undefined ? { stage: first.id, attempt: 1, offset: 0 } : parseLogPosition(query.cursor);
  if (from === undefined || !stages.some(({ id }) => id === from.stage)) {
    throw new EngineError('cursor.invalid', 'The cursor is none of this log.');
  }
  const part = await walkLog(ports.blobs, workOf(build), stages, from);
  return {
    lines: part.lines.map((line) => ({ ...line, step: printable(line.step), text: printable(line.text) })),
    cursor: formatLogPosition(part.position),
    complete: part.complete && (query.stage !== undefined || ended),
  };
}
