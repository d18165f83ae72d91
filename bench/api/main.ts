import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { smallSpec } from '../../test/support/small-spec.ts';
import { describeCommit, describeMachine } from '../peers/machine.ts';
import { type Call, type Load, load } from './load.ts';

/**
 * `npm run bench:api`: how many lists and submissions the engine of one machine answers a second with 10,000 stored
 * builds, from as many connections as a small team has open, while it plans what was submitted. Engine and caller share
 * the machine. Its builders wait: what is measured is the API, the planner, the queue and the table. Exits 1 where a
 * bound fails.
 */
const storedBuilds = 10_000;
/** Callers: each has a key, since limits of requests are a key's. */
const keyCount = 16;
const bounds = { list: 500, submit: 300, p99: 100 } as const;

const servingSchema = z.object({ url: z.url(), keys: z.array(z.string()) });
const project = join(import.meta.dirname, '../..');

console.log(`${describeMachine()}; commit ${describeCommit(project)}; ${new Date().toISOString().slice(0, 10)}`);
const order = JSON.stringify({ storedBuilds, keys: keyCount });
const engine = spawn(process.execPath, [join(import.meta.dirname, 'engine-process.ts'), order], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
const ended = once(engine, 'exit');
try {
  const line: unknown = await Promise.race([once(createInterface({ input: engine.stdout }), 'line'), ended]);
  const { url, keys } = servingSchema.parse(JSON.parse(String(Array.isArray(line) ? line[0] : '')));
  const authorised = (number: number) => ({ authorization: `Bearer ${keys[number % keys.length]}` });
  const list = (number: number): Call => ({
    ...{ method: 'GET', path: '/v1/builds?limit=20', headers: authorised(number) },
  });
  const submit = (number: number): Call => ({
    ...{ method: 'POST', path: '/v1/builds' },
    headers: { ...authorised(number), 'content-type': 'application/json' },
    body: JSON.stringify(smallSpec([], `bench-${number}`)),
  });
  const same: Call = { ...submit(0), body: JSON.stringify(smallSpec([], 'at-once')) };

  await load(url, { connections: keyCount, calls: 500 }, list);
  report('list 20 builds', await load(url, { connections: keyCount, calls: 5_000 }, list), bounds.list);
  const burst = await load(url, { connections: 50, calls: 50 }, () => same);
  console.log(`50 submissions at once: ${JSON.stringify(burst.statuses)}, the last after ${burst.p99.toFixed(0)} ms`);
  if (burst.statuses[202] !== 50) process.exitCode = 1;
  report('submit a build', await load(url, { connections: keyCount, calls: 1_500 }, submit), bounds.submit);
  report('list meanwhile', await load(url, { connections: keyCount, calls: 2_500 }, list), 0);
} finally {
  engine.stdin.end();
  await ended;
}

function report(what: string, { calls, perSecond, median, p99, statuses }: Load, atLeast: number): void {
  const answered = JSON.stringify(statuses);
  console.log(
    `${what}: ${perSecond.toFixed(0)} a second of ${calls}; median ${median.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms; ${answered}`,
  );
  const failed = Object.entries(statuses).some(([status]) => !/^20[02]$/.test(status));
  if (perSecond < atLeast || p99 > bounds.p99 || failed) {
    console.error(`${what}: at least ${atLeast} a second, p99 at most ${bounds.p99} ms, and no failure`);
    process.exitCode = 1;
  }
}
