import { z } from 'zod';
import { listUploads as listStoredUploads } from '../../../core/uploads/upload-repository.ts';
import { uploadView, uploadViewSchema } from '../../../core/uploads/upload-view.ts';
import { openCursor, sealCursor } from '../../shared/cursor.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { wholeNumberOr } from '../../shared/whole-number.ts';

export const listUploads = defineOperation({
  id: 'listUploads',
  method: 'GET',
  path: '/v1/uploads',
  summary: 'The uploads of the tenant, newest first',
  access: { kind: 'permission', permission: 'builds:read' },
  params: z.strictObject({}),
  query: z.strictObject({
    limit: wholeNumberOr(20, 1, 100).describe('Uploads a page.'),
    cursor: z.string().max(4_096).optional().describe('As the page before gave it.'),
  }),
  body: undefined,
  response: z
    .strictObject({
      uploads: z.array(uploadViewSchema),
      cursor: z.string().exactOptional().describe('There where more uploads may follow.'),
    })
    .meta({ id: 'UploadList' }),
  status: 200,
  errors: ['cursor.invalid'],
  async handle(ports, { query, context }) {
    const { tenantId } = principalOf(context);
    const secret = ports.installation.cursorSecret;
    const scope = ['listUploads', tenantId];
    const { uploads, cursor } = await listStoredUploads(ports, tenantId, {
      limit: query.limit,
      ...(query.cursor === undefined ? {} : { cursor: openCursor(secret, scope, query.cursor) }),
    });
    return {
      body: {
        uploads: uploads.map(uploadView),
        ...(cursor === undefined ? {} : { cursor: sealCursor(secret, scope, cursor) }),
      },
    };
  },
});
