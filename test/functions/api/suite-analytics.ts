import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { figuresSchema } from '../../../core/analytics/read-analytics.ts';
import { buildWrite, findBuild } from '../../../core/builds/build-repository.ts';
import { endBuild } from '../../../core/builds/settle.ts';
import { eventEnvelope } from '../../../core/events/envelope.ts';
import { overdueEvents } from '../../../core/events/outbox.ts';
import { handle as rollUp } from '../../../functions/events/roll-up-analytics/roll-up-analytics.ts';
import type { ApiUnderTest, TenantUnderTest } from './api-under-test.ts';
import { startExample } from './example-spec.ts';
import { call, problemOf } from './http-call.ts';

const answerSchema = z.object({
  ...{ from: z.string(), to: z.string() },
  all: figuresSchema,
  groups: z.array(z.object({ group: z.string(), figures: figuresSchema })),
});

/** What builds come to over days. */
export function describeAnalytics(api: () => ApiUnderTest): void {
  describe('analytics', () => {
    let one: TenantUnderTest;
    let other: TenantUnderTest;
    beforeAll(async () => {
      one = await api().tenant('analytics');
      other = await api().tenant('analytics-other');
    });
    const read = (query = '', key = one.keys.viewer) => call(`${api().url}/v1/analytics/builds${query}`, { key });
    const figures = async (query = '', key?: string) => answerSchema.parse((await read(query, key)).json());

    it('are of the tenant’s own builds that ended, by the events of their ends', async () => {
      const { ports } = api();
      const ids: string[] = [];
      for (const tenant of [one, one, other]) ids.push(await startExample(api().url, tenant.keys.builder));
      const [first = '', second = '', foreign = ''] = ids;
      for (const id of ids) {
        const found = await findBuild(ports.table, id);
        if (found === undefined) throw new Error('the build is gone');
        const at = ports.clock.now().toISOString();
        const running = { ...found.value, state: 'running' as const, plannedAt: at, startedAt: at };
        await ports.table.transact([buildWrite(running, found.version)]);
      }
      await endBuild(ports, first, 'succeeded');
      await endBuild(ports, second, 'failed', { code: 'step.failed', reason: 'exit code 1', logTail: [] });
      await endBuild(ports, foreign, 'succeeded');
      const ended = (await overdueEvents(ports.table, new Date(8.64e15))).filter(
        ({ type, detail }) => /succeeded|failed/.test(type) && ids.includes(String(detail.buildId)),
      );
      expect(ended).toHaveLength(3);
      for (const event of [...ended, ...ended]) await rollUp(ports, eventEnvelope(event));
      await rollUp(ports, { source: 'aws.events', 'detail-type': 'Scheduled Event' });

      const today = ports.clock.now().toISOString().slice(0, 10);
      const byDay = await figures();
      expect([byDay.to, byDay.groups.map(({ group }) => group)]).toEqual([today, [today]]);
      expect(byDay.all).toMatchObject({
        ...{ builds: 2, outcomes: { succeeded: 1, failed: 1, cancelled: 0, rejected: 0 } },
        failures: [{ code: 'step.failed', builds: 1 }],
      });
      expect((await figures('?groupBy=distribution')).groups.map(({ group }) => group)).toEqual(['debian/trixie']);
      expect((await figures('?groupBy=team')).groups).toEqual([]);
      expect((await figures('', other.keys.owner)).all.builds).toBe(1);
    });

    it('are refused where the span is none, and to who may not read them', async () => {
      const long = await read('?from=2024-01-01&to=2026-01-01');
      expect([long.status, problemOf(long).errors[0]?.path]).toEqual([400, 'query.to']);
      const none = await read('?from=yesterday');
      expect([none.status, problemOf(none).errors[0]?.path]).toEqual([400, 'query.from']);
      expect((await read('', one.keys.member)).status).toBe(403);
    });
  });
}
