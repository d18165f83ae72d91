import { z } from 'zod';
import { filterSchema } from '../webhooks/endpoint.ts';
import { pluginDeclarationSchema, pluginNameSchema, pluginWantsSchema } from './declaration.ts';
import { pluginHooks } from './hooks.ts';
import { pluginLimits } from './limits.ts';

const timestamp = z.iso.datetime();
const count = z.number().int().min(0);
const versionNumber = z.number().int().min(1).max(pluginLimits.versions.value);
const place = z.number().int().min(0).max(pluginLimits.order.value);

/** A version of a plugin: it never changes. */
export const pluginVersionSchema = z.strictObject({
  tenantId: z.string(),
  version: versionNumber,
  declaration: pluginDeclarationSchema,
  code: z.string(),
  /** SHA-256 of the code as UTF-8. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  createdAt: timestamp,
  memberId: z.string(),
});
export type PluginVersion = z.output<typeof pluginVersionSchema>;

/** How a plugin stands. One that is removed keeps its place, so that no number of a version comes again. */
export const pluginHeadSchema = z.strictObject({
  tenantId: z.string(),
  name: pluginNameSchema,
  latest: versionNumber,
  /** The version that is run; absent: it is disabled. */
  enabled: versionNumber.exactOptional(),
  /** In place of the order that the version declares. */
  order: place.exactOptional(),
  /** What an admin has granted; a version has of it what it wants. */
  granted: pluginWantsSchema,
  createdAt: timestamp,
  changedAt: timestamp,
  removedAt: timestamp.exactOptional(),
});
export type PluginHead = z.output<typeof pluginHeadSchema>;

/** What a build must know of a plugin that is enabled, but for its code. */
export const enabledPluginSchema = z.strictObject({
  name: pluginNameSchema,
  version: versionNumber,
  hooks: z.array(z.enum(pluginHooks)),
  events: filterSchema.exactOptional(),
  order: place,
  granted: pluginWantsSchema,
});
export type EnabledPlugin = z.output<typeof enabledPluginSchema>;

/** A tenant without one has never had a plugin. */
export const pluginBookSchema = z.strictObject({
  /** Those that are not removed. */
  plugins: count,
  enabled: z.array(enabledPluginSchema).max(pluginLimits.enabled.value),
});
export type PluginBook = z.output<typeof pluginBookSchema>;
