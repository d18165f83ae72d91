import { z } from 'zod';
import { jsonObjectSchema } from '../json.ts';
import { templateLimits as limits } from './limits.ts';
import { parametersSchema } from './parameters.ts';
import { referenceTo } from './references.ts';

const timestamp = z.iso.datetime();

/** Who finds and uses a template: who made it; everybody of their tenant; everybody. */
export const visibilities = ['private', 'tenant', 'public'] as const;
export type Visibility = (typeof visibilities)[number];

/** Names that begin so are the product's own. */
export const presetNamePrefix = 'preset-';

const slug = /^[a-z](?:[a-z0-9-]*[a-z0-9])?$/;
export const templateNameSchema = z
  .string()
  .max(limits.nameLength)
  .regex(slug)
  .describe('Lower-case letters, digits and inner hyphens, beginning with a letter; unique in the tenant.');
export const ownTemplateNameSchema = templateNameSchema.refine(
  (name) => !name.startsWith(presetNamePrefix),
  `names that begin with ${presetNamePrefix} are those of presets`,
);

export const templateIdPattern = /^tpl_[0-9A-Z]{26}$/;

/** Text of people for people: no control characters but the ends of lines. */
export const proseSchema = (most: number) =>
  z
    .string()
    .max(most)
    .refine(
      (text) => text.isWellFormed() && !/[^\P{Cc}\n]/u.test(text),
      'the text holds control characters, or half of a surrogate pair',
    );

export const tagsSchema = z
  .array(z.string().max(limits.tagLength).regex(slug))
  .max(limits.tags)
  .transform((tags) => [...new Set(tags)].sort())
  .describe('Words to find it by: lower-case letters, digits and inner hyphens.');

/** That nobody should begin with it any more, and what to take instead. */
export const deprecationSchema = z.strictObject({
  message: proseSchema(limits.descriptionLength).min(1).describe('Why, in one sentence.'),
  replacement: z.string().max(100).exactOptional().describe('Name or id of the template to use instead.'),
});

/** A template. What it makes is said by its versions. */
export const templateRecordSchema = z.strictObject({
  id: z.string(),
  tenantId: z.string(),
  /** Who made it. */
  memberId: z.string(),
  name: templateNameSchema,
  description: z.string(),
  tags: z.array(z.string()),
  visibility: z.enum(visibilities),
  /** The team that it belongs to. */
  teamId: z.string().optional(),
  /** Number of its newest version. */
  latest: z.int().min(1),
  forkedFrom: z.strictObject({ id: z.string(), version: z.int().min(1) }).optional(),
  deprecated: deprecationSchema.extend({ at: timestamp }).optional(),
  /** It is being removed: nobody sees it any more. */
  removedAt: timestamp.optional(),
  createdAt: timestamp,
  changedAt: timestamp,
});
export type TemplateRecord = z.infer<typeof templateRecordSchema>;

export const versionReferenceSchema = z.strictObject({ id: z.string(), version: z.int().min(1) });
export type VersionReference = z.infer<typeof versionReferenceSchema>;

/** A version, which never changes. */
export const versionRecordSchema = z.strictObject({
  version: z.int().min(1),
  notes: z.string(),
  publishedAt: timestamp,
  /** The member who published it. */
  publishedBy: z.string(),
  /** SHA-256 of what it is expanded from. */
  digest: z.string(),
  /** The version that it extends, and those which that one extends, nearest first. */
  extends: z.array(versionReferenceSchema),
});
export type VersionRecord = z.infer<typeof versionRecordSchema>;

/** What a version says: parameters, and a spec or a part of one in which texts name them. */
export const templateBodySchema = z.strictObject({ parameters: parametersSchema, spec: jsonObjectSchema });
export type TemplateBody = z.output<typeof templateBodySchema>;

/** What an author says of a version. */
export const versionContentSchema = z.strictObject({
  notes: proseSchema(limits.descriptionLength).default('').describe('What is new in this version.'),
  extends: z
    .string()
    .max(100)
    .exactOptional()
    .describe(
      'The template that this one is laid over: `name@version` or `id@version`; without a version its newest, pinned now.',
    ),
  parameters: parametersSchema.default({}),
  spec: jsonObjectSchema.describe(`A spec, or a part of one; its texts name parameters as \`${referenceTo('name')}\`.`),
});
export type VersionContent = z.output<typeof versionContentSchema>;

/** What an author says of a template, beside its first version. */
export const templateContentSchema = z.strictObject({
  name: ownTemplateNameSchema,
  description: proseSchema(limits.descriptionLength).default(''),
  tags: tagsSchema.default([]),
  visibility: z.enum(visibilities).default('tenant'),
});
export type TemplateContent = z.output<typeof templateContentSchema>;

/** What a template's file holds: the template, and its first version. */
export const templateFileSchema = z
  .strictObject({ ...templateContentSchema.shape, ...versionContentSchema.shape })
  .describe('A template: a part of a spec, with parameters, that specs are laid over.');

/** What may be changed of a template that is there. */
export const templateChangeSchema = z.strictObject({
  description: templateContentSchema.shape.description.removeDefault().exactOptional(),
  tags: tagsSchema.exactOptional(),
  visibility: z.enum(visibilities).exactOptional(),
  deprecated: deprecationSchema.nullable().exactOptional().describe('null: it is so no longer.'),
});
export type TemplateChange = z.output<typeof templateChangeSchema>;
