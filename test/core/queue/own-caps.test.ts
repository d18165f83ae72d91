import { expect, it, onTestFinished } from 'vitest';
import { toJsonObject } from '../../../core/json.ts';
import { readOutlook } from '../../../core/queue/queue-outlook.ts';
import type { QuotaSetting } from '../../../core/quota/owner-quotas.ts';
import { ownerOfTeam, settingPlace } from '../../../core/quota/places.ts';
import type { Installation } from '../../../core/tenancy/installation.ts';
import { openQueue, type QueueUnderTest } from './queue-under-test.ts';

function open(limits: Partial<Installation> = {}): QueueUnderTest {
  const queue = openQueue(limits);
  onTestFinished(() => queue.close());
  return queue;
}

async function give(queue: QueueUnderTest, owner: string, setting: Omit<QuotaSetting, 'changedAt'>): Promise<void> {
  const data = toJsonObject({ ...setting, changedAt: queue.clock.now().toISOString() });
  await queue.table.transact([{ kind: 'put', key: settingPlace(owner), data }]);
}

const some = async (queue: QueueUnderTest, count: number, ...rest: Parameters<QueueUnderTest['queued']>) => {
  const ids: string[] = [];
  for (let number = 0; number < count; number += 1) ids.push(await queue.queued(...rest));
  return ids;
};

it('a tenant at the cap of its tier waits in the queue, and holds up nobody', async () => {
  const queue = open({ concurrentBuilds: 6, concurrentBuildsPerTenant: 5 });
  await give(queue, 'ten_free', { tier: 'free', overrides: {} });
  await give(queue, 'ten_own', { tier: 'free', overrides: { concurrentBuilds: 2 } });
  const [first = ''] = await some(queue, 4, 'ten_free');
  await some(queue, 4, 'ten_own');
  await some(queue, 4, 'ten_other');
  await Promise.all(Array.from({ length: 3 }, () => queue.dispatch()));
  const running = () => Promise.all(['ten_free', 'ten_own', 'ten_other'].map((name) => queue.running(name)));
  expect(await running()).toEqual([1, 2, 3]);
  queue.clock.pass(600_000);
  await queue.end(first);
  await queue.dispatch();
  expect(await running()).toEqual([1, 2, 3]);
  expect(queue.executions).toHaveLength(7);
});

it('a larger tier than the installation allows gives no more than that', async () => {
  const queue = open({ concurrentBuilds: 6, concurrentBuildsPerTenant: 2 });
  await give(queue, 'ten_1', { tier: 'business', overrides: {} });
  await some(queue, 4, 'ten_1');
  await queue.dispatch();
  expect(await queue.running('ten_1')).toBe(2);
});

it('the tier of the installation bounds who was given none', async () => {
  const queue = open({ concurrentBuilds: 6, concurrentBuildsPerTenant: 6, defaultTier: 'free' });
  await some(queue, 3, 'ten_1');
  await some(queue, 3, 'ten_2');
  await queue.dispatch();
  expect(queue.executions).toHaveLength(2);
});

it('a team at its cap waits, while its tenant goes on; each build gives back what it took', async () => {
  const queue = open();
  const teamId = `team_${'0'.repeat(26)}`;
  await give(queue, ownerOfTeam('ten_1', teamId), { overrides: { concurrentBuilds: 1 } });
  const ids = await some(queue, 3, 'ten_1', { teamId });
  await some(queue, 2, 'ten_1');
  await queue.dispatch();
  expect([await queue.running('ten_1'), await queue.running(`ten_1#team#${teamId}`)]).toEqual([3, 1]);
  // Its cap is lifted: what it took is given back all the same.
  await give(queue, ownerOfTeam('ten_1', teamId), { overrides: {} });
  for (const id of ids.filter((one) => queue.executions.includes(one))) await queue.end(id);
  expect(await queue.running(`ten_1#team#${teamId}`)).toBe(0);
});

it('who is told when their build starts is told by these caps', async () => {
  const queue = open();
  await give(queue, 'ten_1', { tier: 'free', overrides: {} });
  const ids = await some(queue, 3, 'ten_1', { seconds: 600 });
  const { at, builds } = await readOutlook(queue.ports);
  const minutes = ids.map((id) => Math.round(((builds.get(id)?.startsAt ?? Number.NaN) - at) / 60_000));
  expect(minutes).toEqual([0, 10, 20]);
});
