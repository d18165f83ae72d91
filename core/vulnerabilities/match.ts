import { EngineError } from '../errors.ts';
import type { InstalledPackage } from '../evidence/installed-packages.ts';
import { byCodeUnits, quoted } from '../text.ts';
import type { Advisory } from './advisory.ts';
import type { AdvisoryIndex } from './advisory-index.ts';
import { affectedBy } from './affected.ts';
import { type DebianVersion, parseDebianVersion } from './debian-version.ts';
import type { Finding } from './finding.ts';
import { type InstalledSource, installedSource } from './installed-source.ts';
import { vulnerabilityLimits as limits } from './limits.ts';
import { bySeverity } from './severity.ts';

/** What a build knows of an installed package (core/evidence/package-list.ts). */
export type ScannedPackage = Omit<InstalledPackage, 'licences'>;

export interface Match {
  /** The most severe first, then by id, source package and version. */
  readonly findings: readonly Finding[];
  /** Names of packages of which nothing is said, since their version is none or one of too many, sorted. */
  readonly unjudged: readonly string[];
}

/**
 * The vulnerabilities of an image's packages, by source package and its version.
 * @param release code name of the image's release
 * @throws EngineError vulnerabilities.no_data where the index has no data of the release: nothing found would be no answer
 */
export function matchPackages(packages: readonly ScannedPackage[], index: AdvisoryIndex, release: string): Match {
  if (!index.covers(release)) {
    throw new EngineError('vulnerabilities.no_data', `the vulnerability data says nothing of ${quoted(release)}`);
  }
  const groups = new Map<string, Group>();
  const versions = new Map<string, number>();
  const unjudged: string[] = [];
  for (const installed of packages) {
    const { source, version } = installedSource(installed);
    const order = parseDebianVersion(version);
    if (order === undefined) {
      unjudged.push(installed.name);
      continue;
    }
    const key = `${source}\0${version}`;
    const known = groups.get(key);
    if (known !== undefined) {
      known.packages.push(installed);
      continue;
    }
    const count = (versions.get(source) ?? 0) + 1;
    if (count > limits.versionsOfSource) {
      unjudged.push(installed.name);
      continue;
    }
    versions.set(source, count);
    groups.set(key, { source, version, order, packages: [installed] });
  }
  const findings = [...groups.values()].flatMap((group) => findingsOf(group, index.of(release, group.source)));
  return { findings: findings.sort(byUrgency), unjudged: unjudged.sort(byCodeUnits) };
}

/** The packages of an image that are built from one version of a source package. */
interface Group extends InstalledSource {
  readonly order: DebianVersion;
  readonly packages: ScannedPackage[];
}

function findingsOf({ source, version, order, packages }: Group, advisories: readonly Advisory[]): Finding[] {
  if (advisories.length === 0) return [];
  const binaries = packages
    .map(({ name, version: own, architecture }) => ({ name, version: own, architecture }))
    .sort((a, b) => byCodeUnits(a.name, b.name) || byCodeUnits(a.architecture, b.architecture))
    .slice(0, limits.binaries);
  return advisories.flatMap((advisory): Finding[] => {
    if (advisory.status === 'not-affected') return [];
    const judged = affectedBy(order, advisory);
    if (!judged.affected) return [];
    const { fixedIn } = judged;
    const { severity, severitySource, description, references } = advisory;
    return [
      {
        ...{ advisory: advisory.id, source, version, binaries, binaryCount: packages.length },
        status: fixedIn === undefined ? advisory.status : 'fixed',
        ...(fixedIn === undefined ? {} : { fixedIn }),
        ...{ severity, severitySource, description, references },
      },
    ];
  });
}

function byUrgency(a: Finding, b: Finding): number {
  return (
    bySeverity(a.severity, b.severity) ||
    byCodeUnits(a.advisory, b.advisory) ||
    byCodeUnits(a.source, b.source) ||
    byCodeUnits(a.version, b.version)
  );
}
