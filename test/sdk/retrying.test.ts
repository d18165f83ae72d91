import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { operations } from '../../functions/api/operations.ts';
import { ApiProblem, EngineUnreachable, isApiProblem } from '../../sdk/engine-error.ts';
import { idempotentOperations, repeatableOperations } from '../../sdk/generated/idempotent.gen.ts';
import { retryAfterSeconds } from '../../sdk/retrying.ts';
import { backoff, longestBackoff, sleep } from '../../sdk/waiting.ts';
import { problem, type Scripted, type ScriptedEngine, startScriptedEngine } from './scripted-engine.ts';

let engine: ScriptedEngine;
beforeAll(async () => {
  engine = await startScriptedEngine();
});
afterAll(() => engine?.close());
beforeEach(() => {
  engine.requests.length = 0;
});

const list: Scripted = { status: 200, body: { builds: [] } };
const build: Scripted = { status: 201, body: { id: 'bld_1' } };
const unavailable = problem(503, 'service.unavailable', { 'retry-after': '1' });
const spec = { text: '{}', mediaType: 'application/json' } as const;
const keys = () => engine.requests.map(({ headers }) => headers['idempotency-key']);
/** Milliseconds between one request and the next. */
const pauses = () => engine.requests.slice(1).map(({ at }, before) => at - (engine.requests[before]?.at ?? 0));

describe('a call that failed for now', () => {
  it.each<[string, Scripted]>([
    ['503 with a problem', problem(503, 'service.unavailable')],
    ['503 of what stands before the engine', { status: 503, body: { message: 'Service Unavailable' } }],
    ['500', problem(500, 'internal.error')],
    ['502', { status: 502 }],
    ['504', { status: 504 }],
    ['429 of what stands before the engine', { status: 429, body: { message: 'Too Many Requests' } }],
    ['a connection that is cut', 'cut'],
    ['a connection that is cut within the answer', 'cut within'],
  ])('is repeated after %s', async (_, failure) => {
    engine.answers = [failure, list];
    expect(await engine.client().builds.list().page()).toEqual({ builds: [] });
    expect(engine.requests).toHaveLength(2);
    expect(pauses()[0]).toBeGreaterThanOrEqual(249);
  });

  it('is repeated when the engine said, not before', async () => {
    engine.answers = [problem(429, 'request.rate_limited', { 'retry-after': '2' }), unavailable, list];
    await engine.client().builds.list().page();
    const [first = 0, second = 0] = pauses();
    expect([Math.floor(first / 1_000), Math.floor(second / 1_000)]).toEqual([2, 1]);
  });

  it('is not repeated where the engine asks for more than a minute, and says how long', async () => {
    engine.answers = [problem(429, 'quota.exceeded', { 'retry-after': '61' }), list];
    const error = await engine
      .client()
      .startBuild(spec)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'quota.exceeded', status: 429, retryAfterSeconds: 61 });
    expect(engine.requests).toHaveLength(1);
  });

  it.each<[string, Scripted]>([
    ['a refusal', problem(403, 'access.forbidden')],
    ['a quota that time does not free', problem(429, 'quota.exceeded')],
    ['maintenance, which lasts', problem(503, 'service.maintenance', { 'retry-after': '1' })],
    ['501', { status: 501 }],
  ])('is not repeated after %s', async (_, failure) => {
    engine.answers = [failure, build];
    await expect(engine.client().startBuild(spec)).rejects.toThrow();
    expect(engine.requests).toHaveLength(1);
  });

  it('gives up after so many tries, and says why', async () => {
    engine.answers = ['cut'];
    const two = engine.client({ maxRetries: 1 });
    await expect(two.builds.list().page()).rejects.toThrow(EngineUnreachable);
    expect(engine.requests).toHaveLength(2);
    await expect(two.builds.list({}, { maxRetries: 0 }).page()).rejects.toThrow(EngineUnreachable);
    expect(engine.requests).toHaveLength(3);
    engine.answers = [unavailable];
    const refused = await two.builds
      .list({}, { maxRetries: 0 })
      .page()
      .catch((thrown: unknown) => thrown);
    expect([isApiProblem(refused, 'service.unavailable'), isApiProblem(refused, 'build.not_found')]).toEqual([
      true,
      false,
    ]);
    expect(refused).toBeInstanceOf(ApiProblem);
  });

  it('counts as failed where no whole answer comes in time', async () => {
    engine.answers = ['silent', list];
    expect(await engine.client({ timeoutMilliseconds: 200 }).builds.list().page()).toEqual({ builds: [] });
    engine.answers = ['silent'];
    const impatient = engine.client({ timeoutMilliseconds: 100, maxRetries: 0 });
    await expect(impatient.builds.list().page()).rejects.toThrow('no whole answer came within 100 ms');
  });
});

