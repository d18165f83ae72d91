import type { Operation } from '../../shared/operation.ts';
import { listCleanupEntries } from './list-cleanup-entries.ts';
import { listCleanups } from './list-cleanups.ts';
import { listHolds } from './list-holds.ts';
import { listRetentionPolicies } from './list-policies.ts';
import { listTrash } from './list-trash.ts';
import { placeHold } from './place-hold.ts';
import { readCleanup } from './read-cleanup.ts';
import { readRetentionPolicy } from './read-policy.ts';
import { readRetention } from './read-settings.ts';
import { releaseHold } from './release-hold.ts';
import { removeRetentionPolicy } from './remove-policy.ts';
import { setRetentionPolicy } from './set-policy.ts';
import { setRetention } from './set-settings.ts';
import { startCleanup } from './start-cleanup.ts';

export const retentionOperations: readonly Operation[] = [
  readRetention,
  setRetention,
  listRetentionPolicies,
  readRetentionPolicy,
  setRetentionPolicy,
  removeRetentionPolicy,
  listTrash,
  listHolds,
  placeHold,
  releaseHold,
  startCleanup,
  listCleanups,
  readCleanup,
  listCleanupEntries,
];
