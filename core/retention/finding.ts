import { z } from 'zod';
import type { Ports } from '../ports/ports.ts';

/** What a cleanup looks for. The first two are a tenant's own matter, the rest is the installation's. */
export const tenantTasks = ['images', 'trash'] as const;
export const installationTasks = ['objects', 'staging', 'uploads', 'keys', 'builds', 'builders', 'cache'] as const;
export const cleanupTasks = [...tenantTasks, ...installationTasks] as const;
export type CleanupTask = (typeof cleanupTasks)[number];
export const cleanupTaskSchema = z
  .enum(cleanupTasks)
  .describe(
    'images: what policies have go to the trash. trash: what has been there for long enough. objects: files in the store that no build has. staging: what builders left half done. uploads: files that have expired. keys: API keys that have expired. builds: builds that are stuck. builders: builders whose build is over. cache: results that were not used for the longest time.',
  );

export type CleanupPorts = Pick<Ports, 'table' | 'blobs' | 'flow' | 'tasks' | 'clock' | 'ids' | 'installation'>;

/** Something that is to go, and how. Nothing is changed by finding it. */
export interface Finding {
  /** Id, path or name of it. */
  readonly what: string;
  readonly tenantId?: string;
  /** Why it goes, in words of the engine: names of policies, or one word. */
  readonly why: readonly string[];
  readonly bytes?: number;
  /**
   * Removes it, under the condition that all that was seen is still so. Safe to repeat.
   * @returns false where something has changed: the next cleanup looks again
   */
  readonly remove: () => Promise<boolean>;
}

/** Something that could not be looked at: it stays, and the next look comes by it again. */
export interface LookFailure {
  readonly what: string;
  readonly tenantId?: string;
  readonly error: unknown;
}

/** What a look finds, of a tenant's or of all. */
export interface Look {
  readonly findings: readonly Finding[];
  /** What of it could not be looked at, while the rest was. */
  readonly failures?: readonly LookFailure[];
  /** What is done beside, in no dry run, and is no removal: notes, notices. */
  readonly chores?: readonly (() => Promise<void>)[];
  /** What is to be done when the findings are removed. */
  readonly finish?: (gone: ReadonlySet<Finding>) => Promise<unknown>;
  /** Where the next look goes on; absent: at the beginning. */
  readonly position?: string;
  /** It stopped before the end of what there is. */
  readonly more?: boolean;
}

export interface LookContext {
  readonly now: Date;
  /** Only what is this tenant's. */
  readonly tenantId?: string;
  /** As the look before gave it. */
  readonly position?: string;
  /** The most that are found. */
  readonly most: number;
}
