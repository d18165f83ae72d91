import { z } from 'zod';
import { findRequest } from '../approvals/requests.ts';
import { buildApproval, buildApprovalSchema } from '../approvals/views.ts';
import { complianceSummarySchema } from '../compliance/report.ts';
import { errorCatalogue } from '../error-catalogue.ts';
import { evidenceKinds } from '../evidence/evidence-file.ts';
import type { BuildPlugins } from '../plugins/stored-runs.ts';
import type { Table } from '../ports/table.ts';
import type { Outlook } from '../queue/outlook.ts';
import { priorities, usualPriority } from '../queue/priority.ts';
import { workOf } from '../sharing/work-of.ts';
import { versionReferenceSchema } from '../templates/template-record.ts';
import { severities } from '../vulnerabilities/severity.ts';
import { vulnerabilitySummarySchema } from '../vulnerabilities/summary.ts';
import { type BuildRecord, type Failure, failureSchema } from './build-record.ts';
import { findBuild } from './build-repository.ts';
import { estimateView, estimateViewSchema } from './estimate-view.ts';
import { type EvidenceRecord, listEvidence } from './evidence-record.ts';
import { buildStates, isTerminal } from './lifecycle.ts';
import { printable } from './printable.ts';
import { listArtifacts, listAttempts, listProgress, listStages, listSteps } from './stage-repository.ts';
import { stageViewSchema, stageViews } from './stage-view.ts';
import { listTestFiles, type TestFile, testFileKinds } from './test-evidence.ts';
import { warningSchema } from './warning.ts';

const evidenceViewSchema = z
  .strictObject({
    name: z.string(),
    kind: z.enum([...evidenceKinds, ...testFileKinds]),
    size: z.number().int().describe('Bytes.'),
    sha256: z.string(),
    downloadUrl: z.string().describe('Redirects whoever may read the build’s artifacts to the download.'),
  })
  .meta({ id: 'Evidence' });

const failureViewSchema = failureSchema.extend({ remedy: z.string() }).meta({ id: 'Failure' });
type FailureView = z.infer<typeof failureViewSchema>;

/** A build as users see it: where it is, and why it ended. */
export const buildViewSchema = z
  .strictObject({
    id: z.string().describe('The build’s id.'),
    name: z.string().describe('The name in its spec.'),
    teamId: z.string().optional().describe('The team that it belongs to; absent: none.'),
    state: z.enum(buildStates),
    ended: z.boolean().describe('True where nothing more will happen to it.'),
    specDigest: z.string().describe('SHA-256 of the resolved spec.'),
    planDigest: z.string().optional().describe('SHA-256 of the plan, once there is one.'),
    submittedAt: z.string(),
    plannedAt: z.string().optional(),
    archiveReadAt: z
      .string()
      .optional()
      .describe('Present where the archive did not answer: the build was planned for its state of this time.'),
    startedAt: z.string().optional(),
    endedAt: z.string().optional(),
    cancelRequested: z.boolean(),
    keepGoing: z.boolean().describe('True: a failure ends only what needs the failed step.'),
    priority: z.enum(priorities).describe('How much it matters among the builds of its team.'),
    resumedFrom: z.string().optional().describe('The build whose work it goes on with.'),
    retryOf: z.string().optional().describe('The build that it repeats.'),
    rebuild: z
      .strictObject({
        scan: z.string().describe('The scan of the build that it repeats which said so.'),
        data: z.string().describe('SHA-256 of the vulnerability data of that scan.'),
        severity: z.enum(severities).describe('The worst of what it is to end.'),
      })
      .optional()
      .describe('There where the engine made it by itself, since later packages have fixes.'),
    purpose: z
      .enum(['warm', 'verify'])
      .optional()
      .describe(
        'warm: it makes only what all tenants share, ahead of need. verify: it makes again what another build made.',
      ),
    verifies: z.string().optional().describe('The build that it verifies.'),
    sharedWith: z
      .string()
      .optional()
      .describe(
        'The build whose work it shares: of the same plan, and there before it. Nothing runs for this one alone.',
      ),
    template: versionReferenceSchema.optional().describe('The version of a template that its spec lay over.'),
    warnings: z.array(warningSchema).optional().describe('What you should know of it, though it is built.'),
    publication: z
      .enum(['held', 'published', 'refused'])
      .optional()
      .describe('There where policies ask for approval of what it made: held until that, refused for good.'),
    compliance: complianceSummarySchema
      .optional()
      .describe('What its image is by the profiles of its spec, once it is judged; the evidence has the report.'),
    vulnerabilities: vulnerabilitySummarySchema
      .optional()
      .describe('What the scan at its end found, where there is data of its release; the evidence has the findings.'),
    plugins: z
      .strictObject({
        runs: z
          .number()
          .int()
          .describe('Runs of the tenant’s plugins until it was planned; GET …/plugin-runs has them.'),
        failed: z.number().int().describe('Of these, those that failed.'),
        askApproval: z.array(z.string()).exactOptional().describe('Names of those that ask for approval of it.'),
      })
      .optional()
      .describe('There where plugins of the tenant judged it.'),
    failure: failureViewSchema.optional().describe('Why it failed: code, step, last log lines.'),
  })
  .meta({ id: 'Build' });
