import { describe, expect, it } from 'vitest';
import { buildsToStart, type DispatchedBuild } from '../../../core/builds/dispatch-order.ts';

const limits = { installation: 3, tenant: 2 };
const build = (id: string, tenantId: string, purpose?: 'warm'): DispatchedBuild => ({ id, tenantId, purpose });
const started = (queued: DispatchedBuild[], running: DispatchedBuild[] = []) =>
  buildsToStart(queued, running, limits).map(({ id }) => id);

describe('a warming', () => {
  it('starts where nothing else waits, oldest first', () => {
    expect(started([build('w1', 'op', 'warm'), build('w2', 'op', 'warm'), build('w3', 'op', 'warm')])).toEqual([
      'w1',
      'w2',
    ]);
  });

  it('comes after all others, though it is older, and counts with them', () => {
    expect(started([build('w1', 'op', 'warm'), build('b1', 'a'), build('b2', 'a')])).toEqual(['b1', 'b2', 'w1']);
    expect(started([build('w1', 'op', 'warm'), build('b1', 'a')], [build('r1', 'b'), build('r2', 'b')])).toEqual([
      'b1',
    ]);
  });

  it('waits where another waits, even one that only its tenant’s limit holds back', () => {
    expect(started([build('w1', 'op', 'warm'), build('b1', 'a')], [build('r1', 'a'), build('r2', 'a')])).toEqual([]);
  });

  it('does not keep others waiting while it runs, but for its place', () => {
    expect(started([build('b1', 'a')], [build('w1', 'op', 'warm')])).toEqual(['b1']);
  });
});
