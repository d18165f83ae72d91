import { z } from 'zod';
import { uploadPlace } from '../../../core/builds/places.ts';
import { uploadLimits } from '../../../core/uploads/limits.ts';
import { uploadDigestSchema, uploadNameSchema } from '../../../core/uploads/upload-record.ts';
import { declareUpload as declare } from '../../../core/uploads/upload-repository.ts';
import { declaredUploadSchema, uploadView } from '../../../core/uploads/upload-view.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';

/**
 * Declares a file by its digest and size, and answers how to send its bytes, where they are not there. The digest names
 * it, so declaring it again is the same upload: no idempotency key is needed.
 */
export const declareUpload = defineOperation({
  id: 'declareUpload',
  method: 'POST',
  path: '/v1/uploads',
  summary: 'Declare a file for specs by its SHA-256 and size; the answer says where to put its bytes',
  access: { kind: 'permission', permission: 'builds:create', inTeam: true },
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: z.strictObject({
    sha256: uploadDigestSchema.describe('SHA-256 of its bytes, in lower-case hexadecimal.'),
    size: z.number().int().min(1).describe('Bytes; at most 5 GiB.'),
    name: uploadNameSchema.optional().describe('What to show it as, such as the file’s name.'),
  }),
  response: declaredUploadSchema,
  status: 201,
  otherStatus: 200,
  locates: true,
  repeatable: true,
  errors: ['upload.too_large', 'upload.size_conflict', 'upload.no_room'],
  async handle(ports, { body, context }) {
    const { tenantId } = principalOf(context);
    const { upload, created } = await declare(ports, tenantId, body);
    const { sha256, size, storedAt } = upload;
    const answer = {
      status: created ? 201 : 200,
      headers: { location: `/v1/uploads/${sha256}` },
      body: uploadView(upload),
    };
    if (storedAt !== undefined) return answer;
    const { url, headers, expiresAt } = await ports.blobs.signPut(uploadPlace(tenantId, sha256), {
      ...{ size, sha256, contentType: 'application/octet-stream', ifAbsent: true },
      expiresSeconds: uploadLimits.urlSeconds,
    });
    const put = { method: 'PUT' as const, url, headers: { ...headers }, expiresAt: expiresAt.toISOString() };
    return { ...answer, body: { ...answer.body, put } };
  },
});
