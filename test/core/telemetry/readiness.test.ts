import { describe, expect, it } from 'vitest';
import { EngineError } from '../../../core/errors.ts';
import { type Dependency, readReadiness } from '../../../core/telemetry/readiness.ts';

/** Ports of which some dependencies fail or never answer; `sleep` ends at once, so that never is soon. */
function portsWith(broken: Partial<Record<Dependency, 'fails' | 'hangs'>>): Parameters<typeof readReadiness>[0] {
  const answer = <Value>(name: Dependency, value: Value): Promise<Value> => {
    if (broken[name] === 'hangs') return new Promise(() => {});
    return broken[name] === 'fails' ? Promise.reject(new Error('secret words of a vendor')) : Promise.resolve(value);
  };
  const unused = (): never => {
    throw new Error('nobody asks this');
  };
  return {
    table: { get: () => answer('table', undefined), query: unused, transact: unused } as never,
    blobs: { head: () => answer('store', undefined) } as never,
    signer: { key: () => answer('signing-key', { keyId: 'k', publicKey: 'p' }), sign: unused },
    clock: {
      now: () => new Date(0),
      sleep: (_, signal) =>
        new Promise((resolve) => {
          const timer = setTimeout(resolve, 20);
          signal?.addEventListener('abort', () => {
            clearTimeout(timer);
            resolve();
          });
        }),
    },
  };
}

describe('readiness', () => {
  it('asks each dependency once, and tells how long it took', async () => {
    expect(await readReadiness(portsWith({}))).toEqual([
      { name: 'table', milliseconds: 0 },
      { name: 'store', milliseconds: 0 },
      { name: 'signing-key', milliseconds: 0 },
    ]);
  });

  it('names all that fail or do not answer in time, and repeats no words of theirs', async () => {
    const failure = await readReadiness(portsWith({ table: 'hangs', 'signing-key': 'fails' })).catch((error) => error);
    expect(failure).toBeInstanceOf(EngineError);
    expect(failure).toMatchObject({
      code: 'service.unavailable',
      fields: [
        { path: 'table', code: 'dependency.away', reason: 'it has not answered for 2000 ms' },
        { path: 'signing-key', code: 'dependency.away', reason: 'it answers with a failure' },
      ],
    });
    expect(JSON.stringify(failure)).not.toContain('vendor');
  });
});
