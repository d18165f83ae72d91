import type { Operation } from '../../shared/operation.ts';
import { beginMaintenanceOperation } from './begin-maintenance.ts';
import { endMaintenanceOperation } from './end-maintenance.ts';
import { readMaintenanceOperation } from './read-maintenance.ts';

export const maintenanceOperations: readonly Operation[] = [
  readMaintenanceOperation,
  beginMaintenanceOperation,
  endMaintenanceOperation,
];
