import { describe, expect, it } from 'vitest';
import { createPluginRunner } from '../../../adapters/quickjs/plugin-runner.ts';
import type { PluginCall } from '../../../core/ports/plugin-runner.ts';
import { callOf, limited } from './plugin-calls.ts';

const runner = createPluginRunner({ parallel: 2 });
const never = new AbortController().signal;
const run = (code: string, given: Partial<PluginCall> = {}) => runner.run(callOf(code, given), never);
const outputOf = async (text: string, given: Partial<PluginCall> = {}) => {
  const outcome = await run(`export function transformSpec({ spec }) { ${text} }`, given);
  return outcome.ok ? outcome.output : { failed: outcome.code, reason: outcome.reason };
};

describe('a plugin', () => {
  it('is given JSON and returns JSON, in a promise or not', async () => {
    const input = { spec: { name: 'ä\u0000"\\\ud83d\ude00', list: [1, -0.5, 1e21, null, true, {}] } };
    for (const word of ['function', 'async function']) {
      const code = `export ${word} transformSpec(input) { return input; }`;
      expect(await run(code, { input })).toMatchObject({ ok: true, output: input });
    }
    const code = 'const later = async (v) => v; export const transformSpec = ({ spec }) => later({ spec, n: 1 });';
    expect(await run(code)).toMatchObject({ ok: true, output: { spec: { name: 'one' }, n: 1 } });
  });

  it('may return nothing', async () => {
    expect(await run('export function transformSpec() {}')).toMatchObject({ ok: true, output: null });
    expect(await outputOf('return { a: undefined, b: () => 1, c: new Date(0), d: NaN, e: [undefined] };')).toEqual({
      ...{ c: '1970-01-01T00:00:00.000Z', d: null, e: [null] },
    });
  });

  it('is loaded anew for each run', async () => {
    const code = 'let runs = 0; export function transformSpec() { globalThis.seen ??= 0; return [++runs, ++seen]; }';
    for (let turn = 0; turn < 3; turn += 1) expect(await run(code)).toMatchObject({ output: [1, 1] });
  });

  it('may wait while it is loaded', async () => {
    const code = 'const one = await Promise.resolve(1); export const transformSpec = () => one;';
    expect(await run(code)).toMatchObject({ ok: true, output: 1 });
  });

  it('tells its hooks, where none is called', async () => {
    const code =
      'export function onEvent() { throw 1; } export const planPolicy = async () => {}, transformSpec = 1, other = () => 1;';
    const { hook: _, ...call } = callOf(code);
    const outcome = await runner.run(call, never);
    expect(outcome.ok && outcome.output).toEqual(['onEvent', 'other', 'planPolicy']);
  });

  it.each([
    ['no module', 'export function (', 'plugin.syntax'],
    ['a module that imports', 'import fs from "node:fs"; export const transformSpec = () => fs;', 'plugin.syntax'],
    ['a module that exports again', 'export * from "./other.js";', 'plugin.syntax'],
    ['another hook', 'export function onEvent() {}', 'plugin.hook_missing'],
    ['a hook that is none', 'export const transformSpec = 1;', 'plugin.hook_missing'],
    [
      'code that throws as it is loaded',
      'throw new TypeError("early"); export const transformSpec = 1;',
      'plugin.threw',
    ],
    ['code that throws', 'export function transformSpec() { null.x; }', 'plugin.threw'],
    [
      'a promise that is rejected',
      'export const transformSpec = () => Promise.reject(new Error("no"));',
      'plugin.threw',
    ],
    ['too long', `export const transformSpec = "${'x'.repeat(262_144)}";`, 'plugin.code_too_large'],
  ])('fails as %s', async (_, code, failure) => {
    const outcome = await run(code);
    expect(outcome).toMatchObject({ ok: false, code: failure, reason: expect.stringMatching(/./) });
  });

  it('is told what was thrown, and where', async () => {
    const outcome = await run(
      'function inner() { throw new RangeError("too far"); }\nexport const transformSpec = () => inner();',
    );
    expect(outcome).toMatchObject({ ok: false, code: 'plugin.threw', reason: 'RangeError: too far' });
    expect(outcome.log.lines.map(({ text }) => text).join('\n')).toMatch(/inner.*plugin\.js:1[\s\S]*plugin\.js:2/);
    expect(outcome.log.lines.map(({ text }) => text).join('\n')).not.toContain('engine.js');
  });

  it('is not asked about what is too large', async () => {
    const outcome = await run('export const transformSpec = (i) => i;', { input: 'x'.repeat(1_048_577) });
    expect(outcome).toMatchObject({ ok: false, code: 'plugin.input_too_large' });
  });

  it('says what it took', async () => {
    const outcome = await run('export function transformSpec() { let n = 0; while (n < 1e6) n++; return n; }');
    expect(outcome.ok).toBe(true);
    expect(outcome.cpuMilliseconds).toBeGreaterThan(1);
    expect(outcome.milliseconds).toBeGreaterThanOrEqual(outcome.cpuMilliseconds);
    expect(outcome.memoryBytes).toBeGreaterThan(1_000_000);
    expect(outcome.memoryBytes).toBeLessThan(8_000_000);
  });
});

