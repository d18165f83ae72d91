import { z } from 'zod';
import { approvalGates } from '../approvals/policy.ts';
import { requestStates } from '../approvals/request.ts';
import { workStates } from '../builds/lifecycle.ts';
import type { JsonObject } from '../digest.ts';
import { toJsonObject } from '../json.ts';
import { quotaNames } from '../quota/tiers.ts';
import { scanCauses, scanKinds, scanStates } from '../scans/scan.ts';
import { severities } from '../vulnerabilities/severity.ts';
import type { EngineEvent, EventType } from './event.ts';

/**
 * What an event says beside its type. Members may be added, optional ones, so that what is stored or on its way stays
 * readable; whatever else changes makes a new version.
 */
export interface EventDeclaration {
  readonly version: 1;
  /** public: its tenant may have it sent to a webhook. internal: it is between parts of the engine. */
  readonly audience: 'public' | 'internal';
  /** What has become true, in one line. */
  readonly meaning: string;
  /** Ids and outcomes: no text of a spec, nothing secret. Members that it does not know are dropped. */
  readonly detail: z.ZodObject;
}

const buildId = z.string().describe('The build.');
const milliseconds = (what: string) => z.number().int().min(0).optional().describe(`Milliseconds ${what}.`);
const code = z.string().optional().describe('Stable code of what went wrong; absent: nothing did.');

/** What tells whose build it is, and of what. */
const build = {
  buildId,
  teamId: z.string().optional().describe('The team that the build belongs to; absent: the tenant alone.'),
  template: z
    .object({ id: z.string(), version: z.number().int().min(1) })
    .optional()
    .describe('The version of a template that it was made from.'),
  purpose: z
    .enum(['warm', 'verify'])
    .optional()
    .describe('What else than an image it is for: to build ahead of need, or to verify another build.'),
};

/** `state` is optional where it was not told from the first on. */
const end = {
  code,
  runMilliseconds: milliseconds('from its start to its end'),
  totalMilliseconds: milliseconds('from its submission to its end'),
};

/** What tells whose image it is, and of what build. */
const image = { buildId, teamId: build.teamId };

const approval = {
  approvalId: z.string().describe('The request for approval.'),
  buildId,
  gate: z.enum(approvalGates).describe('build: before the queue. publish: before what it made is given out.'),
  state: z.enum(requestStates).describe('How the request stands.'),
  specDigest: z.string().describe('SHA-256 of the resolved spec.'),
  policies: z.array(z.string()).describe('Names of the policies that ask for it.'),
  teamId: build.teamId,
  expiresAt: z.string().optional().describe('When it expires undecided.'),
};

const count = z.number().int().min(0);

const budget = {
  teamId: z.string().optional().describe('Of a team’s budget: the team; absent: the tenant’s own.'),
  threshold: z.number().int().describe('Percentage of the budget that was reached.'),
  microDollars: z.number().int().describe('The budget of a month, in millionths of a US dollar.'),
  spent: z.number().int().describe('What was spent of it when that was seen.'),
  from: z.string().describe('First day of the month, UTC.'),
  to: z.string().describe('First day of the next one.'),
  hardStop: z.boolean().describe('True: when it is spent, no build is taken.'),
};

/** Why an image is built anew. */
const rebuild = {
  scanId: z.string().describe('The scan that says what has fixes.'),
  severity: z.enum(severities).describe('The worst of what they fix.'),
};

