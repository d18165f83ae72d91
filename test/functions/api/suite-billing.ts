import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { auditEntrySchema } from '../../../core/audit/entry.ts';
import { budgetViewSchema } from '../../../core/billing/billing-view.ts';
import { dayAt } from '../../../core/billing/days.ts';
import { invoiceSchema } from '../../../core/billing/invoice.ts';
import { listPrices, rateCardViewSchema } from '../../../core/billing/rate-card.ts';
import { planPreviewSchema } from '../../../core/plan/preview.ts';
import type { ApiUnderTest, TenantUnderTest } from './api-under-test.ts';
import { type BilledTenant, openBilledTenant, ran, sender, tenMinutes } from './billed-tenant.ts';
import { exampleSpec, startExample } from './example-spec.ts';
import { problemOf } from './http-call.ts';

/** What each operation of usage and billing needs. */
export const billingPermissions = {
  readUsage: 'usage:read',
  listUsageRecords: 'usage:read',
  readBuildCost: 'usage:read',
  previewBill: 'billing:read',
  listInvoices: 'billing:read',
  readInvoice: 'billing:read',
  readBudget: 'billing:read',
  setBudget: 'billing:write',
  removeBudget: 'billing:write',
  readTeamBudget: 'billing:read',
  setTeamBudget: 'billing:write',
  removeTeamBudget: 'billing:write',
  readRates: 'billing:read',
  setRates: 'installation:operate',
  removeRates: 'installation:operate',
  listCosts: 'installation:operate',
} as const;

