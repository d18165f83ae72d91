import type { Operation } from '../../shared/operation.ts';
import { listAnchors } from './list-anchors.ts';
import { listAudit } from './list-audit.ts';
import { readTail } from './read-tail.ts';

export const auditOperations: readonly Operation[] = [listAudit, readTail, listAnchors];
