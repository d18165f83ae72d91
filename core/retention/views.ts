import { z } from 'zod';
import { type ImageRecord, imageStates, tagSchema } from './image.ts';
import { type RetentionPolicy, retentionPolicyContentSchema, retentionPolicyNameSchema } from './policy.ts';

export const imageViewSchema = z
  .strictObject({
    build: z.string().describe('Id of the build that made it.'),
    name: z.string(),
    state: z
      .enum(imageStates)
      .describe('kept; trashed: not downloaded, and can be restored; purging, purged: removed for good.'),
    tags: z.array(tagSchema),
    endedAt: z.string().describe('When its build ended.'),
    lastDownloadedAt: z.string().exactOptional().describe('To within an hour; absent: never.'),
    bytes: z.number().int().exactOptional().describe('Of all its files, as far as they are counted.'),
    trashedAt: z.string().exactOptional(),
    purgeAt: z.string().exactOptional().describe('Of one in the trash: from then on it may go for good.'),
    policies: z
      .array(z.string())
      .exactOptional()
      .describe('The policies that it was removed by; absent: somebody was.'),
    purgedAt: z.string().exactOptional(),
  })
  .meta({ id: 'Image' });
export type ImageView = z.input<typeof imageViewSchema>;

/** An image as the API shows it. */
export function imageView(image: ImageRecord): ImageView {
  const { buildId, name, state, tags, endedAt, lastDownloadedAt, bytes, trash, purgedAt } = image;
  return {
    ...{ build: buildId, name, state, tags, endedAt },
    ...(lastDownloadedAt === undefined ? {} : { lastDownloadedAt }),
    ...(bytes === undefined ? {} : { bytes }),
    ...(trash === undefined ? {} : { trashedAt: trash.at, purgeAt: trash.purgeAt }),
    ...(trash?.policies === undefined ? {} : { policies: trash.policies }),
    ...(purgedAt === undefined ? {} : { purgedAt }),
  };
}

export const retentionPolicyViewSchema = z
  .strictObject({
    name: retentionPolicyNameSchema,
    ...retentionPolicyContentSchema.shape,
    description: z.string(),
    createdAt: z.string(),
    changedAt: z.string(),
  })
  .meta({ id: 'RetentionPolicy' });

export function retentionPolicyView(policy: RetentionPolicy): z.input<typeof retentionPolicyViewSchema> {
  const { tenantId: _, ...view } = policy;
  return view;
}

/** Settings of retention as the API shows them. */
export const retentionViewSchema = z
  .strictObject({
    trashDays: z.number().int().describe('Days that the trash keeps what is removed from now on.'),
    noticeDays: z.number().int().describe('Days before an image expires that this is told; 0: never.'),
  })
  .meta({ id: 'Retention' });
