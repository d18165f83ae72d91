import { type ArchivePackage, priorityOf } from '../../../../core/plan/programs/archive-package.ts';
import type { ProgramContext } from '../../contract.ts';
import { StepError } from '../../step-error.ts';
import type { WantedPackage } from './package-archives.ts';
import type { SignedIndexes } from './signed-indexes.ts';

type Archive = ProgramContext<unknown>['archive'];

/** Name of the archive of the spec that a suite is of; undefined for the distribution's. */
export function archiveOf(archive: Archive, suite: Archive['suites'][number]): string | undefined {
  return archive.extra?.find(({ suites }) => suites.includes(suite))?.name;
}

/** By archive, suite, name and architecture: the order in which a lock has them. */
export function inLockOrder(packages: readonly ArchivePackage[]): ArchivePackage[] {
  const order = ({ archive = '', suite, name, architecture }: ArchivePackage) =>
    `${archive}\0${suite}\0${name}\0${architecture}`;
  return packages.toSorted((a, b) => (order(a) < order(b) ? -1 : order(a) > order(b) ? 1 : 0));
}

/**
 * What apt takes from the archives, as the signed indexes tell of it.
 * @throws StepError step.failed where no index lists such a file
 */
export function takenPackages(
  archive: Archive,
  indexes: SignedIndexes,
  wanted: readonly WantedPackage[],
): ArchivePackage[] {
  const taken = wanted.map(({ file, size, sha256 }): ArchivePackage => {
    const name = file.slice(0, file.indexOf('_'));
    const listed = indexes.packages.file(name, sha256);
    const suite = listed && indexes.files[listed.index]?.suite;
    if (listed === undefined || suite === undefined) {
      throw new StepError('step.failed', `No index of the archive lists ${file}.`);
    }
    const { version, architecture, path } = listed;
    // What is in the minimal system the release's own suite says, which is the first, whatever a newer version has.
    const given = indexes.packages.priority(name, 0) ?? listed.priority;
    const [of, priority] = [archiveOf(archive, suite), priorityOf(given)];
    return {
      ...{ name, version, architecture, sha256, size, path, suite: suite.suite },
      ...(of === undefined ? {} : { archive: of }),
      ...(priority === undefined ? {} : { priority }),
    };
  });
  return inLockOrder(taken);
}
