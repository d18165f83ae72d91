import { z } from 'zod';
import { maintenanceSchema, readMaintenance } from '../../../core/maintenance/maintenance.ts';
import { defineOperation } from '../../shared/operation.ts';

/** How an installation stands. */
export const maintenanceViewSchema = z
  .strictObject({ maintenance: maintenanceSchema.nullable() })
  .meta({ id: 'MaintenanceStatus' });

export const readMaintenanceOperation = defineOperation({
  id: 'readMaintenance',
  method: 'GET',
  path: '/v1/maintenance',
  summary: 'Whether the installation takes builds, and why not',
  access: { kind: 'permission', permission: 'tenant:read' },
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: undefined,
  response: maintenanceViewSchema,
  status: 200,
  errors: [],
  async handle(ports) {
    return { body: { maintenance: (await readMaintenance(ports.table)) ?? null } };
  },
});