describe('what is safe to do twice', () => {
  it('is what has an Idempotency-Key, the same in each try', async () => {
    engine.answers = ['cut', problem(503, 'service.unavailable'), 'cut within', build];
    expect(await engine.client().startBuild(spec)).toEqual({ id: 'bld_1' });
    expect(keys()).toEqual(Array(4).fill(expect.stringMatching(/^[0-9a-f]{32}$/)));
    expect(new Set(keys()).size).toBe(1);
    expect(new Set(engine.requests.map(({ body }) => body))).toEqual(new Set(['{}']));
  });

  it('has another key for each call, and the one that is given', async () => {
    engine.answers = [build];
    const client = engine.client();
    await client.startBuild(spec);
    await client.startBuild(spec);
    await client.startBuild(spec, { idempotencyKey: 'mine' });
    const [first, second, third] = keys();
    expect(first).not.toBe(second);
    expect(third).toBe('mine');
  });

  it('is not a POST without one: it is asked for once, unless it was not begun', async () => {
    for (const failure of ['cut', problem(503, 'service.unavailable'), { status: 502 }] as const) {
      engine.requests.length = 0;
      engine.answers = [failure, build];
      await expect(engine.client().keys.rotate('key_1', 60)).rejects.toThrow();
      expect([engine.requests.length, keys()]).toEqual([1, [undefined]]);
    }
    engine.requests.length = 0;
    engine.answers = [problem(429, 'request.rate_limited', { 'retry-after': '1' }), build];
    await engine.client().keys.rotate('key_1', 60);
    expect(engine.requests).toHaveLength(2);
  });

  it('is a POST of which the engine says that it changes nothing the second time: to cancel, to validate, to plan', async () => {
    const client = engine.client();
    const calls: readonly (() => Promise<unknown>)[] = [
      () => client.builds.cancel('bld_1'),
      () => client.specs.validate(spec),
      () => client.builds.preview(spec),
    ];
    for (const call of calls) {
      engine.requests.length = 0;
      engine.answers = ['cut', { status: 502 }, build];
      expect(await call()).toEqual({ id: 'bld_1' });
      expect(keys()).toEqual(Array(3).fill(undefined));
    }
    const saying = operations.filter(({ repeatable }) => repeatable === true);
    expect([...repeatableOperations].sort()).toEqual(saying.map((one) => `${one.method} ${one.path}`).sort());
    expect(saying.filter(({ method, idempotent }) => method !== 'POST' || idempotent === true)).toEqual([]);
  });

  it('is PUT and DELETE', async () => {
    engine.answers = ['cut', { status: 200, body: {} }];
    await engine.client().secrets.set('name', 'value');
    expect(engine.requests.map(({ method }) => method)).toEqual(['PUT', 'PUT']);
    engine.requests.length = 0;
    engine.answers = ['cut', { status: 200, body: {} }];
    await engine.client().secrets.remove('name');
    expect(engine.requests.map(({ method }) => method)).toEqual(['DELETE', 'DELETE']);
  });

  it('waits for the first call with the same key', async () => {
    engine.answers = [problem(409, 'idempotency.in_progress', { 'retry-after': '1' }), build];
    expect(await engine.client().startBuild(spec)).toEqual({ id: 'bld_1' });
  });

  it('has a key by itself in every operation that takes one, and in no other', () => {
    const taking = operations.filter(({ idempotent }) => idempotent === true);
    expect([...idempotentOperations].sort()).toEqual(taking.map((one) => `${one.method} ${one.path}`).sort());
    expect(idempotentOperations.size).toBeGreaterThan(10);
  });
});

