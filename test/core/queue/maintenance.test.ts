import { describe, expect, it, onTestFinished } from 'vitest';
import { beginMaintenance, endMaintenance } from '../../../core/maintenance/maintenance.ts';
import type { Installation } from '../../../core/tenancy/installation.ts';
import { handle } from '../../../functions/events/dispatch-builds/dispatch-builds.ts';
import { openQueue } from './queue-under-test.ts';

function open(limits: Partial<Installation>) {
  const queue = openQueue(limits);
  onTestFinished(() => queue.close());
  return queue;
}

describe('maintenance', () => {
  const actor = { tenantId: 'ten_1', memberId: 'mem_1', keyId: 'key_1', requestId: 'req_1' };

  it('starts nothing more of what a call had begun with, and all of it afterwards', async () => {
    const queue = open({ concurrentBuilds: 10, launchRate: { perSecond: 1, burst: 2 } });
    for (let number = 0; number < 6; number += 1) await queue.queued('ten_1');
    // The first two start at once; the call waits for each further token.
    let waits = 0;
    const clock: typeof queue.ports.clock = {
      now: () => queue.clock.now(),
      sleep: async (milliseconds, signal) => {
        waits += 1;
        if (waits === 2) await beginMaintenance(queue.ports, actor, { reason: 'the disk is exchanged' });
        await queue.clock.sleep(milliseconds, signal);
      },
    };
    await handle({ ...queue.ports, clock }, {});
    expect(queue.executions).toHaveLength(3);
    await endMaintenance(queue.ports, actor);
    await queue.dispatch();
    expect(queue.executions).toHaveLength(6);
  });

  it('that begins between the decision and the start has the start fail', async () => {
    const queue = open({ concurrentBuilds: 10 });
    await queue.queued('ten_1');
    let begun = false;
    const table: typeof queue.table = {
      get: (key) => queue.table.get(key),
      query: (query) => queue.table.query(query),
      transact: async (writes) => {
        if (!begun) {
          begun = true;
          await beginMaintenance(queue.ports, actor, { reason: 'the disk is exchanged' });
        }
        return queue.table.transact(writes);
      },
    };
    await handle({ ...queue.ports, table }, {});
    expect([begun, queue.executions]).toEqual([true, []]);
  });
});