describe('the log', () => {
  it('is told line by line, whatever is logged', async () => {
    const outcome = await run(`export function transformSpec() {
      console.log('one', 1, { a: [1] }, null, undefined, true, 2n, Symbol('s'), () => 1);
      console.debug(); console.info('two\\nthree'); console.warn(new Error('four').message); console.error({ get a() { throw 1; } });
      return 1;
    }`);
    expect(outcome.log).toEqual({
      truncated: false,
      lines: [
        { level: 'log', text: 'one 1 {"a":[1]} null undefined true 2 Symbol(s) () => 1' },
        { level: 'debug', text: '' },
        { level: 'info', text: 'two' },
        { level: 'info', text: 'three' },
        { level: 'warn', text: 'four' },
        { level: 'error', text: '(a value that cannot be shown)' },
      ],
    });
  });

  it('holds nothing that a terminal would act on', async () => {
    const outcome = await run(String.raw`export function transformSpec() {
      console.log('\u001b[31mred\u001b[0m\u001b]0;title\u0007\u009b2J\u202eevil\u0000\u0008\ud800');
    }`);
    expect(outcome.log.lines).toEqual([{ level: 'log', text: 'red2Jevil\ufffd' }]);
  });

  it('is there of a run that was ended', async () => {
    const outcome = await runner.run(
      limited('export function transformSpec() { console.log("so far"); for (;;) {} }', { cpuMilliseconds: 100 }),
      never,
    );
    expect(outcome).toMatchObject({ ok: false, code: 'plugin.timeout', log: { lines: [{ text: 'so far' }] } });
  });
});

