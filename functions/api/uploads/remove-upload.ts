import { z } from 'zod';
import { removeUpload as remove } from '../../../core/uploads/removal.ts';
import { uploadDigestSchema } from '../../../core/uploads/upload-record.ts';
import { removedUploadSchema } from '../../../core/uploads/upload-view.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';

/** Removes what the tenant has uploaded; what a build uses that has not ended stays, and the builds are named. */
export const removeUpload = defineOperation({
  id: 'removeUpload',
  method: 'DELETE',
  path: '/v1/uploads/{sha256}',
  summary: 'Remove an upload, unless a build uses it that has not ended',
  access: { kind: 'permission', permission: 'builds:create' },
  params: z.strictObject({ sha256: uploadDigestSchema }),
  query: z.strictObject({}),
  body: undefined,
  response: removedUploadSchema,
  status: 200,
  errors: ['upload.not_found', 'upload.in_use'],
  async handle(ports, { params, context }) {
    const principal = principalOf(context);
    const { upload, countedUntil } = await remove(ports, principal.tenantId, params.sha256, principal);
    const { sha256, size, name } = upload;
    return {
      body: {
        ...{ sha256, size },
        ...(name === undefined ? {} : { name }),
        ...(countedUntil === undefined ? {} : { countedUntil }),
      },
    };
  },
});
