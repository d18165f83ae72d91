import { z } from 'zod';
import { toJsonObject } from '../json.ts';
import type { Table, TableWrite } from '../ports/table.ts';
import { pluginNameSchema } from './declaration.ts';
import { pluginRunPlace, pluginRunPrefix } from './places.ts';
import { type PluginRunRecord, pluginRunRecordSchema } from './run-record.ts';

const count = z.number().int().min(0);

/** What a build itself says of the plugins that judged it: their runs are read apart. */
export const buildPluginsSchema = z.strictObject({
  /** At its submission. */
  runs: count,
  failed: count,
  /** When it was planned. */
  planned: z.strictObject({ runs: count, failed: count }).exactOptional(),
  /** Those that ask for approval of it. */
  approval: z.array(z.strictObject({ name: pluginNameSchema, version: z.number().int().min(1) })).exactOptional(),
});
export type BuildPlugins = z.infer<typeof buildPluginsSchema>;

/** A run as it is stored with its build. */
export const storedPluginRunSchema = z
  .strictObject({
    ...pluginRunRecordSchema.shape,
    at: z.iso.datetime().describe('When it was stored.'),
  })
  .meta({ id: 'PluginRun' });
export type StoredPluginRun = z.infer<typeof storedPluginRunSchema>;

export const countsOf = (runs: readonly PluginRunRecord[]): { readonly runs: number; readonly failed: number } => ({
  runs: runs.length,
  failed: runs.filter(({ outcome }) => outcome === 'failed').length,
});

/**
 * The writes that store runs with their build. Stored again, they take the place of what they were.
 * @param part as of pluginRunPlace
 */
export const runWrites = (
  buildId: string,
  part: string,
  runs: readonly PluginRunRecord[],
  now: Date,
): readonly TableWrite[] =>
  runs.map((run, index) => ({
    ...{ kind: 'put', key: pluginRunPlace(buildId, part, index) },
    data: toJsonObject({ ...run, at: now.toISOString() }),
  }));

/** A page of the runs of a build's plugins, in the order of its life. */
export async function listPluginRuns(
  table: Table,
  buildId: string,
  page: { readonly limit: number; readonly cursor?: string },
): Promise<{ readonly runs: readonly StoredPluginRun[]; readonly cursor?: string }> {
  const { partition } = pluginRunPlace(buildId, '', 0);
  const { records, cursor } = await table.query({ partition, sortPrefix: pluginRunPrefix, ...page });
  return {
    runs: records.map(({ data }) => storedPluginRunSchema.parse(data)),
    ...(cursor === undefined ? {} : { cursor }),
  };
}
