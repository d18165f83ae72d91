import type { BuildRecord, Failure } from '../../../core/builds/build-record.ts';
import {
  type BuildToJudge,
  complianceFailure,
  type JudgePorts,
  judgeBuild,
  reportFiles,
  summaryOf,
} from '../../../core/compliance/judge-build.ts';
import type { ComplianceReport } from '../../../core/compliance/report.ts';
import type { EvidenceFile } from '../../../core/evidence/evidence-file.ts';
import type { ScannedPackage } from '../../../core/vulnerabilities/match.ts';
import type { ScanRecord } from '../../../core/vulnerabilities/scan.ts';
import {
  scanAtEnd,
  scanFile,
  severeOf,
  summaryOfScan,
  vulnerabilityFailure,
} from '../../../core/vulnerabilities/scan-at-end.ts';

/** What was found of an image. */
export interface JudgedImage {
  /** By its compliance profiles; absent: its spec names none. */
  readonly report?: ComplianceReport;
  /** The files of that. */
  readonly reports: readonly EvidenceFile[];
  /** What is known of its packages; absent: there is no data of its release. */
  readonly scan?: ScanRecord;
  /** The file of that, if any. */
  readonly scans: readonly EvidenceFile[];
  readonly fields: Pick<BuildRecord, 'compliance' | 'vulnerabilities'>;
  /** Why it is not to be published. */
  readonly failure?: Failure;
}

/**
 * Scans the packages of an image, and judges it by its compliance profiles, one of whose checks is of what was scanned. An
 * image without artifacts has no packages that anybody gets, and is not scanned.
 * @throws InspectionDamaged; EngineError vulnerabilities.no_data
 */
export async function judgeFindings(
  ports: JudgePorts,
  { packages, ...built }: BuildToJudge & { readonly packages: readonly ScannedPackage[] },
): Promise<JudgedImage> {
  const { build, spec, artifacts } = built;
  const scan = artifacts.length === 0 ? undefined : await scanAtEnd(ports, { build, spec, packages });
  const report = await judgeBuild(ports, {
    ...built,
    ...(scan === undefined ? {} : { vulnerabilities: severeOf(scan.counts, scan.data.takenAt ?? scan.at) }),
  });
  const failure =
    (report === undefined ? undefined : complianceFailure(report, spec)) ??
    (scan === undefined ? undefined : vulnerabilityFailure(scan));
  return {
    ...(report === undefined ? {} : { report }),
    reports: report === undefined ? [] : reportFiles(report, built),
    ...(scan === undefined ? {} : { scan }),
    scans: scan === undefined ? [] : [scanFile(scan)],
    fields: {
      ...(report === undefined ? {} : { compliance: summaryOf(report) }),
      ...(scan === undefined ? {} : { vulnerabilities: summaryOfScan(scan) }),
    },
    ...(failure === undefined ? {} : { failure }),
  };
}