export type BuildView = z.infer<typeof buildViewSchema>;

export const buildDetailSchema = z
  .strictObject({
    ...buildViewSchema.shape,
    percent: z
      .number()
      .int()
      .min(0)
      .max(100)
      .describe('Share of the steps that are done; 100 only of a build that succeeded.'),
    position: z
      .number()
      .int()
      .min(1)
      .optional()
      .describe('Of a queued build, by what is known now: 1 where it starts next of all that wait.'),
    estimatedStart: z.string().optional().describe('When it is thought to start, if nobody else comes.'),
    estimate: estimateViewSchema.optional(),
    approval: buildApprovalSchema
      .optional()
      .describe('Where it waits for approval, or did: before the queue, or of what it made.'),
    evidence: z
      .array(evidenceViewSchema)
      .describe(
        'What tells and proves how it was made, of a build that made artifacts; and of each boot test what its machine showed, whether it was passed or not.',
      ),
    stages: z.array(stageViewSchema),
  })
  .meta({ id: 'BuildDetail' });
export type BuildDetail = z.infer<typeof buildDetailSchema>;

/** What to do about a code; one that is not in the catalogue is the service's own mistake. */
function remedyOf(code: string): string {
  const known = Object.entries(errorCatalogue).find(([name]) => name === code)?.[1];
  return (known ?? errorCatalogue['internal.error']).remedy;
}

/** Evidence is of a build that succeeded, or that what was found of its image kept from being published. */
export const hasEvidence = ({
  state,
  compliance,
  vulnerabilities,
}: Pick<BuildRecord, 'state' | 'compliance' | 'vulnerabilities'>): boolean =>
  state === 'succeeded' || (state === 'failed' && (compliance !== undefined || vulnerabilities !== undefined));

/** A failure as it may be shown: builds wrote its texts. */
function failureView(failure: Failure): FailureView {
  return {
    ...failure,
    reason: printable(failure.reason),
    remedy: remedyOf(failure.code),
    logTail: failure.logTail.map(printable),
  };
}

