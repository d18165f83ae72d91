import type { BuildRecord, Failure } from '../builds/build-record.ts';
import { waiverOwners } from '../compliance/waiver-owners.ts';
import { EngineError } from '../errors.ts';
import { type EvidenceFile, evidenceFile } from '../evidence/evidence-file.ts';
import { utf8 } from '../json.ts';
import type { Blobs } from '../ports/blobs.ts';
import type { Clock } from '../ports/clock.ts';
import type { Table } from '../ports/table.ts';
import type { ResolvedSpec } from '../spec/schema.ts';
import type { ScannedPackage } from './match.ts';
import { type OpenData, openData } from './open-data.ts';
import { type ScanRecord, scanBuild } from './scan.ts';
import type { VulnerabilitySummary } from './summary.ts';

export interface ScanPorts {
  readonly table: Table;
  readonly blobs: Pick<Blobs, 'get'>;
  readonly clock: Clock;
}

/** A build with what is installed in its image. */
export interface BuildToScan {
  readonly build: Pick<BuildRecord, 'id' | 'tenantId'>;
  readonly spec: ResolvedSpec;
  readonly packages: readonly ScannedPackage[];
}

/**
 * Scans a build by the data that there is, by today's members and day.
 * @throws EngineError vulnerabilities.no_data where it says nothing of the release
 */
export async function scanWith(
  ports: ScanPorts,
  data: OpenData,
  { build, spec, packages }: BuildToScan,
): Promise<ScanRecord> {
  const { release } = spec.base;
  const policy = spec.vulnerabilities;
  const owners = (policy?.waivers ?? []).map(({ owner }) => owner);
  const [index, problems] = await Promise.all([
    data.indexFor(release, packages),
    waiverOwners(ports.table, build.tenantId, owners),
  ]);
  return scanBuild({
    ...{ buildId: build.id, now: ports.clock.now(), release, packages, index },
    ...(policy === undefined ? {} : { policy }),
    ownerProblem: (owner) => problems.get(owner),
  });
}

/**
 * Scans a build that is about to end well; undefined where there is no data of its release, and its spec has no gate.
 * @throws EngineError vulnerabilities.no_data where it has one
 */
export async function scanAtEnd(ports: ScanPorts, built: BuildToScan): Promise<ScanRecord | undefined> {
  const data = await openData(ports);
  needData(data, built.spec);
  if (data?.covers(built.spec.base.release) !== true) return undefined;
  try {
    return await scanWith(ports, data, built);
  } catch (error) {
    const isGone = error instanceof EngineError && error.code === 'vulnerabilities.no_data';
    if (isGone && built.spec.vulnerabilities?.failOn === undefined) return undefined;
    throw error;
  }
}

/**
 * Refuses a spec with a gate where nothing could be judged: a gate that passes by not knowing would be none.
 * @throws EngineError vulnerabilities.no_data
 */
export function needData(data: OpenData | undefined, { base, vulnerabilities }: ResolvedSpec): void {
  if (vulnerabilities?.failOn === undefined || data?.covers(base.release) === true) return;
  throw new EngineError(
    'vulnerabilities.no_data',
    `the spec has a gate (vulnerabilities.failOn), and the installation has no vulnerability data of ${base.release}`,
  );
}

/** Findings that a failure names in its reason, and in its lines. */
const [namedInReason, namedInLines] = [20, 40];

/** Why a build whose gate fails ends without being published; undefined where it passes. */
export function vulnerabilityFailure(scan: ScanRecord): Failure | undefined {
  if (scan.verdict === 'pass') return undefined;
  const failing = scan.findings.filter(({ gate }) => gate === 'fails');
  const names = failing.slice(0, namedInReason).map(({ advisory, source }) => `${advisory} in ${source}`);
  const voided = new Map(scan.waiversVoid.map(({ advisory, why, expires }) => [advisory, `${why} (${expires})`]));
  const more = scan.failing - names.length;
  return {
    code: 'vulnerabilities.failed',
    reason: `${scan.failing} ${scan.failing === 1 ? 'vulnerability' : 'vulnerabilities'} of severity ${scan.policy.failOn} or worse${scan.policy.onlyFixed ? ' that have a fix' : ''}: ${names.join(', ')}${more > 0 ? `, and ${more} more` : ''}`,
    logTail: failing.slice(0, namedInLines).map(({ advisory, source, version, severity, fixedIn, description }) => {
      const fix = fixedIn === undefined ? 'no fix yet' : `fixed in ${fixedIn}`;
      const waiver = voided.get(advisory);
      const told = waiver === undefined ? '' : `; its waiver does not hold: ${waiver}`;
      return `${advisory} (${severity}) in ${source} ${version}, ${fix}${told}: ${description}`.slice(0, 500);
    }),
  };
}

/** A scan as the file that is kept of it. */
export const scanFile = (scan: ScanRecord): EvidenceFile =>
  evidenceFile('vulnerabilities', utf8(`${JSON.stringify(scan, undefined, 1)}\n`));

/** What is kept of a scan with its build. */
export function summaryOfScan({
  at,
  verdict,
  counts,
  undetermined,
  failing,
  waived,
  data,
}: ScanRecord): VulnerabilitySummary {
  return {
    ...{ at, verdict, counts, undetermined, failing, waived, dataDigest: data.digest },
    ...(data.takenAt === undefined ? {} : { dataTakenAt: data.takenAt }),
  };
}

/**
 * What a check of compliance profiles is told of a scan: what is known, of a high or critical severity.
 * @param dataFrom when the data is from, or when it was scanned
 */
export const severeOf = ({ critical, high }: ScanRecord['counts'], dataFrom: string) => ({
  open: critical.found + high.found,
  fixable: critical.fixable + high.fixable,
  dataFrom,
});
