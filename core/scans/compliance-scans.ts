import type { BuildRecord } from '../builds/build-record.ts';
import { storedSpec } from '../builds/resume.ts';
import { listArtifacts, listSteps } from '../builds/stage-repository.ts';
import { InspectionDamaged, judgeBuild, summaryOf } from '../compliance/judge-build.ts';
import { type ComplianceReport, complianceReportSchema } from '../compliance/report.ts';
import { EngineError } from '../errors.ts';
import type { Blobs } from '../ports/blobs.ts';
import type { TableWrite } from '../ports/table.ts';
import { hasLeft, workOf } from '../sharing/work-of.ts';
import { severeOf } from '../vulnerabilities/scan-at-end.ts';
import { type CheckChange, checkChanges, isOpenState } from './check-changes.ts';
import type { ComplianceScan, Scan } from './scan.ts';
import {
  type FoundScan,
  listScans,
  needScannable,
  readScanReport,
  type ScanPorts,
  scanWrites,
  storeScan,
} from './scan-repository.ts';

export interface RecheckPorts extends ScanPorts {
  readonly blobs: Pick<Blobs, 'get' | 'put' | 'delete'>;
}

/** What a recheck of a build came to. */
export interface Recheck {
  /** The new scan, or the last one where nothing is otherwise than that says. */
  readonly scan: ComplianceScan;
  /** Whether the scan is new. */
  readonly isNew: boolean;
  /** What is otherwise than the scan before said. */
  readonly changes: readonly CheckChange[];
  /** The spec enforces its profiles: such a build would fail today where it is not let through. */
  readonly enforced: boolean;
}

/**
 * Judges a stored build by the checks, members and day of today, from what its step `inspect` wrote: nothing is built.
 * A scan is stored where it says something else than the last one.
 * @throws EngineError compliance.not_judged, compliance.inspection_gone, artifact.purged
 */
export async function recheckCompliance(ports: RecheckPorts, build: BuildRecord): Promise<Recheck> {
  await needScannable(ports.table, build);
  const { report, enforced } = await judgeToday(ports, build);
  const [last] = await listScans(ports.table, build, 'compliance', 1);
  const changes = checkChanges(last === undefined ? undefined : await reportOf(ports, build, last), report);
  if (last !== undefined && changes.length === 0) return { scan: last, isNew: false, changes, enforced };
  const scan = await storeScan(ports, build, foundOf(report, 'request'), changeOf(changes, last));
  if (scan.kind !== 'compliance') throw new TypeError(`the scan ${scan.id} is of another kind`);
  return { scan, isNew: true, changes, enforced };
}

/** The writes that keep what a build was judged to be at its end as its first scan. */
export async function firstScanWrites(
  ports: ScanPorts,
  build: BuildRecord,
  report: ComplianceReport,
): Promise<readonly TableWrite[]> {
  const change = changeOf(checkChanges(undefined, report), undefined);
  return (await scanWrites(ports, build, foundOf(report, 'build'), change)).writes;
}

const foundOf = (report: ComplianceReport, cause: Scan['cause']): FoundScan => ({
  ...{ kind: 'compliance', cause, report },
  ...summaryOf(report),
});

function changeOf(changes: readonly CheckChange[], last: Scan | undefined) {
  const appeared = changes.filter(({ before, after }) => isOpenState(after) && !isOpenState(before)).length;
  const gone = changes.filter(({ before, after }) => isOpenState(before) && !isOpenState(after)).length;
  return { before: last?.state, appeared, gone };
}

async function judgeToday(
  ports: RecheckPorts,
  build: BuildRecord,
): Promise<{ readonly report: ComplianceReport; readonly enforced: boolean }> {
  const [spec, steps, artifacts, [scanned]] = await Promise.all([
    storedSpec(ports.table, build.id),
    listSteps(ports.table, workOf(build)),
    listArtifacts(ports.table, workOf(build)),
    listScans(ports.table, build, 'vulnerabilities', 1),
  ]);
  if (spec.compliance === undefined || build.compliance === undefined || hasLeft(build)) {
    throw new EngineError('compliance.not_judged', `The build ${build.id} names no profiles, or was never judged.`);
  }
  try {
    const report = await judgeBuild(ports, {
      ...{ build, spec, steps, artifacts },
      ...(scanned === undefined ? {} : { vulnerabilities: severeOf(scanned.counts, scanned.at) }),
    });
    if (report === undefined) throw new TypeError('a spec with profiles has a report');
    return { report, enforced: spec.compliance.enforce };
  } catch (error) {
    if (!(error instanceof InspectionDamaged)) throw error;
    throw new EngineError('compliance.inspection_gone', `Of the build ${build.id} ${error.message}.`);
  }
}

/** What the last scan found; undefined where that is gone, so that all of the new one counts as new. */
async function reportOf(
  ports: RecheckPorts,
  build: BuildRecord,
  scan: ComplianceScan,
): Promise<ComplianceReport | undefined> {
  try {
    return complianceReportSchema.parse(await readScanReport(ports.blobs, build.tenantId, scan));
  } catch (error) {
    if (error instanceof EngineError && error.code === 'scan.damaged') return undefined;
    throw error;
  }
}
