import { EngineError } from '../errors.ts';
import type { Table } from '../ports/table.ts';
import { quoted } from '../text.ts';
import type { Plugin } from './declaration.ts';
import type { PluginHook } from './hooks.ts';
import { pluginBookPlace, pluginHeadPlace, pluginHeadPrefix, pluginsPartition, pluginVersionPlace } from './places.ts';
import {
  type EnabledPlugin,
  type PluginHead,
  type PluginVersion,
  pluginBookSchema,
  pluginHeadSchema,
  pluginVersionSchema,
} from './plugin-record.ts';

/** The plugins of a tenant that are enabled: one read, and an empty list for a tenant that has none. Strongly consistent. */
export async function enabledPlugins(table: Table, tenantId: string): Promise<readonly EnabledPlugin[]> {
  const stored = await table.get(pluginBookPlace(tenantId));
  return stored === undefined ? [] : pluginBookSchema.parse(stored.data).enabled;
}

/** Of the enabled ones those that have one of the hooks, with their code. One that was removed meanwhile is left out. */
export async function loadPlugins(
  table: Table,
  tenantId: string,
  enabled: readonly EnabledPlugin[],
  hooks: readonly PluginHook[],
): Promise<readonly Plugin[]> {
  const wanted = enabled.filter((plugin) => plugin.hooks.some((hook) => hooks.includes(hook)));
  const loaded = await Promise.all(
    wanted.map(async ({ name, version, order, granted }): Promise<Plugin[]> => {
      const found = await findVersion(table, tenantId, name, version);
      return found === undefined ? [] : [{ ...found.declaration, order, version, code: found.code, granted }];
    }),
  );
  return loaded.flat();
}

/** All plugins of a tenant that are not removed, by name. */
export async function listPlugins(table: Table, tenantId: string): Promise<readonly PluginHead[]> {
  const heads: PluginHead[] = [];
  let cursor: string | undefined;
  do {
    const page = await table.query({
      ...{ partition: pluginsPartition(tenantId), sortPrefix: pluginHeadPrefix, limit: 100 },
      ...(cursor === undefined ? {} : { cursor }),
    });
    heads.push(...page.records.map(({ data }) => pluginHeadSchema.parse(data)));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return heads.filter(({ removedAt }) => removedAt === undefined);
}

/** @throws EngineError plugin.not_found, also for one that is removed, and for what only another tenant has */
export async function getPlugin(table: Table, tenantId: string, name: string): Promise<PluginHead> {
  const stored = await table.get(pluginHeadPlace(tenantId, name));
  const head = stored === undefined ? undefined : pluginHeadSchema.parse(stored.data);
  if (head === undefined || head.removedAt !== undefined) throw missingPlugin(name);
  return head;
}

export async function findVersion(
  table: Table,
  tenantId: string,
  name: string,
  version: number,
): Promise<PluginVersion | undefined> {
  const stored = await table.get(pluginVersionPlace(tenantId, name, version));
  return stored === undefined ? undefined : pluginVersionSchema.parse(stored.data);
}

/** @throws EngineError plugin.not_found, plugin.version_not_found */
export async function getPluginVersion(
  table: Table,
  tenantId: string,
  name: string,
  version: number,
): Promise<PluginVersion> {
  const head = await getPlugin(table, tenantId, name);
  const found = await findVersion(table, tenantId, name, version);
  if (found !== undefined) return found;
  throw new EngineError('plugin.version_not_found', `The latest version of ${quoted(name)} is ${head.latest}.`);
}

export const missingPlugin = (name: string): EngineError =>
  new EngineError('plugin.not_found', `The tenant has no plugin ${quoted(name)}.`);
