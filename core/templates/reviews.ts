import { z } from 'zod';
import { untilDone } from '../access/attempts.ts';
import type { Principal } from '../access/principal.ts';
import { auditWrite } from '../audit/entry.ts';
import { EngineError } from '../errors.ts';
import { toJsonObject } from '../json.ts';
import { ConditionFailed, type TableRecord, type TableWrite } from '../ports/table.ts';
import { type FoundTemplate, getTemplate, type TemplateSource, type Viewer } from './find-template.ts';
import { templateLimits } from './limits.ts';
import { builtPlace, ratingPlace, reviewPlace, reviewsPrefix, templatePlace } from './places.ts';
import { proseSchema, type TemplateRecord } from './template-record.ts';
import type { TemplatePorts } from './template-writes.ts';

/** What a member says of a template. */
export const reviewContentSchema = z.strictObject({
  rating: z.int().min(1).max(5).describe('Stars, 1 to 5.'),
  text: proseSchema(templateLimits.reviewLength).default(''),
});
export type ReviewContent = z.output<typeof reviewContentSchema>;

/** A review: one a member and template. */
const reviewRecordSchema = z.strictObject({
  ...{ tenantId: z.string(), memberId: z.string(), rating: z.int().min(1).max(5), text: z.string() },
  /** The version that the member had built last. */
  version: z.int().min(1),
  createdAt: z.iso.datetime(),
  changedAt: z.iso.datetime(),
});
export type ReviewRecord = z.infer<typeof reviewRecordSchema>;

const builtSchema = z.object({ version: z.int().min(1) });

const count = (templateId: string, rating: number, by: 1 | -1): TableWrite => ({
  kind: 'increment',
  key: ratingPlace(templateId, rating),
  ...{ counter: 'count', by, min: 0 },
});

/** Tells that the template has not gone meanwhile; a preset never does. */
const stillThere = ({ template, recordVersion }: FoundTemplate): TableWrite[] =>
  recordVersion === undefined
    ? []
    : [{ kind: 'check', key: templatePlace(template.id), condition: { kind: 'exists' } }];

/**
 * Writes what a member says of a template, in place of what they said before. The counts of ratings change in the same
 * transaction.
 * @throws EngineError template.not_found, template.not_built where none of the member's builds of it has succeeded
 */
export async function setReview(
  ports: TemplatePorts,
  principal: Principal,
  idOrName: string,
  { rating, text }: ReviewContent,
): Promise<{ readonly review: ReviewRecord; readonly created: boolean }> {
  const { table, clock } = ports;
  const { tenantId, memberId } = principal;
  return untilDone(async () => {
    const found = await getTemplate(ports, principal, idOrName);
    const { id } = found.template;
    const key = reviewPlace(id, tenantId, memberId);
    const [built, stored] = await Promise.all([table.get(builtPlace(id, tenantId, memberId)), table.get(key)]);
    if (built === undefined) {
      throw new EngineError('template.not_built', `None of your builds of ${found.template.name} has succeeded.`);
    }
    const before = stored === undefined ? undefined : recordOf(stored);
    const now = clock.now().toISOString();
    const { version } = builtSchema.parse(built.data);
    const review: ReviewRecord = {
      ...{ tenantId, memberId, rating, text, version },
      ...{ createdAt: before?.createdAt ?? now, changedAt: now },
    };
    const condition =
      stored === undefined ? { kind: 'absent' as const } : { kind: 'version' as const, version: stored.version };
    const done = await written(ports, [
      { kind: 'put', key, data: toJsonObject(review), condition },
      ...(before === undefined || before.rating === rating ? [] : [count(id, before.rating, -1)]),
      ...(before?.rating === rating ? [] : [count(id, rating, 1)]),
      ...stillThere(found),
      auditWrite(ports, principal, { action: 'template.reviewed', target: id, detail: { rating } }),
    ]);
    return done ? { review, created: stored === undefined } : undefined;
  });
}

/**
 * Takes back what the caller said.
 * @throws EngineError template.not_found, review.not_found
 */
export async function removeReview(ports: TemplatePorts, principal: Principal, idOrName: string): Promise<void> {
  const { table } = ports;
  await untilDone(async () => {
    const { template } = await getTemplate(ports, principal, idOrName);
    const key = reviewPlace(template.id, principal.tenantId, principal.memberId);
    const stored = await table.get(key);
    if (stored === undefined) throw new EngineError('review.not_found', `You have not reviewed ${template.name}.`);
    const done = await written(ports, [
      { kind: 'delete', key, condition: { kind: 'version', version: stored.version } },
      count(template.id, recordOf(stored).rating, -1),
      auditWrite(ports, principal, { action: 'template.review_removed', target: template.id }),
    ]);
    return done ? true : undefined;
  });
}

/** Writes all of it; false where somebody was faster with one of them, and all is to be looked at anew. */
async function written({ table }: TemplatePorts, writes: readonly TableWrite[]): Promise<boolean> {
  try {
    await table.transact(writes);
    return true;
  } catch (error) {
    if (error instanceof ConditionFailed) return false;
    throw error;
  }
}

const recordOf = ({ data }: TableRecord): ReviewRecord => reviewRecordSchema.parse(data);

/** The reviews of a template that the caller was found to see. */
export async function listReviews(
  { table }: TemplateSource,
  template: TemplateRecord,
  page: { readonly limit: number; readonly cursor?: string },
): Promise<{ readonly reviews: readonly ReviewRecord[]; readonly cursor?: string }> {
  const { partition } = templatePlace(template.id);
  const { records, cursor } = await table.query({ partition, sortPrefix: reviewsPrefix, ...page });
  return { reviews: records.map(recordOf), ...(cursor === undefined ? {} : { cursor }) };
}

/** A review as the API shows it: who wrote it only within the tenant. */
export const reviewViewSchema = z
  .strictObject({
    rating: z.int().describe('Stars, 1 to 5.'),
    text: z.string(),
    version: z.int().describe('The version that its author had built.'),
    mine: z.boolean(),
    memberId: z.string().exactOptional().describe('Who wrote it; of your tenant.'),
    createdAt: z.string(),
    changedAt: z.string(),
  })
  .meta({ id: 'Review' });

export function reviewView(
  { tenantId, memberId, ...told }: ReviewRecord,
  viewer: Pick<Viewer, 'tenantId' | 'memberId'>,
): z.input<typeof reviewViewSchema> {
  const known = tenantId === viewer.tenantId;
  return { ...told, mine: known && memberId === viewer.memberId, ...(known ? { memberId } : {}) };
}
