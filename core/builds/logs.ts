import type { Blobs } from '../ports/blobs.ts';
import { type LogLine, logLineSchema } from './manifest.ts';
import { logPlace } from './places.ts';

/** Reads at most this much of a log at once: 256 KB are some 2,000 lines. */
export const logChunk = 262_144;

/**
 * Whole lines of an attempt's log from a byte offset on. A line that is no log line (a builder is not trusted) is
 * shown as it is, under the step `-`. `next` is where the following read starts.
 */
export async function readLog(
  blobs: Blobs,
  buildId: string,
  stageId: string,
  attempt: number,
  offset: number,
): Promise<{ lines: LogLine[]; next: number }> {
  const place = logPlace(buildId, stageId, attempt);
  const info = await blobs.head(place);
  if (info === undefined || info.size <= offset) return { lines: [], next: offset };
  const bytes = await blobs.get(place, { start: offset, end: Math.min(info.size, offset + logChunk) });
  if (bytes === undefined) return { lines: [], next: offset };
  let end = bytes.lastIndexOf(0x0a) + 1;
  // A line longer than a whole chunk is cut, or the reader would never get past it.
  if (end === 0 && bytes.length === logChunk) end = bytes.length;
  const text = new TextDecoder().decode(bytes.subarray(0, end));
  return {
    lines: text
      .split('\n')
      .filter((line) => line !== '')
      .map(parseLine),
    next: offset + end,
  };
}

function parseLine(text: string): LogLine {
  try {
    const value: unknown = JSON.parse(text);
    const parsed = logLineSchema.safeParse(value);
    if (parsed.success) return parsed.data;
  } catch {
    // Not written by our agent: shown as text below.
  }
  return { at: 0, step: '-', stream: 'out', text };
}

/** The last lines of an attempt's log, and the step that wrote the last of them. */
export async function readLogTail(
  blobs: Blobs,
  buildId: string,
  stageId: string,
  attempt: number,
): Promise<{ step?: string; lines: string[] }> {
  const info = await blobs.head(logPlace(buildId, stageId, attempt));
  if (info === undefined) return { lines: [] };
  const { lines } = await readLog(blobs, buildId, stageId, attempt, Math.max(0, info.size - 32_768));
  const step = lines.findLast((line) => line.step !== '-')?.step;
  const tail = lines.slice(-40).map((line) => line.text.slice(0, 500));
  return step === undefined ? { lines: tail } : { step, lines: tail };
}
