import type { Operation } from '../../shared/operation.ts';
import { listRebuilds } from './list-rebuilds.ts';
import { readAutomaticRebuilds } from './read-automatic-rebuilds.ts';
import { readVulnerabilityData } from './read-vulnerability-data.ts';
import { refreshVulnerabilityData } from './refresh-vulnerability-data.ts';
import { setAutomaticRebuilds } from './set-automatic-rebuilds.ts';

export const vulnerabilityOperations: readonly Operation[] = [
  readVulnerabilityData,
  refreshVulnerabilityData,
  listRebuilds,
  readAutomaticRebuilds,
  setAutomaticRebuilds,
];
