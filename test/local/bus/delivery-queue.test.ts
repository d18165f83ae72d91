import { expect, it, onTestFinished } from 'vitest';
import { DeliveryQueue } from '../../../local/bus/delivery-queue.ts';
import { temporaryFile } from '../flow/machine.ts';

const envelope = {
  'detail-type': 'build.submitted',
  source: 'lbuild',
  id: 'evt_1',
  time: '2026-11-27T00:00:00Z',
  detail: {},
};
const delivery = { rule: 'plan', target: 'planBuild', envelope } as const;

it('keeps across a restart what is not done, and nothing else', () => {
  const file = temporaryFile('deliveries.db');
  const before = new DeliveryQueue(file);
  const [first, second, third] = before.add([delivery, delivery, delivery]);
  before.remove(first?.id ?? 0);
  before.remove(third?.id ?? 0);
  before.close();
  const after = new DeliveryQueue(file);
  onTestFinished(() => after.close());
  expect(after.all().map(({ id }) => id)).toEqual([second?.id]);
});

it('takes many that are done out of its file at once, without being told to', () => {
  const queue = new DeliveryQueue(':memory:');
  onTestFinished(() => queue.close());
  const added = queue.add(Array.from({ length: 101 }, () => delivery));
  for (const { id } of added.slice(0, 99)) queue.remove(id);
  expect(queue.all()).toHaveLength(101);
  queue.remove(added[99]?.id ?? 0);
  expect(queue.all().map(({ id }) => id)).toEqual([added[100]?.id]);
});
