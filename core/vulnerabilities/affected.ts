import type { Advisory, AffectedRange } from './advisory.ts';
import { compareDebianVersions, type DebianVersion, versionOf } from './debian-version.ts';

/** Whether a version lies in a range. */
function liesIn(version: DebianVersion, { introduced, fixed, lastAffected }: AffectedRange): boolean {
  if (introduced !== undefined && compareDebianVersions(version, versionOf(introduced)) < 0) return false;
  if (fixed !== undefined && compareDebianVersions(version, versionOf(fixed)) >= 0) return false;
  return lastAffected === undefined || compareDebianVersions(version, versionOf(lastAffected)) <= 0;
}

/**
 * Whether a version is affected, and the version that has the fix, where there is one. It may lie in several ranges
 * where several documents speak: then the last of the fixes is the one that helps.
 */
export function affectedBy(
  version: DebianVersion,
  { affected, versions }: Pick<Advisory, 'affected' | 'versions'>,
): { readonly affected: false } | { readonly affected: true; readonly fixedIn?: string } {
  const ranges = affected.filter((range) => liesIn(version, range));
  if (ranges.length === 0) {
    return { affected: versions.some((listed) => compareDebianVersions(version, versionOf(listed)) === 0) };
  }
  let fixedIn: string | undefined;
  for (const { fixed } of ranges) {
    if (fixed === undefined) return { affected: true };
    if (fixedIn === undefined || compareDebianVersions(versionOf(fixed), versionOf(fixedIn)) > 0) fixedIn = fixed;
  }
  return fixedIn === undefined ? { affected: true } : { affected: true, fixedIn };
}

/** Those of some versions that lie in no range: ranges say the others. */
export function versionsBeside(ranges: readonly AffectedRange[], versions: readonly string[]): string[] {
  return versions.filter((listed) => {
    const version = versionOf(listed);
    return !ranges.some((range) => liesIn(version, range));
  });
}
