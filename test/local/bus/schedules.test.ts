import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { readTrigger } from '../../../core/events/envelope.ts';
import { schedules } from '../../../core/wiring/event-rules.ts';
import { startSchedules } from '../../../local/bus/schedules.ts';
import { fastClock } from '../flow/fast-clock.ts';
import { deferred } from '../flow/machine.ts';

it('runs every schedule right after the start, with a scheduled event', async () => {
  const calls: string[] = [];
  const clock = fastClock(1);
  const running = startSchedules({
    schedules,
    clock,
    log: () => undefined,
    invoke: async (name, payload) => {
      calls.push(`${name} ${readTrigger(payload).kind}`);
    },
  });
  await running.stop();
  expect(calls.sort()).toEqual(schedules.map(({ target }) => `${target} schedule`).sort());
});

it('runs at its interval, never beside itself, and goes on after a failure', async () => {
  const clock = fastClock(6_000);
  const logged: string[] = [];
  const fifth = deferred();
  let now = 0;
  let most = 0;
  let runs = 0;
  const times: number[] = [];
  const running = startSchedules({
    schedules: [{ name: 'sweep', everyMinutes: 1, target: 'reapTasks' }],
    clock,
    log: (message) => logged.push(message),
    invoke: async () => {
      times.push(clock.now().getTime());
      runs += 1;
      now += 1;
      most = Math.max(most, now);
      // The second run takes more than two intervals of 10 ms.
      if (runs === 2) await sleep(25);
      now -= 1;
      if (runs === 5) fifth.resolve();
      if (runs === 3) throw new Error('once');
    },
  });
  await fifth.promise;
  await running.stop();
  const stopped = runs;
  await sleep(30);
  expect(runs).toBe(stopped);
  expect(most).toBe(1);
  expect(logged).toEqual(['A scheduled run failed']);
  // Four intervals at least; a tick of this clock is 6 s.
  expect((times[4] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(4 * 60_000 - 6_000);
});
