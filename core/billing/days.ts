import { z } from 'zod';

export const dayMilliseconds = 86_400_000;

/** A UTC day that there is, `2026-11-26`. */
export const daySchema = z.iso.date();

/** The UTC day of an instant. */
export const dayAt = (at: Date | number): string => new Date(at).toISOString().slice(0, 10);

/** The instant at which a day begins, epoch milliseconds. */
export const startOf = (day: string): number => Date.parse(`${day}T00:00:00.000Z`);

export const dayAfter = (day: string): string => dayAt(startOf(day) + dayMilliseconds);

/** A span of time within one day. */
export interface DayPart {
  readonly day: string;
  /** Epoch milliseconds. */
  readonly from: number;
  readonly to: number;
}

/** A span of time cut at each midnight, UTC. An empty one is one empty part. */
export function partsByDay(from: number, to: number): DayPart[] {
  const parts: DayPart[] = [];
  let start = from;
  do {
    const day = dayAt(start);
    const end = Math.min(to, startOf(day) + dayMilliseconds);
    parts.push({ day, from: start, to: Math.max(start, end) });
    start = end;
  } while (start < to);
  return parts;
}
