import { type QuotaName, quotaKinds } from './tiers.ts';

/** A span of time in which something is counted, UTC. */
export interface Period {
  /** Its first day, `2026-11-26`; of what is counted for good `all`. */
  readonly id: string;
  /** When the next one begins; absent: never. */
  readonly end?: Date;
}

const dayMilliseconds = 86_400_000;

/** The UTC day that holds a time. */
export function dayOf(at: Date): Period {
  const start = Math.floor(at.getTime() / dayMilliseconds) * dayMilliseconds;
  return { id: idOf(start), end: new Date(start + dayMilliseconds) };
}

/**
 * The month from one anchor to the next that holds a time. It begins at 00:00 UTC of the anchor day, or of the last day
 * of a month that is too short for it.
 * @param anchorDay day of the month, 1 to 31
 */
export function monthOf(at: Date, anchorDay: number): Period {
  const [year, month] = [at.getUTCFullYear(), at.getUTCMonth()];
  const own = anchorIn(year, month, anchorDay);
  return at.getTime() >= own
    ? { id: idOf(own), end: new Date(anchorIn(year, month + 1, anchorDay)) }
    : { id: idOf(anchorIn(year, month - 1, anchorDay)), end: new Date(own) };
}

/** The period in which a quota counts what is used at a time. */
export function periodOf(quota: QuotaName, at: Date, anchorDay: number): Period {
  switch (quotaKinds[quota].period) {
    case 'day':
      return dayOf(at);
    case 'month':
      return monthOf(at, anchorDay);
    case 'none':
      return { id: 'all' };
  }
}

/**
 * Whether nothing of a period can matter any more: it ended more than two days ago at the latest. Builds that began in
 * it and end later count in it to the last; what they count then, nobody is asked for.
 */
export function isOver(quota: QuotaName, id: string, now: Date): boolean {
  const { period } = quotaKinds[quota];
  if (period === 'none') return false;
  const longest = (period === 'day' ? 1 : 31) + 2;
  return now.getTime() > Date.parse(`${id}T00:00:00.000Z`) + longest * dayMilliseconds;
}

/** 00:00 UTC of the anchor day in a month, or of its last day. `month` may lie outside 0..11: the year follows. */
function anchorIn(year: number, month: number, anchorDay: number): number {
  const days = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  return Date.UTC(year, month, Math.min(anchorDay, days));
}

function idOf(start: number): string {
  return new Date(start).toISOString().slice(0, 10);
}
