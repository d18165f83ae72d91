import type { Operation } from '../../shared/operation.ts';
import { exchange } from './exchange.ts';

export const stageOperations: readonly Operation[] = [exchange];
