import { z } from 'zod';
import { pluginDeclarationSchema, pluginNameSchema, pluginWantsSchema } from './declaration.ts';
import { type Hearing, hearingSchema, hearingStates } from './hearings/hearing.ts';
import type { PluginHead, PluginVersion } from './plugin-record.ts';
import { pluginRunRecordSchema } from './run-record.ts';

const number = z.number().int().min(1);

/** A plugin as the API shows it. */
export const pluginViewSchema = z
  .strictObject({
    name: pluginNameSchema,
    latest: number.describe('The latest version; they count from 1.'),
    enabled: number.exactOptional().describe('The version that is run; absent: the plugin is disabled.'),
    order: z.number().int().exactOptional().describe('Its place among the others, where it is not the declared one.'),
    granted: pluginWantsSchema.describe('What an admin has granted; a version has of it what it wants.'),
    createdAt: z.string(),
    changedAt: z.string(),
  })
  .meta({ id: 'Plugin' });

export const pluginVersionViewSchema = z
  .strictObject({
    version: number,
    declaration: pluginDeclarationSchema,
    code: z.string(),
    sha256: z.string().describe('Of the code as UTF-8.'),
    createdAt: z.string(),
    memberId: z.string().describe('Who put it.'),
  })
  .meta({ id: 'PluginVersion' });

export const pluginView = ({ tenantId: _, removedAt: __, ...head }: PluginHead): z.input<typeof pluginViewSchema> =>
  head;

export const pluginVersionView = ({
  tenantId: _,
  ...version
}: PluginVersion): z.input<typeof pluginVersionViewSchema> => version;

/** What a plugin was told, as the API shows it. */
export const hearingViewSchema = z
  .strictObject({
    ...hearingSchema.omit({ tenantId: true, claimedUntil: true, expires: true }).shape,
    state: z
      .enum(hearingStates)
      .describe('pending: it is to be told, or told again. skipped: it was disabled, or hears such events no more.'),
    tries: z.number().int().describe('Runs since the event, or since it was told again.'),
    dueAt: z.string().exactOptional().describe('Of a pending one: when it is to be told.'),
    run: pluginRunRecordSchema.exactOptional().describe('The last run.'),
    expiresAt: z.string().describe('When it is forgotten.'),
  })
  .meta({ id: 'PluginHearing' });

export const hearingView = ({
  tenantId: _,
  claimedUntil: __,
  expires,
  ...hearing
}: Hearing): z.input<typeof hearingViewSchema> => ({
  ...hearing,
  expiresAt: new Date(expires * 1_000).toISOString(),
});
