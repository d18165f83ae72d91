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
import { vulnerabilitySummarySchema } from '../vulnerabilities/summary.ts';
import { type BuildRecord, type Failure, failureSchema } from './build-record.ts';
import { findBuild } from './build-repository.ts';
import { estimateView, estimateViewSchema } from './estimate-view.ts';
import { type EvidenceRecord, listEvidence } from './evidence-record.ts';
import { buildStates, isTerminal, type WorkState, workStates } from './lifecycle.ts';
import { stageTimesSchema } from './manifest.ts';
import { printable } from './printable.ts';
import { listArtifacts, listAttempts, listProgress, listStages, listSteps } from './stage-repository.ts';
import { listTestFiles, type TestFile, testFileKinds } from './test-evidence.ts';
import { warningSchema } from './warning.ts';

const stepViewSchema = z
  .strictObject({
    id: z.string(),
    state: z.enum(workStates),
    hit: z.boolean().describe('Taken from the cache: nothing ran.'),
    program: z.string().optional(),
    bytes: z.number().int().optional().describe('Of its layer, module or artifact.'),
    percent: z.number().int().min(0).max(100),
    attempt: z.number().int().describe('The attempt that did it; 0 for a hit or before it ran.'),
    startedAt: z.string().optional(),
    endedAt: z.string().optional(),
    milliseconds: z.strictObject({ program: z.number().int(), capture: z.number().int() }).optional(),
    facts: z.record(z.string(), z.string()),
  })
  .meta({ id: 'Step' });

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
    stages: z.array(
      z
        .strictObject({
          id: z.string(),
          state: z.enum(workStates),
          trust: z.enum(['service', 'tenant', 'seal']),
          needs: z.array(z.string()),
          attempts: z.number().int().describe('Builders that were started for it.'),
          startedAt: z.string().optional(),
          endedAt: z.string().optional(),
          milliseconds: stageTimesSchema
            .optional()
            .describe('Where the time of its latest builder went, by the builder’s own clock.'),
          steps: z.array(stepViewSchema),
        })
        .meta({ id: 'Stage' }),
    ),
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
  const done = new Map(steps.map((step) => [step.id, step]));
  const over = isTerminal(build.state);
  const views = stages.map(({ value: stage }) => {
    const attempt = attempts.find((one) => one.value.stage === stage.id && one.value.attempt === stage.attempt)?.value;
    const current =
      attempt?.state === 'live'
        ? progress.find((one) => one.stage === stage.id && one.attempt === attempt.attempt)
        : undefined;
    const currentPosition = current === undefined ? -1 : stage.steps.indexOf(current.step);
    // What a cancellation or a failure elsewhere left standing is told as its end, not as work that goes on.
    const left: WorkState = build.state === 'cancelled' ? 'cancelled' : 'skipped';
    const unsettled = stage.state === 'pending' || stage.state === 'running';
    const state = over && unsettled ? left : stage.state;
    return {
      id: stage.id,
      state,
      trust: stage.trust,
      needs: stage.needs,
      attempts: stage.attempt,
      ...(stage.startedAt === undefined ? {} : { startedAt: stage.startedAt }),
      ...(stage.endedAt === undefined ? {} : { endedAt: stage.endedAt }),
      ...(attempt?.milliseconds === undefined ? {} : { milliseconds: attempt.milliseconds }),
      steps: stage.steps.map((id, position) => {
        const record = done.get(id);
        if (record !== undefined) {
          const { layer: _, inspection: __, ...told } = record;
          return { ...told, facts: shownFacts(record.facts), state: 'succeeded' as const, percent: 100 };
        }
        // A step before the one that the builder reports is done, though its receipt is settled only with the stage.
        if (state === 'running' && position < currentPosition) {
          return { id, hit: false, attempt: stage.attempt, facts: {}, percent: 100, state: 'succeeded' as const };
        }
        const own = current?.step === id ? current : undefined;
        return {
          id,
          hit: false,
          attempt: 0,
          facts: {},
          percent: own?.percent ?? 0,
          state: stepState(id, state, own !== undefined),
        };
      }),
    };
    function stepState(id: string, stageState: WorkState, now: boolean): WorkState {
      if (stageState === 'running') return now ? 'running' : 'pending';
      if (stageState === 'failed') return stage.failure?.step === id ? 'failed' : 'skipped';
      return stageState;
    }
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

function shownFacts(facts: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(facts).map(([name, value]) => [printable(name), printable(value)]));
}
