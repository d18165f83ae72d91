import type { Operation } from '../../shared/operation.ts';
import { readHealth } from './read-health.ts';
import { readOpenapi } from './read-openapi.ts';
import { readSigningKey } from './read-signing-key.ts';

export const serviceOperations: readonly Operation[] = [readHealth, readOpenapi, readSigningKey];