/** Invoices, budgets, rates. */
export function describeBilling(api: () => ApiUnderTest): void {
  describe('billing', () => {
    let tenant: BilledTenant;
    let operator: TenantUnderTest;
    const send = sender(api);
    beforeAll(async () => {
      operator = await api().tenant('operator of bills');
      tenant = await openBilledTenant(api(), 'billed');
    });

    it('shows the month that runs as it would be billed, and no invoice before one is closed', async () => {
      const key = tenant.keys.billing;
      const preview = invoiceSchema.parse((await send('/v1/billing/preview', key)).json());
      expect(preview).toMatchObject({ state: 'open', adjustments: [], rates: [listPrices] });
      const builders = preview.lines.filter(({ kind }) => kind.startsWith('builder.'));
      // Two builds of ten minutes, rounded by line and not by build.
      expect(
        Math.abs(builders.reduce((sum, { microDollars }) => sum + microDollars, 0) - 2 * tenMinutes),
      ).toBeLessThanOrEqual(5);
      expect(preview.carried.find(({ kind }) => kind === 'builder.attempts')).toMatchObject({ quantity: 1 });
      expect((await send('/v1/billing/invoices', key)).json()).toEqual({ invoices: [] });
      const same = invoiceSchema.parse((await send(`/v1/billing/invoices/${preview.id}`, key)).json());
      expect([same.id, same.state]).toEqual([preview.id, 'open']);
      const missing = await send('/v1/billing/invoices/2019-05', key);
      expect([missing.status, problemOf(missing).code]).toEqual([404, 'invoice.not_found']);
      expect((await send('/v1/billing/invoices/soon', key)).status).toBe(400);
      const csv = (await send('/v1/billing/preview?format=csv', key)).text.trimEnd().split('\r\n');
      expect(csv[0]).toMatch(/^invoice,month,entry,kind,/);
      expect(csv.at(-1)).toMatch(/,total,/);
      expect((await send('/v1/billing/preview', tenant.keys.builder)).status).toBe(403);
    });

    it('shows the price of a build before it is started, by the same rates', async () => {
      const answer = await send('/v1/builds:plan', tenant.keys.builder, { body: exampleSpec });
      const { price, seconds } = planPreviewSchema.parse(answer.json()).estimate;
      expect(price?.rates).toBe(listPrices.from);
      expect(price?.microDollars).toBeGreaterThan(0);
      expect(price?.lines.find(({ kind }) => kind === 'builder.time')?.shown).toBeGreaterThanOrEqual(seconds - 1);
    });

    it('keeps a budget that stops builds when it is spent, and writes down who set it', async () => {
      const one = await api().tenant('on a budget');
      const path = '/v1/billing/budget';
      const put = (body: unknown, key = one.keys.billing) => send(path, key, { method: 'PUT', body });
      const none = await send(path, one.keys.billing);
      expect([none.status, problemOf(none).code]).toEqual([404, 'budget.not_found']);
      expect((await put({ microDollars: 100 }, one.keys.viewer)).status).toBe(403);
      for (const body of [
        {},
        { microDollars: 0 },
        { microDollars: 1.5 },
        { microDollars: 5, thresholds: [101] },
        { microDollars: 5, thresholds: [5, 5] },
      ]) {
        expect((await put(body)).status).toBe(400);
      }
      const set = await put({ microDollars: tenMinutes, thresholds: [60], hardStop: true });
      expect([set.status, budgetViewSchema.parse(set.json())]).toMatchObject([
        200,
        { spent: 0, reached: [], next: 60 },
      ]);
      const id = await startExample(api().url, one.keys.builder);
      await ran(api(), id, 's1', 'reported');
      const refused = await send('/v1/builds', one.keys.builder, { body: exampleSpec });
      expect([refused.status, refused.json()]).toMatchObject([
        402,
        { code: 'budget.exceeded', of: 'tenant', limit: tenMinutes, freesAt: expect.any(String) },
      ]);
      expect(z.object({ used: z.number() }).parse(refused.json()).used).toBeGreaterThanOrEqual(tenMinutes);
      // What is over soonest is told where more than one thing keeps builds out.
      await send('/v1/maintenance', one.keys.operator, { method: 'PUT', body: { reason: 'a while' } });
      const closed = await send('/v1/builds', one.keys.builder, { body: exampleSpec });
      await send('/v1/maintenance', one.keys.operator, { method: 'DELETE' });
      expect([closed.status, problemOf(closed).code]).toEqual([503, 'service.maintenance']);
      const gone = await send(path, one.keys.billing, { method: 'DELETE' });
      expect([gone.status, gone.json()]).toEqual([200, { removed: true }]);
      expect((await send('/v1/builds', one.keys.builder, { body: exampleSpec })).status).toBe(202);
      const log = z
        .object({ unsealed: z.array(auditEntrySchema) })
        .parse((await send('/v1/audit/tail', one.keys.auditor)).json());
      const actions = log.unsealed.map(({ action }) => action);
      expect(actions).toEqual(expect.arrayContaining(['budget.set', 'budget.removed']));
    });

    it('keeps budgets of teams, which a role in the team may see at most', async () => {
      const path = `/v1/teams/${tenant.teamId}/budget`;
      const body = { microDollars: 5_000_000 };
      expect((await send(path, tenant.inTeam, { method: 'PUT', body })).status).toBe(403);
      const set = await send(path, tenant.keys.billing, { method: 'PUT', body });
      expect([set.status, budgetViewSchema.parse(set.json())]).toMatchObject([
        200,
        { teamId: tenant.teamId, spent: tenMinutes, hardStop: false },
      ]);
      const foreign = await send(path, operator.keys.owner);
      expect([foreign.status, problemOf(foreign).code]).toEqual([404, 'team.not_found']);
      expect((await send(path, tenant.keys.admin, { method: 'DELETE' })).status).toBe(200);
    });

    it('has rates that the operator sets for days to come', async () => {
      const put = (from: string, body: unknown, key = operator.keys.operator) =>
        send(`/v1/billing/rates/${from}`, key, { method: 'PUT', body });
      const version = { name: 'later', prices: { 'builder.vcpu': 1, approvals: 2 } };
      expect((await put('2100-01-01', version, tenant.keys.owner)).status).toBe(403);
      for (const body of [
        { name: 'x', prices: { luck: 1 } },
        { name: 'x', prices: { approvals: 0.5 } },
        { name: '', prices: {} },
      ]) {
        expect((await put('2100-01-01', body)).status).toBe(400);
      }
      const hidden = await put('2100-01-01', JSON.parse('{"name": "x", "prices": {"__proto__": 1}}'));
      expect([hidden.status, problemOf(hidden).errors?.map(({ path }) => path)]).toEqual([400, ['prices.__proto__']]);
      expect((await put('2100-13-01', version)).status).toBe(400);
      const first = await put('2100-01-01', version);
      expect([first.status, rateCardViewSchema.parse(first.json())]).toMatchObject([
        200,
        { current: { from: listPrices.from }, versions: [{ from: '2100-01-01' }] },
      ]);
      const begun = await put(dayAt(Date.now()), version);
      expect([begun.status, problemOf(begun).code]).toEqual([409, 'rates.begun']);
      expect((await send('/v1/billing/rates', tenant.keys.billing)).json()).toEqual(first.json());
      const missing = await send('/v1/billing/rates/2101-01-01', operator.keys.operator, { method: 'DELETE' });
      expect([missing.status, problemOf(missing).code]).toEqual([404, 'rates.not_found']);
      const removed = await send('/v1/billing/rates/2100-01-01', operator.keys.operator, { method: 'DELETE' });
      expect([removed.status, removed.json()]).toMatchObject([200, { versions: [] }]);
    });

    it('tells the operator alone what AWS asks beside what is billed', async () => {
      expect((await send('/v1/billing/costs', tenant.keys.owner)).status).toBe(403);
      let found: unknown;
      let cursor: string | undefined;
      do {
        const answer = await send(
          `/v1/billing/costs?limit=100${cursor === undefined ? '' : `&cursor=${cursor}`}`,
          tenant.keys.operator,
        );
        const page = z
          .object({ costs: z.array(z.looseObject({ tenantId: z.string() })), cursor: z.string().optional() })
          .parse(answer.json());
        found ??= page.costs.find(({ tenantId }) => tenantId === tenant.tenantId);
        cursor = page.cursor;
      } while (cursor !== undefined);
      const { aws, billedMicroDollars } = z
        .object({
          billedMicroDollars: z.number(),
          aws: z.object({ lines: z.array(z.object({ kind: z.string(), quantity: z.number() })) }),
        })
        .parse(found);
      expect(billedMicroDollars).toBeGreaterThanOrEqual(2 * tenMinutes - 5);
      // With the builder that infrastructure took back, which no tenant pays for.
      expect(aws.lines.find(({ kind }) => kind === 'builder.attempts')?.quantity).toBe(3);
    });
  });
}