describe('a call that waits for a build', () => {
  const ended: Scripted = { status: 200, body: { id: 'bld_1', ended: true } };
  const nothing: Scripted = { status: 200, body: { lines: [], cursor: 's1/1/0', complete: true } };

  it.each<[string, Scripted]>([
    ['500', problem(500, 'internal.error')],
    ['502', problem(502, 'service.unavailable')],
    ['502 of what stands before the engine', { status: 502 }],
    ['504', problem(504, 'service.unavailable')],
  ])('goes on after %s', async (_, failure) => {
    engine.answers = [failure, failure, ended];
    expect(await engine.client().waitForBuild('bld_1')).toMatchObject({ ended: true });
    engine.requests.length = 0;
    engine.answers = [failure, failure, nothing];
    for await (const line of engine.client().streamLogs('bld_1')) throw new Error(line.text);
    expect(engine.requests).toHaveLength(3);
  });

  it.each<[string, Scripted]>([
    ['the engine', problem(429, 'request.rate_limited', { 'retry-after': '2' })],
    ['what stands before the engine', { status: 429, headers: { 'retry-after': '2' }, body: { message: 'slow down' } }],
  ])('comes again when %s said, not before', async (_, failure) => {
    engine.answers = [failure, ended];
    await engine.client().waitForBuild('bld_1');
    engine.requests.length = 0;
    engine.answers = [failure, nothing];
    for await (const line of engine.client().streamLogs('bld_1')) throw new Error(line.text);
    expect(pauses().map((pause) => Math.floor(pause / 1_000))).toEqual([2]);
  });

  it('gives up at once where it is to come later than it may wait, and says when that is', async () => {
    engine.answers = [problem(503, 'service.unavailable', { 'retry-after': '30' })];
    const waiting = engine.client().waitForBuild('bld_1', { patienceMilliseconds: 5_000 });
    await expect(waiting).rejects.toMatchObject({ retryAfterSeconds: 30 });
    expect(engine.requests).toHaveLength(1);
  });
});

it('where a download is asks once where the caller wants no more, and says when to come back', async () => {
  engine.answers = [problem(503, 'service.unavailable', { 'retry-after': '30' })];
  const asking = engine.client().builds.artifactAddress('bld_1', 'a.iso', { maxRetries: 0 });
  await expect(asking).rejects.toMatchObject({ code: 'service.unavailable', retryAfterSeconds: 30 });
  expect(engine.requests).toHaveLength(1);
});

describe('an abort', () => {
  it('ends the wait before a repetition, with the signal’s own reason', async () => {
    engine.answers = [problem(503, 'service.unavailable', { 'retry-after': '30' })];
    const stop = new AbortController();
    const began = performance.now();
    setTimeout(() => stop.abort(new Error('enough')), 100);
    await expect(engine.client().builds.list({}, { signal: stop.signal }).page()).rejects.toThrow('enough');
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(engine.requests).toHaveLength(1);
  });

  it('ends a call that is not answered', async () => {
    engine.answers = ['silent'];
    const signal = AbortSignal.timeout(100);
    await expect(engine.client().getStatus('bld_1', { signal })).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  it('that came before lets nothing be asked', async () => {
    engine.answers = [list];
    const signal = AbortSignal.abort(new Error('never'));
    await expect(engine.client().builds.list({}, { signal }).page()).rejects.toThrow('never');
    await expect(sleep(10_000, signal)).rejects.toThrow('never');
    expect(engine.requests).toHaveLength(0);
  });
});

describe('a pause', () => {
  it('is in the upper half of a span that doubles, and ends', () => {
    fc.assert(
      fc.property(fc.nat(2_000), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (failures, random) => {
        const pause = backoff(failures, random);
        const span = Math.min(longestBackoff, 500 * 2 ** failures);
        expect(pause).toBeGreaterThanOrEqual(span / 2);
        expect(pause).toBeLessThanOrEqual(span);
        expect(backoff(failures + 1, random)).toBeGreaterThanOrEqual(pause);
      }),
    );
  });

  it('of a header is never negative, and none where the header says none', () => {
    const now = Date.parse('2026-11-27T06:00:00.000Z');
    fc.assert(
      fc.property(fc.string(), (text) => {
        const seconds = retryAfterSeconds(text, now);
        expect(seconds === undefined || (Number.isInteger(seconds) && seconds >= 0)).toBe(true);
      }),
    );
    expect(retryAfterSeconds('Fri, 27 Nov 2026 06:02:00 GMT', now)).toBe(120);
    expect(retryAfterSeconds('Fri, 27 Nov 2026 05:00:00 GMT', now)).toBe(0);
    for (const text of ['-5', '1e3', 'soon', '', '2026-11-27T06:02:00Z', null, undefined]) {
      expect(retryAfterSeconds(text, now)).toBeUndefined();
    }
  });
});
