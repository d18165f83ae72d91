import type { Operation } from '../shared/operation.ts';
import { accessOperations } from './access/operations.ts';
import { analyticsOperations } from './analytics/operations.ts';
import { approvalOperations } from './approvals/operations.ts';
import { auditOperations } from './audit/operations.ts';
import { billingOperations } from './billing/operations.ts';
import { buildOperations } from './builds/operations.ts';
import { cacheOperations } from './cache/operations.ts';
import { deadLetterOperations } from './dead-letters/operations.ts';
import { lockOperations } from './locks/operations.ts';
import { maintenanceOperations } from './maintenance/operations.ts';
import { pluginOperations } from './plugins/operations.ts';
import { retentionOperations } from './retention/operations.ts';
import { secretOperations } from './secrets/operations.ts';
import { serviceOperations } from './service/operations.ts';
import { specOperations } from './specs/operations.ts';
import { stageOperations } from './stages/operations.ts';
import { teamOperations } from './teams/operations.ts';
import { templateOperations } from './templates/operations.ts';
import { uploadOperations } from './uploads/operations.ts';
import { vulnerabilityOperations } from './vulnerabilities/operations.ts';
import { webhookOperations } from './webhooks/operations.ts';

/** Every operation, by the name of its group in core/wiring/operation-groups.ts. */
export const operationsByGroup: Readonly<Record<string, readonly Operation[]>> = {
  access: accessOperations,
  analytics: analyticsOperations,
  approvals: approvalOperations,
  audit: auditOperations,
  billing: billingOperations,
  builds: buildOperations,
  cache: cacheOperations,
  'dead-letters': deadLetterOperations,
  locks: lockOperations,
  maintenance: maintenanceOperations,
  plugins: pluginOperations,
  retention: retentionOperations,
  secrets: secretOperations,
  specs: specOperations,
  teams: teamOperations,
  templates: templateOperations,
  uploads: uploadOperations,
  stages: stageOperations,
  vulnerabilities: vulnerabilityOperations,
  webhooks: webhookOperations,
  service: serviceOperations,
};

/** Every operation of the API. */
export const operations: readonly Operation[] = Object.values(operationsByGroup).flat();
