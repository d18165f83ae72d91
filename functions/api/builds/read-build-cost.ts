import { z } from 'zod';
import { buildCost, buildCostSchema, type UsageRecordView } from '../../../core/billing/build-cost.ts';
import { csvOf } from '../../../core/billing/csv.ts';
import { readRateCard } from '../../../core/billing/rate-repository.ts';
import { getBuild } from '../../../core/builds/build-repository.ts';
import { formatQuery } from '../../shared/csv-answer.ts';
import { defineOperation } from '../../shared/operation.ts';
import { reachOf } from '../../shared/principal-of.ts';
import { buildParamsSchema } from './build-params.ts';

export const readBuildCost = defineOperation({
  id: 'readBuildCost',
  method: 'GET',
  path: '/v1/builds/{id}/cost',
  summary: 'What the builders of a build cost, and the records that this is the sum of',
  access: { kind: 'permission', permission: 'usage:read', inTeam: true },
  params: buildParamsSchema,
  query: z.strictObject(formatQuery),
  body: undefined,
  response: buildCostSchema,
  csv: ({ records }) =>
    csvOf<UsageRecordView>(
      ['day', 'stage', 'attempt', 'ending', 'payer', 'kind', 'quantity', 'unit', 'from', 'to'],
      records,
    ),
  status: 200,
  errors: ['build.not_found'],
  async handle(ports, { params, context }) {
    const [{ value: build }, card] = await Promise.all([
      getBuild(ports.table, reachOf(context), params.id),
      readRateCard(ports.table),
    ]);
    return { body: await buildCost(ports.table, build, card) };
  },
});
