import type { Operation } from '../../shared/operation.ts';
import { readDocs } from './read-docs.ts';
import { readHealth } from './read-health.ts';
import { readLiveness } from './read-liveness.ts';
import { readOpenapi } from './read-openapi.ts';
import { readReadinessOperation } from './read-readiness.ts';
import { readSigningKey } from './read-signing-key.ts';

export const serviceOperations: readonly Operation[] = [
  readHealth,
  readLiveness,
  readReadinessOperation,
  readOpenapi,
  readDocs,
  readSigningKey,
];
