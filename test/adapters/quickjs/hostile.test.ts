import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, describe, expect, it } from 'vitest';
import { createPluginRunner } from '../../../adapters/quickjs/plugin-runner.ts';
import type { PluginOutcome } from '../../../core/ports/plugin-runner.ts';
import { bundleSandbox } from './bundled-sandbox.ts';
import type { HostilePlugin } from './hostile/hostile-plugin.ts';
import { costliest, hostilePlugins } from './hostile/hostile-plugins.ts';
import { callOf, limited, realLimits } from './plugin-calls.ts';

const parallel = Math.min(2, availableParallelism());
const never = new AbortController().signal;
const mib = 1_048_576;

const { sandboxFile, remove } = bundleSandbox();
afterAll(remove);
const runner = createPluginRunner({ parallel, sandboxFile });

/**
 * Less time than is usual for those that only time ends: what ends them is the same. In later rounds what is kept is
 * looked for, and less will do. The others end by themselves, within the time that all have.
 */
const callWithin = ({ code, ends }: HostilePlugin, cpuMilliseconds: number) =>
  limited(code, typeof ends !== 'function' && ends.includes('plugin.timeout') ? { cpuMilliseconds } : {});

/** A plugin that does what plugins do, with most of what a spoilt realm would break. */
const good = `
  export async function transformSpec({ spec }) {
    const names = new Map(Object.entries({ ...spec, list: [3, 1, 2].sort().map((n) => n * 2) }));
    console.log('good', [...names.keys()].join(), /^a+b$/.test('aab'), \`\${await Promise.resolve(7)}\`);
    return { spec: { ...Object.fromEntries(names), text: 'abc'.slice(1).repeat(2), polluted: {}.polluted ?? 'no' } };
  }`;
const goodOutput = { spec: { name: 'one', list: [2, 4, 6], text: 'bcbc', polluted: 'no' } };
const goodLines = [{ level: 'log', text: 'good name,list true 7' }];

const isContained = ({ ends }: HostilePlugin, outcome: PluginOutcome): boolean =>
  typeof ends === 'function' ? ends(outcome) : !outcome.ok && ends.includes(outcome.code);

/** What must hold of every outcome, whatever the plugin was. */
function expectBounded(outcome: PluginOutcome): void {
  expect(outcome.memoryBytes).toBeLessThanOrEqual(realLimits.memoryBytes + 4 * mib);
  const logged = outcome.log.lines.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
  expect(logged).toBeLessThanOrEqual(realLimits.logBytes);
  if (outcome.ok) expect(Buffer.byteLength(JSON.stringify(outcome.output))).toBeLessThanOrEqual(realLimits.outputBytes);
  else {
    expect(outcome.reason.length).toBeLessThanOrEqual(1_000);
    expect(outcome.reason).toMatch(/^\P{Cc}+$/u);
  }
  expect(Reflect.get({}, 'polluted')).toBeUndefined();
}

/** A run that was looked at: what it said is not kept, since what is kept is measured. */
type Ran = Pick<PluginOutcome, 'milliseconds' | 'memoryBytes'> & { readonly name: string; readonly ended: string };

async function runContained(plugin: HostilePlugin, cpuMilliseconds: number): Promise<Ran> {
  const outcome = await runner.run(callWithin(plugin, cpuMilliseconds), never);
  const { name } = plugin;
  expect({ name, contained: isContained(plugin, outcome), outcome }).toMatchObject({ contained: true });
  expectBounded(outcome);
  const { milliseconds, memoryBytes } = outcome;
  return { name, milliseconds, memoryBytes, ended: outcome.ok ? 'result' : outcome.code };
}

const runAll = (): Promise<Ran[]> => Promise.all(hostilePlugins.map((plugin) => runContained(plugin, 50)));

/** Has the good plugin run right after each hostile one, beside which the next one runs. */
const runAllAndAfter = (): Promise<Ran[]> =>
  Promise.all(
    hostilePlugins.map(async (plugin) => {
      const ran = await runContained(plugin, 100);
      expectUnharmed(await runner.run(callOf(good), never));
      return ran;
    }),
  );

const expectUnharmed = (outcome: PluginOutcome): void =>
  expect(outcome).toMatchObject({ ok: true, output: goodOutput, log: { lines: goodLines } });

/** Resident memory of the sandboxes that there are now, in bytes. */
function sandboxMemory(): number[] {
  const threads = readdirSync('/proc/self/task');
  const pids = threads.flatMap((thread) => readIfThere(`/proc/self/task/${thread}/children`).split(' '));
  return pids
    .filter((pid) => pid !== '' && readIfThere(`/proc/${pid}/cmdline`).includes('sandbox-process'))
    .map((pid) => Number(/^VmRSS:\s+(\d+) kB$/m.exec(readIfThere(`/proc/${pid}/status`))?.[1] ?? 0) * 1_024);
}

