import { z } from 'zod';
import type { Reach } from '../access/reach.ts';
import { listBuildsWithin } from '../builds/build-lists.ts';
import { EngineError } from '../errors.ts';
import type { Table } from '../ports/table.ts';
import { getTeam } from '../teams/team-repository.ts';
import { billOfRecords, buildUsage, quantitiesOf } from './build-cost.ts';
import { dayMilliseconds, startOf } from './days.ts';
import { tenantUse } from './invoice.ts';
import { type UsageKind, usageKinds } from './kinds.ts';
import { exactNumber } from './money.ts';
import { createBill, quantityView, totalOf } from './pricing.ts';
import type { RateCard } from './rate-card.ts';
import type { DaySum } from './sums.ts';

export const usageGroupings = ['kind', 'day', 'team', 'build'] as const;
export type UsageGrouping = (typeof usageGroupings)[number];

export const usageRowSchema = z
  .strictObject({
    day: z.string().exactOptional().describe('Of rows by day.'),
    teamId: z.string().exactOptional().describe('Of rows by team; absent: of what belongs to none.'),
    buildId: z.string().exactOptional().describe('Of rows by build.'),
    kind: z.enum(usageKinds),
    quantity: z.number().int().describe('Exact, in `unit`.'),
    unit: z.string(),
    shown: z.number().describe('The same in `shownUnit`.'),
    shownUnit: z.string(),
    microDollars: z.number().int().describe('By the rate card; rounded in each row, once.'),
  })
  .meta({ id: 'UsageRow' });
export type UsageRow = z.infer<typeof usageRowSchema>;

/** Days that one question may be about: a year with what belongs to it. */
const mostDays = 400;

/** What somebody asks of a tenant's usage. */
export interface UsageQuestion {
  readonly from: string;
  readonly to: string;
  readonly by: UsageGrouping;
  readonly kind?: UsageKind | undefined;
  readonly team?: string | undefined;
}

/** @throws EngineError request.invalid where the span is none, or too long */
export function needSpan({ from, to }: Pick<UsageQuestion, 'from' | 'to'>): void {
  const days = (startOf(to) - startOf(from)) / dayMilliseconds;
  if (days >= 1 && days <= mostDays) return;
  throw new EngineError('request.invalid', `From ${from} until before ${to} are ${days} days.`, {
    fields: [
      {
        ...{ path: 'query.to', code: 'field.invalid' },
        reason: `the span has ${days} days, and may have 1 to ${mostDays}`,
        remedy: 'give a later `to`, the first day that is not meant, or ask for less at once',
      },
    ],
  });
}

type Page = { readonly limit: number; readonly cursor?: string };

/**
 * A page of what a tenant used, as far as the caller's reach goes.
 * @throws EngineError request.invalid, team.not_found
 */
export async function usageRows(
  table: Table,
  reach: Reach,
  question: UsageQuestion,
  card: RateCard,
  page: Page,
): Promise<{ readonly rows: readonly UsageRow[]; readonly cursor?: string }> {
  needSpan(question);
  if (question.team !== undefined) await getTeam(table, reach, question.team);
  return question.by === 'build'
    ? rowsByBuild(table, reach, question, card, page)
    : pageOf(await rowsOfSums(table, reach, { ...question, by: question.by }, card), page);
}

/** Rows of sums: there are at most as many as days, kinds and teams of the span give. */
async function rowsOfSums(
  table: Table,
  reach: Reach,
  question: UsageQuestion & { readonly by: Exclude<UsageGrouping, 'build'> },
  card: RateCard,
): Promise<UsageRow[]> {
  const groups = new Map<
    string,
    {
      readonly head: Pick<UsageRow, 'day' | 'teamId' | 'kind'>;
      sum: bigint;
      readonly bill: ReturnType<typeof createBill>;
    }
  >();
  for await (const sum of tenantUse(table, reach.tenantId, question, question.team)) {
    if (question.kind !== undefined && sum.kind !== question.kind) continue;
    if (reach.teams !== 'all' && (sum.teamId === undefined || !reach.teams.has(sum.teamId))) continue;
    const head = headOf(question.by, sum);
    const key = [head.day ?? '', head.teamId ?? '', String(usageKinds.indexOf(head.kind)).padStart(2, '0')].join('#');
    const group = groups.get(key) ?? { head, sum: 0n, bill: createBill(card) };
    group.sum += BigInt(sum.quantity);
    group.bill.add(sum);
    groups.set(key, group);
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { head, sum, bill }]) => ({
      ...head,
      ...quantityView(head.kind, exactNumber(sum)),
      microDollars: totalOf(bill.lines()),
    }));
}

function headOf(by: 'kind' | 'day' | 'team', { day, teamId, kind }: DaySum): Pick<UsageRow, 'day' | 'teamId' | 'kind'> {
  if (by === 'day') return { day, kind };
  return by === 'team' && teamId !== undefined ? { teamId, kind } : { kind };
}

/** A page of rows that are made anew for each; its cursor says how many lie before it. */
function pageOf(rows: readonly UsageRow[], { limit, cursor }: Page): { rows: readonly UsageRow[]; cursor?: string } {
  const start = cursor === undefined ? 0 : Number(cursor);
  const end = start + limit;
  return { rows: rows.slice(start, end), ...(end < rows.length ? { cursor: String(end) } : {}) };
}

/** What the builds used that were submitted in the span, newest first. A page may be empty, and have one behind it. */
async function rowsByBuild(
  table: Table,
  reach: Reach,
  { from, to, kind, team }: UsageQuestion,
  card: RateCard,
  page: Page,
): Promise<{ readonly rows: readonly UsageRow[]; readonly cursor?: string }> {
  const list = await listBuildsWithin(table, reach, { ...page, teamId: team });
  const within = list.builds.filter(({ submittedAt }) => submittedAt >= from && submittedAt < to);
  const rows = await Promise.all(
    within.map(async ({ id }) => {
      const records = await buildUsage(table, id);
      const lines = billOfRecords(card, records);
      return [...quantitiesOf(records)]
        .filter(([of]) => kind === undefined || of === kind)
        .map(([of, quantity]) => ({
          ...{ buildId: id, kind: of, ...quantityView(of, quantity) },
          microDollars: totalOf(lines.filter((line) => line.kind === of)),
        }));
    }),
  );
  const last = list.builds.at(-1);
  const isOver = last !== undefined && last.submittedAt < from;
  return { rows: rows.flat(), ...(list.cursor === undefined || isOver ? {} : { cursor: list.cursor }) };
}
