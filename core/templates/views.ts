import { z } from 'zod';
import { jsonObjectSchema } from '../json.ts';
import type { TemplateCounts } from './counts.ts';
import type { Viewer } from './find-template.ts';
import { parametersSchema } from './parameters.ts';
import { isPresetId } from './presets.ts';
import {
  deprecationSchema,
  type TemplateBody,
  type TemplateRecord,
  type VersionRecord,
  versionReferenceSchema,
  visibilities,
} from './template-record.ts';

/** What the API shows of templates: of another tenant's never who they are. */

export const templateViewSchema = z
  .strictObject({
    id: z.string(),
    name: z.string().describe('By it members of its tenant name it in a spec; others by its id.'),
    description: z.string(),
    tags: z.array(z.string()),
    visibility: z.enum(visibilities),
    own: z.boolean().describe('It is your tenant’s: who holds templates:write changes it.'),
    preset: z.boolean().describe('It comes with the engine.'),
    memberId: z.string().exactOptional().describe('Who made it; of your tenant’s own.'),
    teamId: z.string().exactOptional(),
    latest: z.int().describe('Number of its newest version.'),
    forkedFrom: versionReferenceSchema.exactOptional(),
    deprecated: deprecationSchema.extend({ at: z.string() }).exactOptional(),
    uses: z.int().describe('Builds that were started of it.'),
    forks: z.int(),
    rating: z
      .strictObject({
        average: z.number().exactOptional().describe('Stars, 1 to 5, to two places; absent: nobody has reviewed it.'),
        reviews: z.int(),
        byStars: z.array(z.int()).describe('Reviews with 1, 2, 3, 4, 5 stars.'),
      })
      .describe('What those who built it say.'),
    createdAt: z.string(),
    changedAt: z.string(),
  })
  .meta({ id: 'Template' });

export function templateView(
  template: TemplateRecord,
  viewer: Pick<Viewer, 'tenantId'>,
  counts: TemplateCounts,
): z.input<typeof templateViewSchema> {
  const { id, name, description, tags, visibility, teamId, latest, forkedFrom, deprecated } = template;
  const own = template.tenantId === viewer.tenantId;
  const average = counts.reviews === 0 ? {} : { average: Math.round((counts.stars / counts.reviews) * 100) / 100 };
  return {
    ...{ id, name, description, tags, visibility, own, preset: isPresetId(id), latest },
    ...(own ? { memberId: template.memberId } : {}),
    ...(own && teamId !== undefined ? { teamId } : {}),
    ...(forkedFrom === undefined ? {} : { forkedFrom }),
    ...(deprecated === undefined ? {} : { deprecated }),
    ...{ uses: counts.uses, forks: counts.forks },
    rating: { ...average, reviews: counts.reviews, byStars: [...counts.byRating] },
    ...{ createdAt: template.createdAt, changedAt: template.changedAt },
  };
}

export const versionViewSchema = z
  .strictObject({
    version: z.int(),
    notes: z.string(),
    publishedAt: z.string(),
    publishedBy: z.string().exactOptional().describe('The member; of your tenant’s own.'),
    digest: z.string().describe('SHA-256 of parameters and spec, all that it extends included.'),
    extends: z
      .array(versionReferenceSchema)
      .describe('What it lies over, nearest first; pinned when it was published.'),
  })
  .meta({ id: 'TemplateVersion' });

export function versionView(
  version: VersionRecord,
  template: Pick<TemplateRecord, 'tenantId'>,
  viewer: Pick<Viewer, 'tenantId'>,
): z.input<typeof versionViewSchema> {
  const { publishedBy, ...told } = version;
  return template.tenantId === viewer.tenantId ? { ...told, publishedBy } : told;
}

export const versionDetailSchema = z
  .strictObject({
    ...versionViewSchema.shape,
    parameters: parametersSchema.describe('What it takes, all that it extends included.'),
    spec: jsonObjectSchema.describe('What it is expanded from: laid over all that it extends.'),
    source: jsonObjectSchema.exactOptional().describe('The spec as its author wrote it, where it extends another.'),
  })
  .meta({ id: 'TemplateVersionDetail' });

export function versionDetail(
  view: z.input<typeof versionViewSchema>,
  body: TemplateBody,
  source: TemplateBody,
): z.input<typeof versionDetailSchema> {
  return { ...view, ...body, ...(view.extends.length === 0 ? {} : { source: source.spec }) };
}
