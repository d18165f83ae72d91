import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteTable, type SqliteTable } from '../../../adapters/sqlite/sqlite-table.ts';
import { digestOf } from '../../../core/digest.ts';
import { EngineError } from '../../../core/errors.ts';
import { createOnce, type Remember } from '../../../core/tenancy/idempotency.ts';
import { ManualClock } from '../../contract/blobs/manual-clock.ts';

let clock: ManualClock;
let table: SqliteTable;
let made: number;
beforeEach(() => {
  clock = new ManualClock(new Date('2026-11-26T00:00:00Z'));
  table = openSqliteTable({ file: ':memory:', clock });
  made = 0;
});
afterEach(() => table.close());

const thing = (id: string) => ({ partition: 'THINGS', sort: id });

/** A call that makes a thing; `before` runs while it is under way. */
function call(body: string, before: () => Promise<void> = async () => undefined, key: string | undefined = 'key') {
  return createOnce(
    { table, clock },
    { tenantId: 'ten_1', key, digest: digestOf(body) },
    async (remember: Remember) => {
      made += 1;
      const id = `thing-${made}`;
      await before();
      await table.transact([
        { kind: 'put', key: thing(id), data: { body }, condition: { kind: 'absent' } },
        ...remember(id),
      ]);
      return id;
    },
    async (id) => id,
  );
}

const things = async () => (await table.query({ partition: 'THINGS', limit: 100 })).records.map(({ key }) => key.sort);
const refusal = async (promise: Promise<unknown>): Promise<EngineError> => {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof EngineError) return error;
  throw new Error('it was not refused', { cause: error });
};

describe('an Idempotency-Key', () => {
  it('answers what the first call made, for a day', async () => {
    expect(await call('a')).toEqual({ made: 'thing-1', created: true });
    clock.advance(86_399_000);
    expect(await call('a')).toEqual({ made: 'thing-1', created: false });
    clock.advance(1_000);
    expect(await call('a')).toEqual({ made: 'thing-2', created: true });
    expect(await things()).toEqual(['thing-1', 'thing-2']);
  });

  it('is refused while the first call runs, and with another request at any time', async () => {
    await call('a', async () => {
      const running = await refusal(call('a'));
      expect([running.status, running.code, running.retryAfterSeconds]).toEqual([409, 'idempotency.in_progress', 2]);
      expect((await refusal(call('b'))).code).toBe('idempotency.mismatch');
    });
    expect((await refusal(call('b'))).code).toBe('idempotency.mismatch');
    expect(await things()).toEqual(['thing-1']);
  });

  it('is free again at once where the first call was refused', async () => {
    const failure = new Error('no room');
    await expect(call('a', () => Promise.reject(failure))).rejects.toBe(failure);
    expect(await call('b')).toEqual({ made: 'thing-2', created: true });
  });

  it('is taken over from a call that never ended, which then makes nothing', async () => {
    const first = call('a', async () => {
      clock.advance(34_999);
      expect((await refusal(call('a'))).code).toBe('idempotency.in_progress');
      clock.advance(1);
      expect(await call('a')).toEqual({ made: 'thing-2', created: true });
    });
    // It comes too late, and answers what the other has made.
    expect(await first).toEqual({ made: 'thing-2', created: false });
    expect(await things()).toEqual(['thing-2']);
  });

  it('costs one write more than a call without one', async () => {
    let writes = 0;
    const counted = { ...{ get: table.get.bind(table), query: table.query.bind(table) } };
    const counting = {
      ...counted,
      transact: (list: Parameters<typeof table.transact>[0]) => {
        writes += 1;
        return table.transact(list);
      },
    };
    for (const [key, expected] of [
      [undefined, 1],
      ['key', 2],
    ] as const) {
      writes = 0;
      const request = { tenantId: 'ten_1', key, digest: digestOf('a') };
      const create = (remember: Remember) =>
        counting.transact([{ kind: 'put', key: thing(String(key)), data: {} }, ...remember('x')]);
      await createOnce({ table: counting, clock }, request, create, async () => undefined);
      expect(writes).toBe(expected);
    }
  });

  it('makes one thing of however many calls at once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(3), { minLength: 2, maxLength: 12 }), fc.uuid(), async (pauses, key) => {
        const calls = pauses.map((pause) =>
          call(
            'a',
            async () => {
              for (let count = 0; count < pause; count += 1) await new Promise((resolve) => setImmediate(resolve));
            },
            key,
          ),
        );
        const answers = await Promise.allSettled(calls);
        const values = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
        for (const answer of answers) {
          if (answer.status === 'rejected') expect(answer.reason).toMatchObject({ code: 'idempotency.in_progress' });
        }
        expect(values.filter(({ created }) => created)).toHaveLength(1);
        expect(new Set(values.map((value) => value.made)).size).toBe(1);
        expect((await call('a', undefined, key)).created).toBe(false);
      }),
      { numRuns: 200 },
    );
  });
});
