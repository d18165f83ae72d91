import type { StageRecord } from '../../../core/builds/build-record.ts';
import type { WorkState } from '../../../core/builds/lifecycle.ts';
import { readLog } from '../../../core/builds/logs.ts';
import type { LogLine } from '../../../core/builds/manifest.ts';
import type { Blobs } from '../../../core/ports/blobs.ts';

/** A place in a build's log, `stage/attempt/offset`: the offset counts bytes of the attempt's log object. */
export interface LogPosition {
  readonly stage: string;
  readonly attempt: number;
  readonly offset: number;
}

export interface LogPart {
  readonly lines: readonly (LogLine & { readonly stage: string })[];
  readonly position: LogPosition;
  /** True where every stage given has ended and all of its log was read. */
  readonly complete: boolean;
}

/** Bytes of log after which a part ends: as JSON in an answer they stay far below Lambda's 6 MB. */
const partBytes = 524_288;

/** Writes a position as callers keep it. */
export function formatLogPosition(position: LogPosition): string {
  return `${position.stage}/${position.attempt}/${position.offset}`;
}

/** Reads a position; undefined where the text is none. */
export function parseLogPosition(text: string): LogPosition | undefined {
  const match = /^(s\d{1,3})\/(\d{1,3})\/(\d{1,9})$/.exec(text);
  if (match === null) return undefined;
  const [, stage = '', attempt = '', offset = ''] = match;
  return { stage, attempt: Number(attempt), offset: Number(offset) };
}

function isOver(state: WorkState): boolean {
  return state !== 'pending' && state !== 'running';
}

/**
 * The log lines that follow a position, stage by stage in the order given, attempt by attempt. The stages must have
 * been read before this is called: the log of an attempt that was over then is final.
 */
export async function walkLog(
  blobs: Blobs,
  buildId: string,
  stages: readonly StageRecord[],
  from: LogPosition,
): Promise<LogPart> {
  const lines: (LogLine & { stage: string })[] = [];
  let position = from;
  let budget = partBytes;
  for (const stage of stages.slice(stages.findIndex(({ id }) => id === from.stage))) {
    if (stage.id !== position.stage) position = { stage: stage.id, attempt: 1, offset: 0 };
    for (;;) {
      if (position.attempt > stage.attempt) {
        // The attempt has not begun; none will where the stage is over, as one whose steps were all cached.
        if (!isOver(stage.state)) return { lines, position, complete: false };
        break;
      }
      const part = await readLog(blobs, buildId, stage.id, position.attempt, position.offset);
      lines.push(...part.lines.map((line) => ({ ...line, stage: stage.id })));
      const read = part.next - position.offset;
      position = { ...position, offset: part.next };
      budget -= read;
      if (budget <= 0) return { lines, position, complete: false };
      if (read > 0) continue;
      if (position.attempt < stage.attempt) position = { ...position, attempt: position.attempt + 1, offset: 0 };
      else if (isOver(stage.state)) break;
      else return { lines, position, complete: false };
    }
  }
  return { lines, position, complete: true };
}
