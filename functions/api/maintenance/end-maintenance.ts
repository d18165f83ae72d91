import { z } from 'zod';
import { endMaintenance } from '../../../core/maintenance/maintenance.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { maintenanceViewSchema } from './read-maintenance.ts';

export const endMaintenanceOperation = defineOperation({
  id: 'endMaintenance',
  method: 'DELETE',
  path: '/v1/maintenance',
  summary: 'Take builds again',
  access: { kind: 'permission', permission: 'installation:operate' },
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: undefined,
  response: maintenanceViewSchema,
  status: 200,
  errors: [],
  async handle(ports, { context }) {
    await endMaintenance(ports, principalOf(context));
    return { body: { maintenance: null } };
  },
});
