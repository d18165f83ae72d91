import { describe, expect, it } from 'vitest';
import { Random } from '../../bench/simulation/random.ts';
import { describedOperations } from './described-operations.ts';
import { fuzz } from './fuzz.ts';
import { judge } from './judge.ts';
import { mutated } from './mutations.ts';
import { Pool } from './pool.ts';
import { type FuzzRequest, makeRequest } from './requests.ts';
import { valueFor } from './values.ts';

/** `npm run test:fuzz` asks ten times as much. */
const requests = 1_000;

const credentials = { main: 'Bearer m', second: 'Bearer s', ticket: 'Bearer t', others: [''] };
const operations = describedOperations();
const operationOf = (id: string) => {
  const operation = operations.find((one) => one.id === id);
  if (operation === undefined) throw new Error(`there is no ${id}`);
  return operation;
};

describe('the engine, asked by its document', () => {
  it(`answers ${requests} requests as the document says, and refuses what it refuses`, {
    timeout: 240_000,
  }, async () => {
    const report = await fuzz({ seed: 11, requests });
    expect(report.findings).toEqual([]);
    expect(report.requests).toBe(requests);
    // It reaches what is behind the first check, and knows what is wrong.
    expect(report.successes.size).toBeGreaterThan(100);
    expect(report.refused).toBeGreaterThan(requests / 10);
  });
});

describe('the requests', () => {
  it('are the same for the same seed, and others for another', () => {
    const made = (seed: number) => {
      const random = new Random(seed);
      const source = { random, pool: new Pool([]) };
      return operations.map((operation) => {
        const { method, target, headers, body } = makeRequest(operation, source, credentials, new Map());
        return [method, target, headers, body === undefined ? '' : new TextDecoder().decode(body)];
      });
    };
    expect(made(1)).toEqual(made(1));
    expect(made(1)).not.toEqual(made(2));
  });

  it('are mostly within the document where nothing was changed in them, and mostly outside where something was', () => {
    const source = { random: new Random(3), pool: new Pool([]) };
    let right = 0;
    let changed = 0;
    let all = 0;
    for (const { body } of operations) {
      if (body === undefined) continue;
      for (let tries = 0; tries < 20; tries += 1) {
        const value = valueFor(body.schema, source);
        all += 1;
        if (body.takes(JSON.parse(JSON.stringify(value))) !== true) continue;
        right += 1;
        if (body.takes(JSON.parse(JSON.stringify(mutated(value, source.random)))) !== true) changed += 1;
      }
    }
    expect(right).toBeGreaterThan(all * 0.6);
    expect(changed).toBeGreaterThan(right * 0.5);
  });
});

describe('the judge', () => {
  const request = (id: string, more: Partial<FuzzRequest> = {}): FuzzRequest => {
    const operation = operationOf(id);
    const base = { operation, method: operation.method, target: operation.path, headers: {}, body: undefined };
    return { ...base, refused: undefined, misses: false, sent: undefined, ...more };
  };
  const good = {
    status: 200,
    headers: { 'content-type': 'application/json', 'x-request-id': 'req_1' },
    body: '{"status":"live"}',
  };
  const problem = (status: number, code: string, more = {}) => ({
    status,
    headers: { 'content-type': 'application/problem+json', 'x-request-id': 'req_1', ...more },
    body: JSON.stringify({
      ...{ type: 'urn:x', title: 'x', status, detail: 'x', code, requestId: 'req_1', errors: [], remedy: 'x' },
    }),
  });

  it.each([
    ['a body outside its schema', request('readLiveness'), { ...good, body: '{"status":"dead"}' }],
    ['a member that is not described', request('readLiveness'), { ...good, body: '{"status":"live","more":1}' }],
    [
      'another media type',
      request('readLiveness'),
      { ...good, headers: { ...good.headers, 'content-type': 'text/plain' } },
    ],
    ['a status that is not described', request('readLiveness'), { ...good, status: 201 }],
    [
      'a header that is not described',
      request('readLiveness'),
      { ...good, headers: { ...good.headers, location: '/x' } },
    ],
    ['success for what the document refuses', request('readLiveness', { refused: 'it is wrong' }), good],
    ['success for another method', request('readLiveness', { misses: true }), good],
    ['5xx, though it is described', request('readLiveness'), problem(500, 'internal.error')],
    ['a code that is not described', request('readLiveness'), problem(400, 'spec.invalid')],
    ['a problem of another status', request('readLiveness'), { ...problem(400, 'request.invalid'), status: 413 }],
    ['another request id', request('readLiveness'), problem(400, 'request.invalid', { 'x-request-id': 'req_2' })],
    ['405 that names no method', request('readLiveness', { misses: true }), problem(405, 'request.method_not_allowed')],
    ['no such operation, where there is one', request('readLiveness'), problem(404, 'request.not_found')],
  ])('finds %s', (_what, asked, answer) => {
    expect(judge(asked, answer)).not.toEqual([]);
  });

  it.each([
    ['what is described', request('readLiveness'), good],
    ['a refusal', request('readLiveness', { refused: 'it is wrong' }), problem(400, 'request.invalid')],
    [
      '405 with the methods',
      request('readLiveness', { misses: true }),
      problem(405, 'request.method_not_allowed', { allow: 'GET' }),
    ],
  ])('lets %s pass', (_what, asked, answer) => {
    expect(judge(asked, answer)).toEqual([]);
  });
});
