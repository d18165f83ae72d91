import { z } from 'zod';
import { uploadDigestSchema } from '../../../core/uploads/upload-record.ts';
import { getUpload } from '../../../core/uploads/upload-repository.ts';
import { uploadView, uploadViewSchema } from '../../../core/uploads/upload-view.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';

export const readUpload = defineOperation({
  id: 'readUpload',
  method: 'GET',
  path: '/v1/uploads/{sha256}',
  summary: 'One upload, and whether its bytes are there',
  access: { kind: 'permission', permission: 'builds:read', inTeam: true },
  params: z.strictObject({ sha256: uploadDigestSchema }),
  query: z.strictObject({}),
  body: undefined,
  response: uploadViewSchema,
  status: 200,
  errors: ['upload.not_found'],
  async handle(ports, { params, context }) {
    return { body: uploadView(await getUpload(ports, principalOf(context).tenantId, params.sha256)) };
  },
});