/** Threads and processes end while they are looked at. */
function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/** Memory when nothing is left to collect: resident, and what JavaScript holds, in bytes. */
async function settledMemory(): Promise<{ readonly resident: number; readonly held: number }> {
  for (let turn = 0; turn < 3; turn += 1) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  return { resident: rss, held: heapUsed + external };
}

const shown = (bytes: number): string => `${(bytes / mib).toFixed(0)} MiB`;

describe('hostile plugins', () => {
  it('are at least forty, each by its own name', () => {
    const names = hostilePlugins.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThanOrEqual(40);
  });

  it('are all contained, the next run is unharmed, and memory comes back', { timeout: 120_000 }, async () => {
    const all: Ran[] = [];
    const after: Awaited<ReturnType<typeof settledMemory>>[] = [];
    const peak = { process: 0, sandbox: 0 };
    const before = await settledMemory();
    const watch = setInterval(() => {
      peak.process = Math.max(peak.process, process.memoryUsage.rss());
      peak.sandbox = Math.max(peak.sandbox, ...sandboxMemory());
    }, 50);
    for (let round = 0; round < 3; round += 1) {
      all.push(...(await (round === 0 ? runAllAndAfter() : runAll())));
      after.push(await settledMemory());
    }
    clearInterval(watch);

    const slowest = all.reduce((one, other) => (other.milliseconds > one.milliseconds ? other : one));
    const ends = Object.entries(Object.groupBy(all, ({ ended }) => ended));
    console.log(
      [
        `${hostilePlugins.length} hostile plugins, ${after.length} times, ${parallel} at once, all contained:`,
        ...ends.map(([ended, list]) => `  ${ended}: ${list?.length ?? 0}`),
        `slowest ${Math.round(slowest.milliseconds)} ms (${slowest.name})`,
        `largest engine ${shown(Math.max(...all.map(({ memoryBytes }) => memoryBytes)))}`,
        `largest process of a sandbox ${shown(peak.sandbox)}`,
        `this process ${shown(before.resident)} before, ${shown(peak.process)} at its peak`,
        `  after each round ${after.map(({ resident, held }) => `${shown(resident)} (held ${shown(held)})`).join(', ')}`,
      ].join('\n'),
    );
    // The wall, and what a busy machine takes to see it.
    expect(slowest.milliseconds).toBeLessThan(realLimits.wallMilliseconds + 2_000);
    const [first, , last] = after;
    if (first === undefined || last === undefined) throw new Error('there were three rounds');
    // Nothing is kept from round to round; what the allocator keeps for later does not add up.
    expect(last.held - first.held).toBeLessThan(8 * mib);
    expect(last.resident - first.resident).toBeLessThan(64 * mib);
    expect(peak.process - before.resident).toBeLessThan(128 * mib);
    // The engine and the heap beside it are bounded; what Node itself takes is not ours.
    expect(peak.sandbox).toBeGreaterThan(32 * mib);
    expect(peak.sandbox).toBeLessThan((36 + 64 + 100) * mib);
    expect(sandboxMemory()).toEqual([]);
  });

  it('are contained at the limits that plugins have', { timeout: 60_000 }, async () => {
    const chosen = hostilePlugins.filter(({ name }) => costliest.includes(name));
    expect(chosen).toHaveLength(costliest.length);
    const ran = await Promise.all(
      chosen.map(async (plugin) => ({ plugin, outcome: await runner.run(callOf(plugin.code), never) })),
    );
    for (const { plugin, outcome } of ran) {
      expect({ plugin: plugin.name, contained: isContained(plugin, outcome) }).toMatchObject({ contained: true });
      expectBounded(outcome);
      expect(outcome.cpuMilliseconds).toBeLessThan(realLimits.cpuMilliseconds + 1_500);
      expect(outcome.milliseconds).toBeLessThan(realLimits.wallMilliseconds + 2_000);
    }
    console.log(
      ran
        .map(({ plugin, outcome: { milliseconds, cpuMilliseconds, memoryBytes } }) =>
          [
            `${plugin.name}: ${Math.round(milliseconds)} ms, ${Math.round(cpuMilliseconds)} ms of a processor,`,
            `${(memoryBytes / mib).toFixed(1)} MiB`,
          ].join(' '),
        )
        .join('\n'),
    );
  });
});
