import { z } from 'zod';
import { reaches } from '../../../core/access/reach.ts';
import { listTrash as readTrash } from '../../../core/retention/trash.ts';
import { imageView, imageViewSchema } from '../../../core/retention/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { nextCursor, pageQuery, readPage } from '../../shared/paging.ts';
import { reachOf } from '../../shared/principal-of.ts';

/** Of whoever sees some teams alone a page is what is left of one: the cursor goes on from there. */
export const listTrash = defineOperation({
  id: 'listTrash',
  method: 'GET',
  path: '/v1/retention/trash',
  summary: 'What is in the trash, what goes next first',
  access: { kind: 'permission', permission: 'retention:read', inTeam: true },
  params: z.strictObject({}),
  query: z.strictObject(pageQuery),
  body: undefined,
  response: z.strictObject({ images: z.array(imageViewSchema), cursor: nextCursor }).meta({ id: 'Trash' }),
  status: 200,
  errors: ['cursor.invalid'],
  async handle({ table, installation }, { query, context }) {
    const reach = reachOf(context);
    const over = reach.teams === 'all' ? '' : [...reach.teams].sort().join();
    const scope = ['listTrash', reach.tenantId, over];
    const { page, next } = await readPage(installation.cursorSecret, scope, query, (at) =>
      readTrash(table, reach.tenantId, at),
    );
    return { body: { images: page.images.filter((image) => reaches(reach, image)).map(imageView), ...next } };
  },
});