describe('time and chance', () => {
  const clock = '2026-11-28T12:34:56.789Z';
  const granted = { grants: { clock, randomSeed: 'bld_1', fetchHosts: [] } };

  it.each([
    ['Date.now()', 'clock'],
    ['new Date()', 'clock'],
    ['Date()', 'clock'],
    ['new (class extends Date {})()', 'clock'],
    ['Reflect.construct(Date, [])', 'clock'],
    ['new (new Date(0).constructor)()', 'clock'],
    ['Date.prototype.constructor.now()', 'clock'],
    ['performance.now()', 'clock'],
    ['Math.random()', 'random'],
    ['await fetch("https://example.com/")', 'fetch'],
  ])('%s throws, and names what is not granted', async (expression, want) => {
    const code = `export async function transformSpec() { return ${expression}; }`;
    expect(await run(code)).toMatchObject({
      ...{ ok: false, code: 'plugin.not_granted', reason: expect.stringContaining(`wants.${want}`) },
    });
  });

  it('leaves what needs no time', async () => {
    const text = `return [new Date(1e12).toISOString(), Date.UTC(2026, 0), Date.parse('2026-01-02T03:04:05Z'),
      new Date('2026-11-28T00:00:00').getHours(), new Date(0).getTimezoneOffset(), new Date(0) instanceof Date,
      Object.prototype.toString.call(new Date(0)), Math.max(1, 2)];`;
    expect(await outputOf(text)).toEqual([
      ...['2001-09-09T01:46:40.000Z', 1_767_225_600_000, 1_767_323_045_000, 0, 0, true, '[object Date]', 2],
    ]);
  });

  it('has the time of the call stand still', async () => {
    const text = `const first = Date.now(); let n = 0; while (n < 1e6) n++;
      return [first, Date.now() - first, new Date().toISOString(), performance.timeOrigin, performance.now(), String(Date())];`;
    const at = Date.parse(clock);
    expect(await outputOf(text, granted)).toEqual([at, 0, clock, at, 0, expect.stringContaining('12:34:56 GMT+0000')]);
  });

  it('has numbers that a seed decides, spread as they should be', async () => {
    const text = 'return Array.from({ length: 2000 }, () => Math.random());';
    const [one, again] = [await outputOf(text, granted), await outputOf(text, granted)];
    const other = await outputOf(text, { grants: { ...granted.grants, randomSeed: 'bld_2' } });
    expect(again).toEqual(one);
    expect(other).not.toEqual(one);
    const numbers = Array.isArray(one) ? one.map(Number) : [];
    expect(numbers).toHaveLength(2_000);
    expect(new Set(numbers).size).toBe(2_000);
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...numbers)).toBeLessThan(1);
    const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
    // Four standard deviations of the mean of so many.
    expect(Math.abs(mean - 0.5)).toBeLessThan((4 * Math.sqrt(1 / 12)) / Math.sqrt(2_000));
  });

  it('makes equal results of equal calls', async () => {
    const text = `const seen = new Set(); for (const name of Object.getOwnPropertyNames(globalThis)) seen.add(name);
      return { spec: { seen: [...seen], at: Date.now(), chance: Math.random(), order: Object.keys({ b: 1, a: 2, 1: 3 }) } };`;
    const all = await Promise.all([1, 2, 3].map(() => outputOf(text, granted)));
    expect(all[1]).toEqual(all[0]);
    expect(all[2]).toEqual(all[0]);
  });
});

describe('a run', () => {
  it('is given up with its signal', async () => {
    const stop = new AbortController();
    const started = performance.now();
    const ended = runner.run(callOf('export function transformSpec() { for (;;) {} }'), stop.signal);
    setTimeout(() => stop.abort(new Error('stopped')), 150);
    await expect(ended).rejects.toThrow('stopped');
    expect(performance.now() - started).toBeLessThan(1_900);
    await expect(runner.run(callOf(''), AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
  });

  it('waits for its turn, and leaves it when it is given up', async () => {
    const one = createPluginRunner({ parallel: 1 });
    const slow = limited('export function transformSpec() { for (;;) {} }', { cpuMilliseconds: 300 });
    const first = one.run(slow, never);
    const stop = new AbortController();
    const second = one.run(callOf('export const transformSpec = () => 2;'), stop.signal);
    const third = one.run(callOf('export const transformSpec = () => 3;'), never);
    stop.abort(new Error('left'));
    await expect(second).rejects.toThrow('left');
    expect(await first).toMatchObject({ ok: false, code: 'plugin.timeout' });
    expect(await third).toMatchObject({ ok: true, output: 3 });
    expect(await one.run(callOf('export const transformSpec = () => 4;'), never)).toMatchObject({ output: 4 });
  });

  it('ends at the wall though it takes no processor time', async () => {
    const call = {
      ...limited('export const transformSpec = () => fetch("https://a.example.test/");', { wallMilliseconds: 2_000 }),
    };
    const deaf = createPluginRunner({ resolve: () => undefined });
    const outcome = await deaf.run({ ...call, grants: { fetchHosts: ['a.example.test'] } }, never);
    expect(outcome).toMatchObject({ ok: false, code: 'plugin.timeout', fetches: [{ host: 'a.example.test' }] });
    expect(outcome.milliseconds).toBeLessThan(4_000);
  });

  it('leaves its stack to the engine, whose overflow code can catch', async () => {
    const text = `const f = (n) => f(n + 1) + 1; try { f(0); } catch (error) { return [error.name, error.message]; }`;
    expect(await outputOf(text)).toEqual(['RangeError', 'Maximum call stack size exceeded']);
    // What is promised of it: a thousand calls.
    expect(await outputOf('const f = (n) => (n === 0 ? 0 : f(n - 1) + 1); return f(1000);')).toBe(1_000);
  });
});
