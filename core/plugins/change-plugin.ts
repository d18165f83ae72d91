import { untilDone } from '../access/attempts.ts';
import { type Actor, type AuditAction, auditWrite } from '../audit/entry.ts';
import { canonicalJson, sha256 } from '../digest.ts';
import { EngineError } from '../errors.ts';
import { toJsonObject } from '../json.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { type Table, type TableCondition, type TableRecord, type TableWrite, wrote } from '../ports/table.ts';
import { type PluginDeclaration, type PluginWants, pluginWantsSchema } from './declaration.ts';
import { pluginLimits } from './limits.ts';
import { anyPluginBook, pluginBookPlace, pluginHeadPlace, pluginVersionPlace } from './places.ts';
import {
  type EnabledPlugin,
  type PluginHead,
  type PluginVersion,
  pluginBookSchema,
  pluginHeadSchema,
} from './plugin-record.ts';
import { findVersion, getPluginVersion, missingPlugin } from './plugin-repository.ts';

export interface PluginPorts {
  readonly table: Table;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** What a change makes of a plugin. */
interface Change {
  readonly head: PluginHead;
  /** The version that is run from now on; absent: it is disabled. */
  readonly runs?: PluginVersion | undefined;
  readonly audit: { readonly action: AuditAction; readonly detail: object };
  readonly writes?: readonly TableWrite[];
}

const nothing: PluginWants = pluginWantsSchema.parse({});

/**
 * Takes a declaration and code as the next version. The same as the latest changes nothing. What is enabled stays so.
 * Whether the code is what it declares is for the caller to look at (run-hook.ts).
 * @throws EngineError plugin.too_many, service.unavailable
 */
export async function putPlugin(
  ports: PluginPorts,
  actor: Actor,
  declaration: PluginDeclaration,
  code: string,
): Promise<{ readonly version: PluginVersion; readonly created: boolean }> {
  const { tenantId, memberId } = actor;
  const { name } = declaration;
  let put: { readonly version: PluginVersion; readonly created: boolean } | undefined;
  await changePlugin(ports, actor, name, async (before, now) => {
    const last = before === undefined ? undefined : await findVersion(ports.table, tenantId, name, before.latest);
    if (before?.removedAt === undefined && last !== undefined && isSame(last, declaration, code)) {
      put = { version: last, created: false };
      return undefined;
    }
    // What a removal that was cut short has left is none of the new one's.
    if (before?.removedAt !== undefined) await deleteVersions(ports.table, before);
    const number = (before?.latest ?? 0) + 1;
    if (number > pluginLimits.versions.value) {
      throw new EngineError('plugin.too_many', `The plugin has ${pluginLimits.versions.value} versions.`);
    }
    const version: PluginVersion = {
      ...{ tenantId, version: number, declaration, code, sha256: sha256(code), createdAt: now, memberId },
    };
    put = { version, created: true };
    const living = before?.removedAt === undefined ? before : undefined;
    const fresh = { tenantId, name, granted: nothing, createdAt: now };
    const { wants, hooks, onFailure } = declaration;
    return {
      head: { ...(living ?? fresh), latest: number, changedAt: now },
      runs: await runningOf(ports.table, living),
      audit: {
        action: 'plugin.version_put',
        detail: { version: number, sha256: version.sha256, hooks, onFailure, wants },
      },
      writes: [
        {
          kind: 'put',
          key: pluginVersionPlace(tenantId, name, number),
          data: toJsonObject(version),
          condition: { kind: 'absent' },
        },
      ],
    };
  });
  if (put === undefined) throw new Error('a plugin was neither put nor found');
  return put;
}

/**
 * Has a version run from now on, in place of the one that did.
 * @param asked.version the latest unless given
 * @param asked.order in place of the declared one; absent: as declared
 * @throws EngineError plugin.not_found, plugin.version_not_found, plugin.too_many_enabled, service.unavailable
 */
export function enablePlugin(
  ports: PluginPorts,
  actor: Actor,
  name: string,
  asked: { readonly version?: number; readonly order?: number },
): Promise<PluginHead> {
  return changeLiving(ports, actor, name, async ({ order: _, ...head }, now) => {
    const runs = await getPluginVersion(ports.table, actor.tenantId, name, asked.version ?? head.latest);
    const order = asked.order === undefined ? {} : { order: asked.order };
    return {
      head: { ...head, ...order, enabled: runs.version, changedAt: now },
      runs,
      audit: { action: 'plugin.enabled', detail: { version: runs.version, ...order } },
    };
  });
}

/** Has no version of it run any more. @throws EngineError plugin.not_found, service.unavailable */
export function disablePlugin(ports: PluginPorts, actor: Actor, name: string): Promise<PluginHead> {
  return changeLiving(ports, actor, name, async ({ enabled, order: _, ...head }, now) =>
    enabled === undefined
      ? undefined
      : { head: { ...head, changedAt: now }, audit: { action: 'plugin.disabled', detail: { version: enabled } } },
  );
}

/**
 * Grants what a version wants, or part of it, in place of what was granted. It holds for later versions too, as far as
 * they want the same: what they want beyond is to be granted anew.
 * @param asked.version whose wants were looked at; the latest unless given
 * @throws EngineError plugin.not_found, plugin.version_not_found, plugin.grant_refused, service.unavailable
 */
export function grantPlugin(
  ports: PluginPorts,
  actor: Actor,
  name: string,
  asked: { readonly version?: number; readonly granted: PluginWants },
): Promise<PluginHead> {
  const { granted } = asked;
  return changeLiving(ports, actor, name, async (head, now) => {
    const { version, declaration } = await getPluginVersion(
      ports.table,
      actor.tenantId,
      name,
      asked.version ?? head.latest,
    );
    needWanted(declaration.wants, granted, version);
    return {
      head: { ...head, granted, changedAt: now },
      runs: await runningOf(ports.table, head),
      audit: { action: 'plugin.granted', detail: { version, granted, before: head.granted } },
    };
  });
}

/** Takes back all that was granted. @throws EngineError plugin.not_found, service.unavailable */
export function revokePlugin(ports: PluginPorts, actor: Actor, name: string): Promise<PluginHead> {
  return changeLiving(ports, actor, name, async (head, now) => ({
    head: { ...head, granted: nothing, changedAt: now },
    runs: await runningOf(ports.table, head),
    audit: { action: 'plugin.revoked', detail: { before: head.granted } },
  }));
}

/** Versions that one transaction deletes. */
const deletedAtOnce = 25;

/** Removes a plugin with the code of all of its versions. @throws EngineError plugin.not_found, service.unavailable */
export async function removePlugin(ports: PluginPorts, actor: Actor, name: string): Promise<void> {
  const removed = await changeLiving(ports, actor, name, async ({ enabled: _, order: __, ...head }, now) => ({
    head: { ...head, granted: nothing, changedAt: now, removedAt: now },
    audit: { action: 'plugin.removed', detail: { latest: head.latest } },
  }));
  await deleteVersions(ports.table, removed);
}

/** Deletes the versions of a plugin that is removed; those that are gone are as good as deleted. */
async function deleteVersions(table: Table, { tenantId, name, latest }: PluginHead): Promise<void> {
  const keys = Array.from({ length: latest }, (_, at) => pluginVersionPlace(tenantId, name, at + 1));
  for (let at = 0; at < keys.length; at += deletedAtOnce) {
    await table.transact(keys.slice(at, at + deletedAtOnce).map((key) => ({ kind: 'delete', key }) as const));
  }
}

/** The same of a plugin that is there. @param change answers undefined where nothing is to change */
async function changeLiving(
  ports: PluginPorts,
  actor: Actor,
  name: string,
  change: (head: PluginHead, now: string) => Promise<Change | undefined>,
): Promise<PluginHead> {
  return changePlugin(ports, actor, name, (before, now) => {
    if (before === undefined || before.removedAt !== undefined) throw missingPlugin(name);
    return change(before, now);
  });
}

/** Changes a plugin and the book of the tenant together: what a build reads of it is never half of a change. */
async function changePlugin(
  { table, clock, ids }: PluginPorts,
  actor: Actor,
  name: string,
  change: (before: PluginHead | undefined, now: string) => Promise<Change | undefined>,
): Promise<PluginHead> {
  const { tenantId } = actor;
  const [key, bookKey] = [pluginHeadPlace(tenantId, name), pluginBookPlace(tenantId)];
  return untilDone(async () => {
    const [stored, storedBook] = await Promise.all([table.get(key), table.get(bookKey)]);
    const before = stored === undefined ? undefined : pluginHeadSchema.parse(stored.data);
    const book = storedBook === undefined ? { plugins: 0, enabled: [] } : pluginBookSchema.parse(storedBook.data);
    const next = await change(before, clock.now().toISOString());
    if (next === undefined) {
      if (before === undefined) throw missingPlugin(name);
      return before;
    }
    const { head, runs, audit, writes = [] } = next;
    const enabled = [
      ...book.enabled.filter((plugin) => plugin.name !== name),
      ...(runs === undefined ? [] : [enabledAs(head, runs)]),
    ];
    const plugins = book.plugins + countOf(head) - countOf(before);
    needRoom(enabled.length, plugins);
    const done = await wrote(table, [
      { kind: 'put', key, data: toJsonObject(head), condition: asBefore(stored) },
      {
        ...{ kind: 'put', key: bookKey, data: toJsonObject({ plugins, enabled }), condition: asBefore(storedBook) },
        indexes: { byState: anyPluginBook(tenantId) },
      },
      auditWrite({ clock, ids }, actor, { action: audit.action, target: name, detail: toJsonObject(audit.detail) }),
      ...writes,
    ]);
    return done ? head : undefined;
  });
}

const countOf = (head: PluginHead | undefined): number => (head === undefined || head.removedAt !== undefined ? 0 : 1);

function needRoom(enabled: number, plugins: number): void {
  if (plugins > pluginLimits.plugins.value) {
    throw new EngineError('plugin.too_many', `The tenant has ${pluginLimits.plugins.value} plugins.`);
  }
  if (enabled > pluginLimits.enabled.value) {
    throw new EngineError('plugin.too_many_enabled', `${pluginLimits.enabled.value} plugins are enabled.`);
  }
}

const enabledAs = (
  { order, granted }: PluginHead,
  { version, declaration: { name, hooks, events, order: declared } }: PluginVersion,
): EnabledPlugin => ({
  ...{ name, version, hooks, order: order ?? declared, granted },
  ...(events === undefined ? {} : { events }),
});

/** The version that is run, of one that is enabled. */
async function runningOf(table: Table, head: PluginHead | undefined): Promise<PluginVersion | undefined> {
  if (head?.enabled === undefined) return undefined;
  return findVersion(table, head.tenantId, head.name, head.enabled);
}

/** @throws EngineError plugin.grant_refused */
function needWanted(wants: PluginWants, granted: PluginWants, version: number): void {
  const beyond = [
    ...(granted.clock && !wants.clock ? ['clock'] : []),
    ...(granted.random && !wants.random ? ['random'] : []),
    ...granted.fetch.filter((host) => !wants.fetch.includes(host)).map((host) => `fetch of ${host}`),
  ];
  if (beyond.length === 0) return;
  throw new EngineError('plugin.grant_refused', `Version ${version} does not want ${beyond.join(', ')}.`);
}

const isSame = (version: PluginVersion, declaration: PluginDeclaration, code: string): boolean =>
  version.code === code &&
  canonicalJson(toJsonObject(version.declaration)) === canonicalJson(toJsonObject(declaration));

const asBefore = (record: TableRecord | undefined): TableCondition =>
  record === undefined ? { kind: 'absent' } : { kind: 'version', version: record.version };
