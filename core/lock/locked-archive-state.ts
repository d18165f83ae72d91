import { canonicalJson } from '../digest.ts';
import type { FieldError } from '../errors.ts';
import type { ArchiveState, ArchiveSuite } from '../plan/archive-state.ts';
import { isOfArchives } from '../plan/spec-archive-state.ts';
import type { PackageArchive } from '../ports/package-archive.ts';
import type { ResolvedSpec } from '../spec/schema.ts';
import { quoted } from '../text.ts';
import type { BuildLock } from './build-lock.ts';
import { misfit, needFit } from './locked-drafts.ts';

const placeOf = ({ uri, suite, components }: Pick<ArchiveSuite, 'uri' | 'suite' | 'components'>): string =>
  canonicalJson([uri, suite, components]);

/** The first suite of a lock that is none of those that this installation takes packages from. */
function foreignSuite(lock: BuildLock, known: ReturnType<PackageArchive['places']>): ArchiveSuite | undefined {
  const places = new Set(known.map(placeOf));
  return lock.archive.suites.find((suite) => !places.has(placeOf(suite)));
}

/**
 * The state of the archives that a build from a lock is planned with: the lock's, and no archive is asked. Its addresses
 * must be those of the installation and of the spec: builders ask them, and the image keeps them as its sources.
 * @throws EngineError lock.does_not_fit, archive.not_configured
 */
export function lockedArchiveState(
  archive: Pick<PackageArchive, 'places'>,
  spec: ResolvedSpec,
  lock: BuildLock,
): ArchiveState {
  const { release, architecture } = spec.base;
  const fields: FieldError[] = [];
  for (const [field, wanted, locked] of [
    ['release', release, lock.base.release],
    ['architecture', architecture, lock.base.architecture],
  ] as const) {
    if (wanted === locked) continue;
    const remedy = `Use the lock of a build of ${wanted}, or write ${locked}.`;
    fields.push(misfit(`base.${field}`, `the lock is of ${quoted(locked)}, the spec of ${wanted}`, remedy));
  }
  needFit(fields);
  const suite = foreignSuite(lock, archive.places(release));
  if (suite !== undefined) {
    fields.push(
      misfit(
        'lock',
        `its packages are of ${quoted(suite.suite)} at another address than the archive of this installation`,
        'Build without the lock and lock that build, or ask the operator to configure the archive that it is of.',
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
  return lock.archive;
}
