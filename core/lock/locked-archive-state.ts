import { canonicalJson } from '../digest.ts';
import type { FieldError } from '../errors.ts';
import { type ArchiveState, type ArchiveSuite, publicAddress } from '../plan/archive-state.ts';
import { isOfArchives } from '../plan/spec-archive-state.ts';
import type { ArchivePlace, PackageArchive } from '../ports/package-archive.ts';
import type { ResolvedSpec } from '../spec/schema.ts';
import { quoted } from '../text.ts';
import type { BuildLock } from './build-lock.ts';
import { misfit, needFit } from './locked-drafts.ts';

const placeOf = ({ uri, suite, components, snapshot }: ArchivePlace): string =>
  canonicalJson([publicAddress(uri), suite, components, snapshot === undefined ? '' : publicAddress(snapshot)]);

/** The suites of a lock at the addresses that the installation has for them; undefined where it has one not. */
function suitesAt(lock: BuildLock, known: readonly ArchivePlace[]): ArchiveSuite[] | undefined {
  const places = new Map(known.map((place) => [placeOf(place), place]));
  const found = lock.archive.suites.flatMap((suite) => {
    const place = places.get(placeOf(suite));
    // A lock has no address with a password; the installation's may be.
    if (place === undefined) return [];
    const { uri, snapshot } = place;
    return [{ ...suite, uri, ...(snapshot === undefined ? {} : { snapshot }) }];
  });
  return found.length === lock.archive.suites.length ? found : undefined;
}

/**
 * The state of the archives that a build from a lock is planned with: the lock's, and no archive is asked. Its addresses
 * must be those of the installation and of the spec: builders ask them, and the image keeps them as its sources.
 * @throws EngineError lock.does_not_fit, archive.not_configured, archive.snapshot_not_configured
 */
export function lockedArchiveState(
  archive: Pick<PackageArchive, 'places'>,
  spec: ResolvedSpec,
  lock: BuildLock,
): ArchiveState {
  const { distribution, release, architecture } = spec.base;
  const fields: FieldError[] = [];
  for (const [field, wanted, locked] of [
    ['distribution', distribution, lock.base.distribution],
    ['release', release, lock.base.release],
    ['architecture', architecture, lock.base.architecture],
  ] as const) {
    if (wanted === locked) continue;
    const remedy = `Use the lock of a build of ${wanted}, or write ${locked}.`;
    fields.push(misfit(`base.${field}`, `the lock is of ${quoted(locked)}, the spec of ${wanted}`, remedy));
  }
  needFit(fields);
  const suites = suitesAt(lock, archive.places(release, spec.base.snapshot));
  if (suites === undefined) {
    fields.push(
      misfit(
        'lock',
        spec.base.snapshot === undefined
          ? 'its packages are of another address than the archive of this installation'
          : 'its packages are not of the archive at the time of base.snapshot',
        'Build without the lock and lock that build; a lock of a snapshot needs its base.snapshot in the spec.',
      ),
    );
  }
  const { extra = [] } = lock.archive;
  if (!isOfArchives(extra, spec)) {
    fields.push(
      misfit(
        'archives',
        'the lock is of a build with other archives',
        'Name those of the build that was locked, or build without the lock and lock that build.',
      ),
    );
  }
  needFit(fields);
  return suites === undefined ? lock.archive : { ...lock.archive, suites };
}
