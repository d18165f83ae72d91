import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dayOf, isOver, monthOf } from '../../../core/quota/periods.ts';

const day = 86_400_000;
const times = fc.date({ min: new Date('1999-12-31'), max: new Date('2101-01-01'), noInvalidDate: true });
const anchors = fc.integer({ min: 1, max: 31 });
const runs = { numRuns: 5_000 };

/** Days of a month by the calendar's rule, said another way than the code says it. */
function daysIn(year: number, month: number): number {
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month] ?? 0;
}

describe('the month of a quota', () => {
  it.each([
    ['2024-02-29T12:00:00Z', 31, '2024-02-29', '2024-03-31'],
    ['2024-02-28T23:59:59Z', 31, '2024-01-31', '2024-02-29'],
    ['2023-02-28T00:00:00Z', 30, '2023-02-28', '2023-03-30'],
    ['2100-02-28T00:00:00Z', 29, '2100-02-28', '2100-03-29'],
    ['2000-02-29T00:00:00Z', 29, '2000-02-29', '2000-03-29'],
    ['2026-01-01T00:00:00Z', 1, '2026-01-01', '2026-02-01'],
    ['2026-01-04T00:00:00Z', 5, '2025-12-05', '2026-01-05'],
    ['2026-12-31T00:00:00Z', 31, '2026-12-31', '2027-01-31'],
  ])('that holds %s with the anchor %i is from %s to %s', (at, anchor, start, end) => {
    const month = monthOf(new Date(at), anchor);
    expect([month.id, month.end?.toISOString()]).toEqual([start, `${end}T00:00:00.000Z`]);
  });

  it('holds the time, begins on its anchor or the last day before, and the next begins where it ends (property)', () => {
    fc.assert(
      fc.property(times, anchors, (at, anchor) => {
        const { id, end } = monthOf(at, anchor);
        const start = new Date(`${id}T00:00:00.000Z`);
        if (end === undefined) throw new Error('a month ends');
        expect(start.getTime()).toBeLessThanOrEqual(at.getTime());
        expect(end.getTime()).toBeGreaterThan(at.getTime());
        for (const edge of [start, end]) {
          expect(edge.getUTCDate()).toBe(Math.min(anchor, daysIn(edge.getUTCFullYear(), edge.getUTCMonth())));
        }
        const length = (end.getTime() - start.getTime()) / day;
        expect(length).toBeGreaterThanOrEqual(28);
        expect(length).toBeLessThanOrEqual(31);
        expect(monthOf(end, anchor).id).toBe(end.toISOString().slice(0, 10));
        expect(monthOf(new Date(end.getTime() - 1), anchor).id).toBe(id);
        expect(monthOf(start, anchor).id).toBe(id);
      }),
      runs,
    );
  });
});

it('the day of a quota is that of UTC (property)', () => {
  fc.assert(
    fc.property(times, (at) => {
      const { id, end } = dayOf(at);
      expect(at.toISOString().slice(0, 10)).toBe(id);
      expect(end?.toISOString()).toBe(new Date(Date.parse(`${id}T00:00:00.000Z`) + day).toISOString());
    }),
    runs,
  );
});

it('a period is over two days after its end at the earliest, and then stays so (property)', () => {
  fc.assert(
    fc.property(times, anchors, fc.integer({ min: 0, max: 40 * day }), (at, anchor, later) => {
      for (const [quota, period] of [
        ['buildsPerDay', dayOf(at)],
        ['buildMinutesPerMonth', monthOf(at, anchor)],
      ] as const) {
        const end = period.end?.getTime() ?? 0;
        expect(isOver(quota, period.id, new Date(end + 2 * day))).toBe(false);
        expect(isOver(quota, period.id, new Date(end + 5 * day + 1 + later))).toBe(true);
      }
      expect(isOver('images', 'all', new Date(at.getTime() + later))).toBe(false);
    }),
    runs,
  );
});