/** Every event of the engine. */
export const eventCatalogue = {
  'build.submitted': {
    ...{ version: 1, audience: 'public', meaning: 'A build was asked for; it is not planned yet.' },
    detail: z.object(build),
  },
  'build.queued': {
    ...{ version: 1, audience: 'public', meaning: 'A build is planned, approved where that is asked for, and waits.' },
    detail: z.object({ ...build, planMilliseconds: milliseconds('from its submission to its plan') }),
  },
  'build.started': {
    ...{ version: 1, audience: 'public', meaning: 'A build runs.' },
    detail: z.object({ ...build, waitMilliseconds: milliseconds('from its submission to its start') }),
  },
  'build.stage_completed': {
    ...{ version: 1, audience: 'public', meaning: 'A stage of a build has ended, well or not.' },
    detail: z.object({
      ...build,
      stageId: z.string().describe('The stage.'),
      state: z.enum(workStates).describe('How it ended.'),
      code,
      attempts: z.number().int().min(0).optional().describe('Builders that it took; 0: all of it was cached.'),
      runMilliseconds: milliseconds('from its first attempt to its end'),
    }),
  },
  'build.cancel_requested': {
    ...{ version: 1, audience: 'public', meaning: 'A build is to be cancelled; what runs of it is being stopped.' },
    detail: z.object(build),
  },
  'build.succeeded': {
    ...{ version: 1, audience: 'public', meaning: 'A build has made all that it was to make.' },
    detail: z.object({
      ...{ ...build, state: z.literal('succeeded').optional().describe('How it ended.'), ...end },
      publication: z
        .enum(['held', 'published'])
        .optional()
        .describe('held: what it made waits for approval. Absent: nobody had to approve it.'),
    }),
  },
  'build.failed': {
    ...{ version: 1, audience: 'public', meaning: 'A build has failed.' },
    detail: z.object({
      ...{ ...build, state: z.literal('failed').optional().describe('How it ended.'), ...end },
      stageId: z.string().optional().describe('The stage that failed first; absent: none did.'),
    }),
  },
  'build.cancelled': {
    ...{ version: 1, audience: 'public', meaning: 'A build was cancelled.' },
    detail: z.object({ ...build, state: z.literal('cancelled').optional().describe('How it ended.'), ...end }),
  },
  'build.rejected': {
    ...{
      version: 1,
      audience: 'public',
      meaning: 'A build was not approved: it was rejected, or not approved in time.',
    },
    detail: z.object({ ...build, state: z.literal('rejected').optional().describe('How it ended.'), ...end }),
  },
  'approval.requested': {
    ...{ version: 1, audience: 'public', meaning: 'A build, or what it made, waits for approval.' },
    detail: z.object(approval),
  },
  'approval.decided': {
    ...{ version: 1, audience: 'public', meaning: 'A request for approval was approved, was rejected or has expired.' },
    detail: z.object(approval),
  },
  'quota.warning': {
    ...{ version: 1, audience: 'public', meaning: 'Four fifths of a quota are used; told once a period.' },
    detail: z.object({
      quota: z.enum(quotaNames).describe('Which quota.'),
      of: z.enum(['tenant', 'team']).describe('Whose.'),
      teamId: z.string().optional().describe('Of a team’s quota: the team.'),
      period: z.string().describe('First day of the period, UTC; `all` where it never frees with time.'),
      used: z.number().int().describe('What is used of it.'),
      limit: z.number().int().describe('The most that there may be.'),
      freesAt: z.string().optional().describe('When what is used frees; absent: not with time.'),
    }),
  },
  'budget.warning': {
    ...{ version: 1, audience: 'public', meaning: 'A threshold of a budget was reached; told once a month.' },
    detail: z.object(budget),
  },
  'budget.exceeded': {
    ...{ version: 1, audience: 'public', meaning: 'A budget is spent; told once a month.' },
    detail: z.object(budget),
  },
  'invoice.closed': {
    ...{ version: 1, audience: 'public', meaning: 'The invoice of a month is closed, and changes no more.' },
    detail: z.object({
      invoiceId: z.string().describe('The first day of the month, UTC.'),
      from: z.string().describe('The same.'),
      to: z.string().describe('First day of the next month.'),
      microDollars: z.number().int().describe('What is to be paid, in millionths of a US dollar.'),
    }),
  },
  'webhook.disabled': {
    ...{ version: 1, audience: 'public', meaning: 'The engine sends nothing more to a webhook until it is enabled.' },
    detail: z.object({
      webhookId: z.string().describe('The webhook.'),
      reason: z.enum(['gone', 'failing']).describe('gone: it answered 410. failing: nothing arrived for days.'),
      failingSince: z.string().optional().describe('Since when nothing had arrived.'),
    }),
  },
  'webhook.ping': {
    ...{ version: 1, audience: 'public', meaning: 'Somebody tries a webhook out; sent to that one alone.' },
    detail: z.object({ webhookId: z.string().describe('The webhook.') }),
  },
  'artifact.expiring': {
    ...{ version: 1, audience: 'public', meaning: 'What a build made goes to the trash soon, by a policy; told once.' },
    detail: z.object({ ...image, expiresAt: z.string().describe('When it goes, if nobody uses or protects it.') }),
  },
  'artifact.trashed': {
    ...{ version: 1, audience: 'public', meaning: 'What a build made is in the trash, and can be restored.' },
    detail: z.object({
      ...image,
      purgeAt: z.string().describe('From then on it may go for good.'),
      policies: z.array(z.string()).optional().describe('The policies that it went by; absent: somebody removed it.'),
    }),
  },
  'artifact.restored': {
    ...{ version: 1, audience: 'public', meaning: 'What a build made was taken out of the trash.' },
    detail: z.object(image),
  },
  'artifact.purged': {
    ...{ version: 1, audience: 'public', meaning: 'What a build made is removed for good.' },
    detail: z.object(image),
  },
  'scan.completed': {
    ...{ version: 1, audience: 'public', meaning: 'The image of a build was judged, or its packages were scanned.' },
    detail: z.object({
      ...image,
      scanId: z.string().describe('The scan.'),
      kind: z.enum(scanKinds).describe('What it looked for.'),
      cause: z.enum(scanCauses).describe('Why it was made: the build ended, somebody asked, or the data changed.'),
      state: z.enum(scanStates).describe('What it came to.'),
      before: z.string().optional().describe('What the scan before it came to; absent: there was none.'),
      appeared: z.number().int().min(0).describe('Checks that no longer pass, or vulnerabilities, that are new.'),
      gone: z.number().int().min(0).describe('Those of the scan before that are gone.'),
      found: z
        .object({ critical: count, high: count, medium: count, low: count })
        .optional()
        .describe('Of vulnerabilities: how many there are, by severity.'),
    }),
  },
  'rebuild.submitted': {
    ...{ version: 1, audience: 'public', meaning: 'The engine builds an image anew, since later packages have fixes.' },
    detail: z.object({
      ...image,
      of: z.string().describe('The build whose image it is to replace.'),
      ...rebuild,
      fixes: z.number().int().min(1).describe('Source packages that have fixes which are severe enough.'),
    }),
  },
  'rebuild.refused': {
    ...{
      version: 1,
      audience: 'public',
      meaning: 'An automatic rebuild of an image was refused as a submission may be.',
    },
    detail: z.object({ ...image, ...rebuild, code: z.string().describe('Stable code of why.') }),
  },
  'cleanup.requested': {
    ...{ version: 1, audience: 'internal', meaning: 'Somebody asked for a cleanup.' },
    detail: z.object({ cleanupId: z.string(), owner: z.string().describe('A tenant, or the installation.') }),
  },
  'vulnerabilities.rescan': {
    ...{
      version: 1,
      audience: 'internal',
      meaning: 'Vulnerability data is another, or a day began: stored builds are to be scanned where that is due.',
    },
    detail: z.object({
      dataDigest: z.string().describe('Of the data that they are scanned with.'),
      tenant: z.string().optional().describe('The tenant whose images are gone through; absent: the next one’s.'),
      cursor: z.string().optional().describe('How far that has come.'),
      tenants: z.string().optional().describe('Behind which tenant the next one is; absent: the first, or none.'),
      walk: z.string().optional().describe('Id of the event that began it; absent: this one does.'),
    }),
  },
  'vulnerabilities.rebuild': {
    ...{
      version: 1,
      audience: 'internal',
      meaning:
        'A tenant’s images are scanned with new data, or a day began: they are to be built anew where that is due.',
    },
    detail: z.object({
      dataDigest: z.string().describe('Of the data that they were scanned with.'),
      cursor: z.string().optional().describe('How far the tenant’s images were gone through.'),
    }),
  },
  'vulnerabilities.refresh_requested': {
    ...{ version: 1, audience: 'internal', meaning: 'Somebody asked for the mirror of vulnerability data to be read.' },
    detail: z.object({ memberId: z.string().describe('Who asked.') }),
  },
  'work.started': {
    ...{ version: 1, audience: 'internal', meaning: 'A work runs whose own build left it while others shared it.' },
    detail: z.object({ buildId }),
  },
  'work.ended': {
    ...{ version: 1, audience: 'internal', meaning: 'Such a work has ended; its own build was over before.' },
    detail: z.object({ buildId, state: z.string().describe('How it ended.'), code }),
  },
  'work.unwanted': {
    ...{ version: 1, audience: 'internal', meaning: 'Nobody shares such a work any more: it is to be stopped.' },
    detail: z.object({ buildId }),
  },
  'work.execution_ended': {
    ...{ version: 1, audience: 'internal', meaning: 'What Step Functions told in vain, told again by the engine.' },
    detail: z.object({ buildId }),
  },
  'webhook.replayed': {
    ...{ version: 1, audience: 'internal', meaning: 'A delivery is to be sent to a webhook again, at once.' },
    detail: z.object({
      webhookId: z.string().describe('The webhook.'),
      deliveryId: z.string().describe('The delivery.'),
    }),
  },
} as const satisfies Record<EventType, EventDeclaration>;

/** What is told with an event of a type. */
export type EventDetail<T extends EventType> = z.infer<(typeof eventCatalogue)[T]['detail']>;

/** Whether a tenant may have events of a type sent to it. */
export const isPublic = (type: EventType): boolean => eventCatalogue[type].audience === 'public';

/**
 * What an event tells, by its catalogue: all that is none of it is left out.
 * @throws z.ZodError where something is missing or is not what it should be
 */
export function eventDetail({ type, detail }: Pick<EngineEvent, 'type' | 'detail'>): JsonObject {
  return toJsonObject(eventCatalogue[type].detail.parse(detail));
}
