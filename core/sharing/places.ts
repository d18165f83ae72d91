import type { TableKey } from '../ports/table.ts';

/** Which work others with the same plan and options may share now. */
export const claimKey = (tenantId: string, identity: string): TableKey => ({
  partition: `SHARE#${tenantId}#${identity}`,
  sort: 'CLAIM',
});

/**
 * There exactly as long as a work takes sharers in: who joins counts up in it, so that neither its end nor its
 * cancellation passes a join unseen. Claims come and go under one key; this one is of a single work.
 */
export const doorKey = (workId: string): TableKey => ({ partition: `SHARERS#${workId}`, sort: 'DOOR' });

/** That a build which has not ended shares a work. */
export const sharerKey = (workId: string, buildId: string): TableKey => ({
  partition: `SHARERS#${workId}`,
  sort: `${sharerPrefix}${buildId}`,
});
export const sharerPrefix = 'SHARER#';
