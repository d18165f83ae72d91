import { z } from 'zod';
import { byCodeUnits } from '../text.ts';
import { advisoryIdSchema, sourceNameSchema, versionSchema } from './advisory.ts';
import { compareVersionTexts } from './debian-version.ts';
import { vulnerabilityLimits as limits } from './limits.ts';
import type { ScanFinding, ScanRecord } from './scan.ts';
import { bySeverity, type Severity, severities } from './severity.ts';

/** A source package that a rebuild would bring in a version with fixes. */
export const packageToUpdateSchema = z.strictObject({
  source: sourceNameSchema.describe('Source package.'),
  installed: versionSchema.describe('Version of it in the image.'),
  fixedIn: versionSchema.describe('The version that has all of the fixes, or an earlier one than the release has now.'),
  severity: z.enum(severities).describe('The worst of what it fixes.'),
  advisories: z
    .array(advisoryIdSchema)
    .max(limits.rebuildAdvisories)
    .describe('What it fixes, the most severe first; the first few.'),
  advisoryCount: z.int().min(1).describe('How many they are.'),
});
export type PackageToUpdate = Readonly<z.infer<typeof packageToUpdateSchema>>;

export interface BuildToRebuild {
  readonly buildId: string;
  /** When it was scanned last. */
  readonly at: string;
  readonly severity: Severity;
  /** Findings that a rebuild would end. */
  readonly fixable: number;
  /** The most severe first. */
  readonly packages: readonly PackageToUpdate[];
}

/**
 * The builds of which a rebuild would end findings, by the last scan of each: whichever has the most of the worst
 * severity first. A waiver changes nothing: the fix is there.
 */
export function rebuildList(scans: readonly ScanRecord[]): BuildToRebuild[] {
  const latest = new Map<string, ScanRecord>();
  for (const scan of scans) {
    const known = latest.get(scan.buildId);
    if (known === undefined || known.at < scan.at) latest.set(scan.buildId, scan);
  }
  const entries = [...latest.values()].flatMap((scan) => {
    const fixable = scan.findings.filter(isFixable);
    const packages = packagesOf(fixable);
    const [first] = packages;
    if (first === undefined) return [];
    const build = { buildId: scan.buildId, at: scan.at, severity: first.severity, fixable: fixable.length, packages };
    const counts = severities.map((severity) => fixable.filter((finding) => finding.severity === severity).length);
    return [{ build, counts }];
  });
  return entries
    .sort((a, b) => byCounts(a.counts, b.counts) || byCodeUnits(a.build.buildId, b.build.buildId))
    .map(({ build }) => build);
}

type Fixable = ScanFinding & { readonly fixedIn: string };
const isFixable = (finding: ScanFinding): finding is Fixable => finding.fixedIn !== undefined;

/** More of the worst severity goes first; where that is equal, more of the next. */
function byCounts(a: readonly number[], b: readonly number[]): number {
  return a.map((count, place) => (b[place] ?? 0) - count).find((difference) => difference !== 0) ?? 0;
}

function packagesOf(findings: readonly Fixable[]): PackageToUpdate[] {
  const bySource = new Map<string, Fixable[]>();
  for (const finding of findings) {
    const key = `${finding.source}\0${finding.version}`;
    const known = bySource.get(key);
    if (known === undefined) bySource.set(key, [finding]);
    else known.push(finding);
  }
  return [...bySource.values()].map(packageOf).sort(byUrgency);
}

function packageOf(findings: readonly Fixable[]): PackageToUpdate {
  // Findings are sorted as a scan has them, so the first is the worst.
  const [worst, ...others] = findings;
  if (worst === undefined) throw new Error('a package to update needs a finding');
  return {
    ...{ source: worst.source, installed: worst.version, severity: worst.severity },
    fixedIn: others.reduce(
      (newest, { fixedIn }) => (compareVersionTexts(fixedIn, newest) > 0 ? fixedIn : newest),
      worst.fixedIn,
    ),
    advisories: findings.slice(0, limits.rebuildAdvisories).map(({ advisory }) => advisory),
    advisoryCount: findings.length,
  };
}

function byUrgency(a: PackageToUpdate, b: PackageToUpdate): number {
  return bySeverity(a.severity, b.severity) || byCodeUnits(a.source, b.source) || byCodeUnits(a.installed, b.installed);
}
