import { z } from 'zod';
import { getBuild } from '../../../core/builds/build-repository.ts';
import { listAttempts, listStages, listSteps } from '../../../core/builds/stage-repository.ts';
import { workOf } from '../../../core/sharing/work-of.ts';
import { buildTraceSchema, traceOf } from '../../../core/telemetry/trace.ts';
import { defineOperation } from '../../shared/operation.ts';
import { reachOf } from '../../shared/principal-of.ts';
import { buildParamsSchema } from './build-params.ts';

export const readBuildTrace = defineOperation({
  id: 'readBuildTrace',
  method: 'GET',
  path: '/v1/builds/{id}/trace',
  summary: 'Where the time of a build went, as OpenTelemetry’s collectors take it (OTLP, JSON)',
  access: { kind: 'permission', permission: 'builds:read', inTeam: true },
  params: buildParamsSchema,
  query: z.strictObject({}),
  body: undefined,
  response: buildTraceSchema,
  status: 200,
  errors: ['build.not_found'],
  async handle(ports, { params, context }) {
    const { value: build } = await getBuild(ports.table, reachOf(context), params.id);
    const work = workOf(build);
    const [stages, attempts, steps] = await Promise.all([
      listStages(ports.table, work),
      listAttempts(ports.table, work),
      listSteps(ports.table, work),
    ]);
    const values = <T>(records: readonly { readonly value: T }[]): readonly T[] => records.map(({ value }) => value);
    return { body: traceOf({ build, stages: values(stages), attempts: values(attempts), steps }) };
  },
});
