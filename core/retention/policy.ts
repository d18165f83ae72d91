import { z } from 'zod';
import { type ImageRecord, tagSchema } from './image.ts';
import { retentionLimits as limits } from './limits.ts';

export const retentionPolicyNameSchema = z
  .string()
  .regex(/^[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?$/)
  .describe('1 to 40 lower-case letters, digits and inner hyphens, beginning with a letter.');

const idSchema = z.string().regex(/^[A-Za-z0-9_-]{1,100}$/, 'must be an id');
const listOf = <T extends z.ZodType<string, string>>(entry: T) =>
  z
    .array(entry)
    .min(1)
    .max(limits.listed)
    .overwrite((list) => [...new Set(list)].sort())
    .exactOptional();

/** Which images a policy is for: all that is given must hold. Nothing given: every image. */
export const selectionSchema = z.strictObject({
  templates: listOf(idSchema).describe('Their builds are of one of these templates.'),
  teams: listOf(idSchema).describe('They belong to one of these teams.'),
  names: listOf(z.string().min(1).max(100)).describe(
    'The name of the spec is one of these; `*` at the end is any end.',
  ),
  tags: listOf(tagSchema).describe('They have at least one of these tags.'),
});
export type Selection = z.infer<typeof selectionSchema>;

const days = z.number().int().min(0).max(limits.days).exactOptional();

/** When an image expires: all that is given must hold. */
export const expirySchema = z
  .strictObject({
    afterDays: days.describe('Its build ended so many days ago.'),
    unusedDays: days.describe('Nobody has downloaded it for so many days, counted from the end of its build at first.'),
    beyondNewest: z
      .number()
      .int()
      .min(1)
      .max(limits.newest)
      .exactOptional()
      .describe('So many newer ones of the same group that the policy selects are kept.'),
    per: z
      .enum(['template', 'name'])
      .exactOptional()
      .describe(
        'What `beyondNewest` counts by: the template, or the name of the spec; that without a template anyway.',
      ),
  })
  .refine(
    ({ afterDays, unusedDays, beyondNewest }) => (afterDays ?? unusedDays ?? beyondNewest) !== undefined,
    'name at least one of afterDays, unusedDays and beyondNewest',
  );
export type Expiry = z.infer<typeof expirySchema>;

/** What a tenant says of a policy. */
export const retentionPolicyContentSchema = z.strictObject({
  description: z
    .string()
    .max(200)
    .regex(/^\P{Cc}*$/u, 'must be one line')
    .default('')
    .describe('For people.'),
  select: selectionSchema.default({}).describe('Which images: all conditions that are given must hold.'),
  expire: expirySchema
    .nullable()
    .describe('When they go to the trash: all that is given must hold. null: no other policy removes them.'),
});
export type RetentionPolicyContent = z.output<typeof retentionPolicyContentSchema>;

export const retentionPolicySchema = z.strictObject({
  tenantId: z.string(),
  name: retentionPolicyNameSchema,
  description: z.string(),
  select: selectionSchema,
  expire: expirySchema.nullable(),
  createdAt: z.iso.datetime(),
  changedAt: z.iso.datetime(),
});
export type RetentionPolicy = z.infer<typeof retentionPolicySchema>;

type Judged = Pick<ImageRecord, 'name' | 'tags' | 'teamId' | 'templateId' | 'endedAt' | 'lastDownloadedAt'>;

/** Whether a policy is for an image. */
export function selects({ templates, teams, names, tags }: Selection, image: Judged): boolean {
  if (templates !== undefined && (image.templateId === undefined || !templates.includes(image.templateId)))
    return false;
  if (teams !== undefined && (image.teamId === undefined || !teams.includes(image.teamId))) return false;
  if (names !== undefined && !names.some((name) => isNamed(name, image.name))) return false;
  return tags === undefined || tags.some((tag) => image.tags.includes(tag));
}

function isNamed(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
}

/** What the images are counted by of which a policy keeps the newest. */
export function groupOf({ per }: Expiry, { templateId, name }: Judged): string {
  return per === 'name' || templateId === undefined ? `name ${name}` : `template ${templateId}`;
}

const dayMilliseconds = 86_400_000;

/**
 * When a policy would have an image go, given how many newer ones of its group are kept; undefined while it is among
 * the newest. What goes by its number alone goes at once.
 */
export function expiryOf(expire: Expiry, image: Judged, newer: number): Date | undefined {
  const { afterDays = 0, unusedDays = 0, beyondNewest } = expire;
  if (beyondNewest !== undefined && newer < beyondNewest) return undefined;
  const ended = Date.parse(image.endedAt);
  const used = image.lastDownloadedAt === undefined ? ended : Math.max(ended, Date.parse(image.lastDownloadedAt));
  return new Date(Math.max(ended + afterDays * dayMilliseconds, used + unusedDays * dayMilliseconds));
}
