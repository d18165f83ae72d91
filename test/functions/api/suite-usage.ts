import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { buildCostSchema } from '../../../core/billing/build-cost.ts';
import { dayAt } from '../../../core/billing/days.ts';
import type { ApiUnderTest, TenantUnderTest } from './api-under-test.ts';
import { type BilledTenant, openBilledTenant, sender, tenMinutes } from './billed-tenant.ts';
import { type Answer, problemOf } from './http-call.ts';

const rowsSchema = z.object({
  rows: z.array(z.looseObject({ kind: z.string(), quantity: z.number(), microDollars: z.number() })),
  cursor: z.string().optional(),
});

/** What was used, and what builds cost. */
export function describeUsage(api: () => ApiUnderTest): void {
  describe('usage', () => {
    let tenant: BilledTenant;
    let operator: TenantUnderTest;
    const send = sender(api);
    beforeAll(async () => {
      operator = await api().tenant('operator of bills');
      tenant = await openBilledTenant(api(), 'used');
    });

    const rows = (answer: Answer) => rowsSchema.parse(answer.json()).rows;

    it('shows what was used by kind, day, team and build', async () => {
      const key = tenant.keys.viewer;
      const time = (answer: Answer) =>
        rows(answer)
          .filter(({ kind }) => kind === 'builder.time')
          .map(({ kind: _, quantity, teamId: team, buildId, shown }) => [team ?? buildId ?? '', quantity, shown]);
      expect(time(await send('/v1/usage', key))).toEqual([['', 1_200_000, 1_200]]);
      expect(time(await send('/v1/usage?by=team', key))).toEqual([
        ['', 600_000, 600],
        [tenant.teamId, 600_000, 600],
      ]);
      expect(time(await send('/v1/usage?by=build', key))).toEqual([
        [tenant.builds.own, 600_000, 600],
        [tenant.builds.ofTeam, 600_000, 600],
      ]);
      expect(time(await send(`/v1/usage?by=build&team=${tenant.teamId}`, key))).toEqual([
        [tenant.builds.ofTeam, 600_000, 600],
      ]);
      expect(
        rows(await send('/v1/usage?by=day&kind=builder.attempts', key)).reduce(
          (sum, { quantity }) => sum + quantity,
          0,
        ),
      ).toBe(2);
      const elsewhere = await send('/v1/usage?from=2020-01-01&to=2020-02-01', key);
      expect(elsewhere.json()).toEqual({ from: '2020-01-01', to: '2020-02-01', rows: [] });
    });

    it('pages by a cursor that is good for the same question alone', async () => {
      const key = tenant.keys.billing;
      const whole = rows(await send('/v1/usage?by=team', key));
      const paged: unknown[] = [];
      let cursor: string | undefined;
      do {
        const answer = await send(`/v1/usage?by=team&limit=2${cursor === undefined ? '' : `&cursor=${cursor}`}`, key);
        const page = rowsSchema.parse(answer.json());
        expect(page.rows.length).toBeLessThanOrEqual(2);
        paged.push(...page.rows);
        cursor = page.cursor;
        const other = cursor === undefined ? undefined : await send(`/v1/usage?by=kind&cursor=${cursor}`, key);
        if (other !== undefined) expect([other.status, problemOf(other).code]).toEqual([400, 'cursor.invalid']);
      } while (cursor !== undefined);
      expect(paged).toEqual(whole);
      expect(whole.length).toBeGreaterThan(5);
    });

    it.each([
      ['from=2026-11-02&to=2026-11-02', 'query.to'],
      ['from=2024-01-01&to=2026-01-01', 'query.to'],
      ['from=2026-02-30&to=2026-03-01', 'query.from'],
      ['by=weather', 'query.by'],
      ['kind=luck', 'query.kind'],
      ['format=xml', 'query.format'],
    ])('refuses %s, and says what is wrong', async (query, path) => {
      const answer = await send(`/v1/usage?${query}`, tenant.keys.viewer);
      expect([answer.status, problemOf(answer).errors[0]?.path]).toEqual([400, path]);
    });

    it('shows who is in a team alone what is of that team', async () => {
      const seen = rows(await send('/v1/usage?by=build', tenant.inTeam));
      expect(new Set(seen.map(({ buildId }) => buildId))).toEqual(new Set([tenant.builds.ofTeam]));
      expect(rows(await send('/v1/usage?kind=builder.attempts', tenant.inTeam))).toMatchObject([{ quantity: 1 }]);
      const foreign = await send(`/v1/usage?team=team_${'0'.repeat(26)}`, tenant.inTeam);
      expect([foreign.status, problemOf(foreign).code]).toEqual([404, 'team.not_found']);
      expect((await send(`/v1/usage/records?day=${dayAt(Date.now())}`, tenant.inTeam)).status).toBe(403);
    });

    it('answers CSV where that is asked for, with the way to the next page', async () => {
      const key = tenant.keys.viewer;
      const byQuery = await send('/v1/usage?by=team&limit=2&format=csv', key);
      expect(byQuery.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
      const [head, first] = byQuery.text.split('\r\n');
      expect(head).toBe('day,teamId,buildId,kind,quantity,unit,shown,shownUnit,microDollars');
      expect(first?.split(',')).toHaveLength(9);
      const next = /<([^>]+)>; rel="next"/.exec(byQuery.headers.get('link') ?? '')?.[1] ?? '';
      const second = await send(next, key);
      expect(second.headers.get('content-type')).toContain('text/csv');
      expect(second.text.split('\r\n')[1]).not.toBe(first);
      const byAccept = (accept: string) => send('/v1/usage', key, { headers: { accept } });
      expect((await byAccept('text/csv')).headers.get('content-type')).toContain('text/csv');
      expect((await byAccept('text/csv;q=0.5, application/json')).headers.get('content-type')).toContain('json');
      expect((await byAccept('*/*')).headers.get('content-type')).toContain('json');
    });

    it('shows what a build cost, by the records that it is the sum of', async () => {
      const cost = async (id: string, key: string) =>
        buildCostSchema.parse((await send(`/v1/builds/${id}/cost`, key)).json());
      const own = await cost(tenant.builds.own, tenant.keys.builder);
      expect(own).toMatchObject({ complete: false, microDollars: tenMinutes });
      // One of an attempt, or two where a day began within it.
      const times = own.records.filter(({ kind }) => kind === 'builder.time');
      for (const wanted of [
        { stage: 's1', attempt: 1, payer: 'tenant', ending: 'reported' },
        { stage: 's2', attempt: 1, payer: 'service', ending: 'infrastructure' },
      ]) {
        const found = times.filter(({ stage }) => stage === wanted.stage);
        expect(found).toMatchObject(found.map(() => wanted));
        expect(new Set(found.map(({ day }) => day)).size).toBe(found.length);
        expect(found.reduce((sum, { quantity }) => sum + quantity, 0)).toBe(600_000);
      }
      expect(times.every(({ stage }) => ['s1', 's2'].includes(stage ?? ''))).toBe(true);
      expect(await cost(tenant.builds.ofTeam, tenant.inTeam)).toMatchObject({ microDollars: tenMinutes });
      for (const [id, key] of [
        [tenant.builds.own, tenant.inTeam],
        [tenant.builds.own, operator.keys.owner],
        ['bld_none', tenant.keys.builder],
      ] as const) {
        const missing = await send(`/v1/builds/${id}/cost`, key);
        expect([missing.status, problemOf(missing).code]).toEqual([404, 'build.not_found']);
      }
    });

    it('records each download that is authorised', async () => {
      const path = `/v1/builds/${tenant.builds.own}/artifacts/edge.tar.zst`;
      for (let time = 0; time < 3; time += 1) expect((await send(path, tenant.keys.viewer)).status).toBe(307);
      expect((await send(path, tenant.keys.builder)).status).toBe(307);
      const [egress] = rows(await send('/v1/usage?kind=egress.authorised', tenant.keys.viewer));
      // Twice nine bytes, each in a KiB that is begun; more where an hour began between.
      expect([2, 3, 4]).toContain(egress?.quantity);
    });

    it('lists the records of a day, those that the service pays among them', async () => {
      const cost = buildCostSchema.parse(
        (await send(`/v1/builds/${tenant.builds.own}/cost`, tenant.keys.auditor)).json(),
      );
      const day = cost.records[0]?.day ?? '';
      const answer = await send(`/v1/usage/records?day=${day}&limit=100`, tenant.keys.auditor);
      const { records } = z
        .object({ records: z.array(z.looseObject({ kind: z.string(), payer: z.string() })) })
        .parse(answer.json());
      const payers = records.filter(({ kind }) => kind === 'builder.attempts').map(({ payer }) => payer);
      expect(payers.sort()).toEqual(['service', 'tenant', 'tenant']);
    });
  });
}