/** The view of a build without its stages, as lists show it. */
export function buildView(build: BuildRecord): BuildView {
  return {
    id: build.id,
    name: build.name,
    ...(build.teamId === undefined ? {} : { teamId: build.teamId }),
    state: build.state,
    ended: isTerminal(build.state),
    specDigest: build.specDigest,
    ...(build.planDigest === undefined ? {} : { planDigest: build.planDigest }),
    submittedAt: build.submittedAt,
    ...(build.plannedAt === undefined ? {} : { plannedAt: build.plannedAt }),
    ...(build.archiveReadAt === undefined ? {} : { archiveReadAt: build.archiveReadAt }),
    ...(build.startedAt === undefined ? {} : { startedAt: build.startedAt }),
    ...(build.endedAt === undefined ? {} : { endedAt: build.endedAt }),
    cancelRequested: build.cancelRequestedAt !== undefined,
    keepGoing: build.keepGoing === true,
    priority: build.priority ?? usualPriority,
    ...(build.resumedFrom === undefined ? {} : { resumedFrom: build.resumedFrom }),
    ...(build.retryOf === undefined ? {} : { retryOf: build.retryOf }),
    ...(build.rebuild === undefined ? {} : { rebuild: build.rebuild }),
    ...(build.purpose === undefined ? {} : { purpose: build.purpose }),
    ...(build.verifies === undefined ? {} : { verifies: build.verifies }),
    ...(build.sharesWith === undefined ? {} : { sharedWith: build.sharesWith }),
    ...(build.template === undefined ? {} : { template: build.template }),
    ...(build.warnings === undefined ? {} : { warnings: build.warnings }),
    ...(build.publication === undefined ? {} : { publication: build.publication }),
    ...(build.compliance === undefined ? {} : { compliance: build.compliance }),
    ...(build.vulnerabilities === undefined ? {} : { vulnerabilities: build.vulnerabilities }),
    ...(build.plugins === undefined ? {} : { plugins: pluginsView(build.plugins) }),
    ...(build.failure === undefined || build.state === 'cancelled' ? {} : { failure: failureView(build.failure) }),
  };
}

function pluginsView({ runs, failed, planned, approval }: BuildPlugins): NonNullable<BuildView['plugins']> {
  return {
    ...{ runs: runs + (planned?.runs ?? 0), failed: failed + (planned?.failed ?? 0) },
    ...(approval === undefined ? {} : { askApproval: approval.map(({ name }) => name) }),
  };
}

/**
 * The view of a build with its stages and steps, from the table alone.
 * @param apiUrl address of the API without a trailing slash
 * @param outlook of a queued build, where somebody knows it
 */
export async function buildDetail(
  table: Table,
  build: BuildRecord,
  apiUrl: string,
  outlook?: Outlook,
): Promise<BuildDetail> {
  const requestId = build.approvals?.publish ?? build.approvals?.build;
  const workId = workOf(build);
  const [work, stages, steps, attempts, artifacts, progress, evidence, testFiles, request] = await Promise.all([
    workId === build.id ? build : findBuild(table, workId).then((found) => found?.value),
    listStages(table, workId),
    listSteps(table, workId),
    listAttempts(table, workId),
    listArtifacts(table, workId),
    isTerminal(build.state) ? [] : listProgress(table, workId),
    hasEvidence(build) ? listEvidence(table, workId) : [],
    build.tested === true ? listTestFiles(table, workId) : [],
    requestId === undefined ? undefined : findRequest(table, requestId),
  ]);
  // What it took is what its work took, whenever it came to share that.
  const estimate = estimateView(
    { ...build, startedAt: work?.startedAt, endedAt: work?.endedAt },
    {
      stages: stages.map(({ value }) => value),
      attempts: attempts.map(({ value }) => value),
      artifacts,
    },
  );
  const views = stageViews(build, {
    stages: stages.map(({ value }) => value),
    attempts: attempts.map(({ value }) => value),
    ...{ steps, progress },
  });
  const all = views.flatMap((stage) => stage.steps);
  const sum = all.reduce((total, step) => total + step.percent, 0);
  const percent = all.length === 0 ? 0 : Math.min(99, Math.floor(sum / all.length));
  return {
    ...buildView(build),
    ...(outlook === undefined
      ? {}
      : { position: outlook.position, estimatedStart: new Date(outlook.startsAt).toISOString() }),
    percent: build.state === 'succeeded' ? 100 : percent,
    ...(estimate === undefined ? {} : { estimate }),
    ...(request === undefined ? {} : { approval: buildApproval(request) }),
    evidence: [...evidence, ...testFiles].map((file) => evidenceView(file, build.id, apiUrl)),
    stages: views,
  };
}

function evidenceView(
  file: EvidenceRecord | TestFile,
  buildId: string,
  apiUrl: string,
): BuildDetail['evidence'][number] {
  const { name, kind, size, sha256 } = file;
  return { name, kind, size, sha256, downloadUrl: `${apiUrl}/v1/builds/${buildId}/evidence/${name}` };
}
