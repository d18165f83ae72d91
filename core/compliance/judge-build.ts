import { findRequest } from '../approvals/requests.ts';
import type { BuildRecord, Failure, StepRecord } from '../builds/build-record.ts';
import type { InspectionFile } from '../builds/manifest.ts';
import { artifactPlace } from '../builds/places.ts';
import { sha256 } from '../digest.ts';
import type { NamedFile } from '../evidence/built-image.ts';
import { type EvidenceFile, evidenceFile } from '../evidence/evidence-file.ts';
import { readJson, utf8 } from '../json.ts';
import { inspectionStep } from '../plan/compliance-step.ts';
import { type Inspection, inspectionSchema } from '../plan/programs/inspection.ts';
import type { Blobs } from '../ports/blobs.ts';
import type { Clock } from '../ports/clock.ts';
import type { Table } from '../ports/table.ts';
import type { ResolvedSpec } from '../spec/schema.ts';
import type { BuildFacts } from './check.ts';
import { failingResults, judgeImage } from './judge.ts';
import type { ComplianceReport } from './report.ts';
import { reportHtml } from './report-html.ts';
import { waiverOwners } from './waiver-owners.ts';

export interface JudgePorts {
  readonly table: Table;
  readonly blobs: Pick<Blobs, 'get'>;
  readonly clock: Clock;
}

/** What an inspection wrote is gone, or is not what it was. */
export class InspectionDamaged extends Error {
  constructor(reason: string, cause?: unknown) {
    super(reason, { cause });
    this.name = 'InspectionDamaged';
  }
}

/** A build as it is judged. */
export interface BuildToJudge {
  readonly build: BuildRecord;
  readonly spec: ResolvedSpec;
  readonly steps: readonly StepRecord[];
  readonly artifacts: readonly NamedFile[];
  readonly vulnerabilities?: BuildFacts['vulnerabilities'];
}

/**
 * Judges a build by the profiles of its spec, by today’s checks, members and day; undefined where the spec names none.
 * @throws InspectionDamaged
 */
export async function judgeBuild(ports: JudgePorts, judged: BuildToJudge): Promise<ComplianceReport | undefined> {
  const { build, spec, steps, artifacts, vulnerabilities } = judged;
  const settings = spec.compliance;
  if (settings === undefined) return undefined;
  const file = steps.find(({ id }) => id === inspectionStep)?.inspection;
  if (file === undefined) throw new InspectionDamaged('the build has no inspection');
  const [inspection, problems, approvals] = await Promise.all([
    readInspection(ports.blobs, build.tenantId, file),
    waiverOwners(
      ports.table,
      build.tenantId,
      settings.waivers.map(({ owner }) => owner),
    ),
    approvalsOf(ports.table, build),
  ]);
  return judgeImage({
    ...{ spec, settings, inspection, now: ports.clock.now() },
    build: { evidence: artifacts.length > 0, specDigest: build.specDigest, approvals, vulnerabilities },
    ownerProblem: (owner) => problems.get(owner),
  });
}

/** What is kept of a report with its build. */
export const summaryOf = ({ state, profiles }: ComplianceReport): NonNullable<BuildRecord['compliance']> => ({
  state,
  profiles: profiles.map(({ id, state: own, counts }) => ({ id, state: own, counts })),
});

/** A report as the files that are kept of it. */
export function reportFiles(report: ComplianceReport, { build, spec, artifacts }: BuildToJudge): EvidenceFile[] {
  const page = reportHtml(report, {
    ...{ name: spec.name, buildId: build.id, specDigest: build.specDigest },
    artifacts: artifacts.map(({ name, sha256: digest }) => ({ name, sha256: digest })),
  });
  return [
    evidenceFile('compliance', utf8(`${JSON.stringify(report, undefined, 1)}\n`)),
    evidenceFile('compliance-page', utf8(page)),
  ];
}

/** Why a build whose profiles are enforced ends without being published; undefined where nothing stands in the way. */
export function complianceFailure(report: ComplianceReport, spec: ResolvedSpec): Failure | undefined {
  const open = failingResults(report);
  if (spec.compliance?.enforce !== true || open.length === 0) return undefined;
  const voided = new Map(
    report.voidWaivers.map(({ check, problem, expires }) => [
      check,
      `; its waiver does not hold: ${problem} (${expires})`,
    ]),
  );
  const lines = open.map(
    ({ check, state, title, evidence: [first = ''] }) =>
      `${check} (${state}): ${title}: ${first}${voided.get(check) ?? ''}`,
  );
  return {
    code: 'compliance.failed',
    reason:
      `${open.length} checks of ${spec.compliance.profiles.join(', ')} do not pass: ${open.map(({ check }) => check).join(', ')}`.slice(
        0,
        2_000,
      ),
    step: inspectionStep,
    logTail: lines.slice(0, 40).map((line) => line.slice(0, 500)),
  };
}

async function readInspection(blobs: Pick<Blobs, 'get'>, tenantId: string, file: InspectionFile): Promise<Inspection> {
  const bytes = await blobs.get(artifactPlace(tenantId, file.sha256));
  if (bytes === undefined) throw new InspectionDamaged('the store does not have the inspection');
  if (sha256(bytes) !== file.sha256) throw new InspectionDamaged('the inspection has another digest');
  try {
    return inspectionSchema.parse(readJson(bytes));
  } catch (error) {
    throw new InspectionDamaged('the inspection cannot be read', error);
  }
}

/** How many have approved a build, at either gate. */
async function approvalsOf(table: Table, { approvals }: BuildRecord): Promise<number> {
  const ids = [approvals?.build, approvals?.publish].filter((id) => id !== undefined);
  const requests = await Promise.all(ids.map((id) => findRequest(table, id)));
  return requests.reduce((sum, request) => sum + (request?.state === 'approved' ? (request.votes?.length ?? 0) : 0), 0);
}
