import type { Operation } from '../../shared/operation.ts';
import { readBuildAnalytics } from './read-build-analytics.ts';

export const analyticsOperations: readonly Operation[] = [readBuildAnalytics];
