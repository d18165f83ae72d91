import { z } from 'zod';
import { beginMaintenance, maintenanceSchema } from '../../../core/maintenance/maintenance.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { maintenanceViewSchema } from './read-maintenance.ts';

export const beginMaintenanceOperation = defineOperation({
  id: 'beginMaintenance',
  method: 'PUT',
  path: '/v1/maintenance',
  summary: 'Take no new builds and start none of the queue; what runs goes on',
  access: { kind: 'permission', permission: 'installation:operate' },
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: maintenanceSchema.omit({ since: true }),
  response: maintenanceViewSchema,
  status: 200,
  errors: [],
  async handle(ports, { body, context }) {
    return { body: { maintenance: await beginMaintenance(ports, principalOf(context), body) } };
  },
});
