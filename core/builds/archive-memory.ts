import { z } from 'zod';
import { canonicalJson } from '../digest.ts';
import { EngineError } from '../errors.ts';
import { toJsonObject } from '../json.ts';
import { type ArchiveState, archiveStateSchema } from '../plan/archive-state.ts';
import type { Clock } from '../ports/clock.ts';
import type { KnownArchiveState, PackageArchive } from '../ports/package-archive.ts';
import type { Table } from '../ports/table.ts';
import type { Architecture, ReleaseName } from '../spec/releases.ts';
import { archiveStateKey } from './keys.ts';

/** A state that is read again and again is written down no more often than this. */
const rewriteMilliseconds = 600_000;

const rememberedSchema = z.strictObject({ state: archiveStateSchema, readAt: z.iso.datetime() });
type Remembered = z.infer<typeof rememberedSchema>;

export interface ArchiveMemoryOptions {
  readonly table: Table;
  readonly clock: Clock;
  /** Hours for which the last known state stands in for an archive that does not answer; 0: never. */
  readonly fallbackHours: number;
  readonly log: (message: string, facts: Readonly<Record<string, string | number>>) => void;
}

/**
 * The archive, with a memory: where it does not answer, the state that it last had, if that is not too old. A plan for
 * that state gets its packages from the cache. An archive that answers something wrong is no archive that is away.
 */
export function rememberArchive(archive: PackageArchive, options: ArchiveMemoryOptions): PackageArchive {
  const { table, clock, log } = options;

  async function recall(release: ReleaseName, architecture: Architecture): Promise<Remembered | undefined> {
    const record = await table.get(archiveStateKey(release, architecture));
    return record === undefined ? undefined : rememberedSchema.parse(record.data);
  }

  async function remember(release: ReleaseName, architecture: Architecture, state: ArchiveState): Promise<void> {
    const known = await recall(release, architecture);
    const now = clock.now();
    const age = known === undefined ? Number.POSITIVE_INFINITY : now.getTime() - Date.parse(known.readAt);
    if (known !== undefined && age < rewriteMilliseconds && sameState(known.state, state)) return;
    const data = toJsonObject({ state, readAt: now.toISOString() } satisfies Remembered);
    await table.transact([{ kind: 'put', key: archiveStateKey(release, architecture), data }]);
  }

  return {
    places: (release, snapshot) => archive.places(release, snapshot),
    extra: (archives, architecture, secretOf) => archive.extra(archives, architecture, secretOf),
    async state(release, architecture, snapshot): Promise<KnownArchiveState> {
      // Its state does not change: the plans that were made for it remember it.
      if (snapshot !== undefined) return archive.state(release, architecture, snapshot);
      let state: ArchiveState;
      try {
        state = await archive.state(release, architecture);
      } catch (error) {
        if (!(error instanceof EngineError) || error.code !== 'archive.unreachable') throw error;
        const known = await recall(release, architecture);
        const oldest = clock.now().getTime() - options.fallbackHours * 3_600_000;
        if (known === undefined || Date.parse(known.readAt) <= oldest) throw error;
        log('the package archive does not answer; its last known state stands in', {
          ...{ release, architecture, readAt: known.readAt, reason: error.detail },
        });
        return { ...known.state, lastReadAt: known.readAt };
      }
      await remember(release, architecture, state);
      return state;
    },
  };
}

function sameState(one: ArchiveState, other: ArchiveState): boolean {
  return canonicalJson(one) === canonicalJson(other);
}
