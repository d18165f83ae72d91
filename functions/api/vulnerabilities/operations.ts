import type { Operation } from '../../shared/operation.ts';
import { listRebuilds } from './list-rebuilds.ts';
import { readVulnerabilityData } from './read-vulnerability-data.ts';
import { refreshVulnerabilityData } from './refresh-vulnerability-data.ts';

export const vulnerabilityOperations: readonly Operation[] = [
  readVulnerabilityData,
  refreshVulnerabilityData,
  listRebuilds,
];
