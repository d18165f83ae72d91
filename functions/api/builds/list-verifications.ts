import { z } from 'zod';
import { getBuild } from '../../../core/builds/build-repository.ts';
import { listVerifications as listStored, verificationRecordSchema } from '../../../core/verify/verification.ts';
import { defineOperation } from '../../shared/operation.ts';
import { reachOf } from '../../shared/principal-of.ts';
import { buildParamsSchema } from './build-params.ts';

/** Verifications that one answer holds, of at most 160 KB each: a Lambda answers at most 6 MB. */
const longestList = 20;

export const listVerifications = defineOperation({
  id: 'listVerifications',
  method: 'GET',
  path: '/v1/builds/{id}/verifications',
  summary: `What the latest ${longestList} verifications of a build found, the latest first`,
  access: { kind: 'permission', permission: 'builds:read', inTeam: true },
  params: buildParamsSchema,
  query: z.strictObject({}),
  body: undefined,
  response: z.strictObject({ verifications: z.array(verificationRecordSchema) }).meta({ id: 'VerificationList' }),
  status: 200,
  errors: ['build.not_found'],
  async handle(ports, { params, context }) {
    const { value: build } = await getBuild(ports.table, reachOf(context), params.id);
    return { body: { verifications: await listStored(ports.table, build.id, longestList) } };
  },
});
