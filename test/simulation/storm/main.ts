import { fork } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { plantedBugs } from './planted-bugs.ts';

/**
 * `npm run test:storm`: many seeds, shared among processes; with --planted, for each planted bug the first seed that
 * finds it. Exits with 1 where a seed breaks a rule, or no seed finds a bug.
 */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10000' },
    from: { type: 'string', default: '1' },
    workers: { type: 'string', default: '2' },
    /** All bugs, or the one of this function. */
    planted: { type: 'string' },
    most: { type: 'string', default: '400' },
  },
});
const number = z.coerce.number().int().min(1);
const [seeds, from, workers, most] = [values.seeds, values.from, values.workers, values.most].map((text) =>
  number.parse(text),
) as [number, number, number, number];

const messageSchema = z.object({
  seed: z.number(),
  violations: z.array(z.string()),
  builds: z.number(),
  tasks: z.number(),
  events: z.number(),
  requests: z.number(),
  outcomes: z.record(z.string(), z.number()),
});
type Message = z.infer<typeof messageSchema>;

const child = new URL('child.ts', import.meta.url);

/** Runs seeds in a process of their own, until `done` says that it is enough. */
async function run(
  first: number,
  step: number,
  last: number,
  bug: string | undefined,
  done: (message: Message) => boolean,
) {
  const process = fork(child, [String(first), String(step), String(last), bug ?? ''], { execArgv: ['--no-warnings'] });
  const ended = once(process, 'exit');
  process.on('message', (message) => {
    if (done(messageSchema.parse(message))) process.kill();
  });
  const [code, signal] = await ended;
  if (code !== 0 && signal !== 'SIGTERM') throw new Error(`the process of seeds from ${first} ended with ${code}`);
}

async function storm(): Promise<boolean> {
  const began = Date.now();
  const sums: Record<string, number> = {};
  let broken = 0;
  let count = 0;
  const add = (name: string, by: number) => {
    sums[name] = (sums[name] ?? 0) + by;
  };
  const hear = ({ seed, violations, outcomes, ...rest }: Message): boolean => {
    count += 1;
    for (const [name, by] of Object.entries({ ...rest, ...outcomes })) add(name, by);
    if (violations.length > 0) {
      broken += 1;
      console.log(`seed ${seed}: ${violations.slice(0, 5).join('; ')}`);
    }
    if (count % 500 === 0)
      console.log(`${count} seeds, ${broken} broken, ${Math.round((Date.now() - began) / 1_000)} s`);
    return false;
  };
  const last = from + seeds - 1;
  await Promise.all(Array.from({ length: workers }, (_, worker) => run(from + worker, workers, last, undefined, hear)));
  console.log(JSON.stringify(sums));
  console.log(`${count} seeds, ${broken} broken, ${Math.round((Date.now() - began) / 1_000)} s`);
  return broken === 0 && count === seeds;
}

async function planted(name: string): Promise<boolean> {
  const waiting = plantedBugs.filter(({ handler }) => name === 'all' || handler === name);
  const missed: string[] = [];
  const lane = async (): Promise<void> => {
    for (let bug = waiting.shift(); bug !== undefined; bug = waiting.shift()) {
      const { handler, says } = bug;
      let found: { seeds: number; violation: string } | undefined;
      await run(from, 1, from + most - 1, handler, ({ seed, violations: [violation] }) => {
        if (violation !== undefined) found ??= { seeds: seed - from + 1, violation };
        return violation !== undefined;
      });
      if (found === undefined) missed.push(handler);
      console.log(
        `${handler}: ${says}: ${found === undefined ? `not found in ${most} seeds` : `seed ${found.seeds}: ${found.violation}`}`,
      );
    }
  };
  await Promise.all(Array.from({ length: workers }, lane));
  return missed.length === 0;
}

const well = values.planted === undefined ? await storm() : await planted(values.planted);
process.exitCode = well ? 0 : 1;
