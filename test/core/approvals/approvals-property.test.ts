import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createIds } from '../../../adapters/system/ids.ts';
import { MemoryTable } from '../../../bench/simulation/memory-table.ts';
import { type Act, ApprovalsModel } from './approvals-model.ts';

const people = fc.nat({ max: 4 });
const build = fc.nat({ max: 9 });
const acts: fc.Arbitrary<Act> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('submit' as const), by: people, spec: fc.nat({ max: 2 }) }) },
  {
    weight: 10,
    arbitrary: fc.record({
      ...{ do: fc.constant('approve' as const), by: people, build },
      stale: fc.integer({ min: 0, max: 9 }).map((one) => one === 0),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('withdraw' as const), by: people, build }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reject' as const), by: people, build }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('suspend', 'restore', 'demote', 'promote'), who: people }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      ...{ do: fc.constant('policy' as const), which: fc.nat({ max: 1 }) },
      ...{ quorum: fc.integer({ min: 1, max: 3 }), hours: fc.constantFrom(2, 8) },
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('unset' as const), which: fc.nat({ max: 1 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('wait' as const), hours: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('sweep' as const) }) },
);

describe('approvals', () => {
  it('queue a build exactly where its quorum of others approves its very spec under the very policies', async () => {
    const ended = { queued: 0, rejected: 0, waiting: 0 };
    await fc.assert(
      fc.asyncProperty(
        fc.array(acts, { minLength: 8, maxLength: 24 }),
        fc.integer({ min: 1, max: 3 }),
        async (all, quorum) => {
          let salt = 0;
          const model = new ApprovalsModel((now) => {
            const clock = { now, sleep: async () => undefined };
            const random = (bytes: number) => {
              salt += 1;
              const filled = new Uint8Array(bytes);
              new DataView(filled.buffer).setUint32(bytes - 4, salt);
              return filled;
            };
            return { table: new MemoryTable(), clock, ids: createIds(clock, random) };
          });
          await model.open(5);
          await model.act({ do: 'policy', which: 0, quorum, hours: 8 });
          for (const act of all) {
            await model.act(act);
            await model.check();
          }
          for (const state of ['queued', 'rejected', 'waiting'] as const) ended[state] += model.ended[state];
        },
      ),
      { numRuns: 1_000 },
    );
    // The runs are worth something: builds of each kind came up often.
    for (const count of Object.values(ended)) expect(count).toBeGreaterThan(200);
  }, 240_000);
});
