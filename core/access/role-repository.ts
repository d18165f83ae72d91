import { auditWrite } from '../audit/entry.ts';
import { EngineError } from '../errors.ts';
import { toJsonObject } from '../json.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { ConditionFailed, type Table, type TableRecord, type TableWrite } from '../ports/table.ts';
import { quoted } from '../text.ts';
import { untilDone } from './attempts.ts';
import { builtInRoles, isBuiltInRole } from './built-in-roles.ts';
import { needHeld } from './grants.ts';
import { accessLimits } from './limits.ts';
import type { Grant } from './permissions.ts';
import { countPlace, rolePlace } from './places.ts';
import type { Principal } from './principal.ts';
import { type RoleRecord, roleRecordSchema } from './role-record.ts';

interface RolePorts {
  readonly table: Table;
  readonly clock: Clock;
  readonly ids: Ids;
}

const recordOf = (stored: TableRecord): RoleRecord => roleRecordSchema.parse(stored.data);

/** A tenant's own roles by name, all of them. */
export async function listRoles(table: Table, tenantId: string): Promise<RoleRecord[]> {
  const { partition } = rolePlace(tenantId, '');
  return (await table.query({ partition, limit: accessLimits.customRoles })).records.map(recordOf);
}

/**
 * What a tenant's roles hold together.
 * @throws EngineError role.not_found for a name that is neither built in nor the tenant's
 */
export async function grantsOfRoles(
  table: Table,
  tenantId: string,
  names: readonly string[],
): Promise<ReadonlySet<Grant>> {
  const each = await Promise.all(names.map(async (name) => (await grantsOf(table, tenantId, name)) ?? missing(name)));
  return new Set(each.flat());
}

/** The same of roles that a member has. One that was taken from them and removed meanwhile holds nothing. */
export async function heldByRoles(
  table: Table,
  tenantId: string,
  names: readonly string[],
): Promise<ReadonlySet<Grant>> {
  const each = await Promise.all(names.map((name) => grantsOf(table, tenantId, name)));
  return new Set(each.flatMap((grants) => grants ?? []));
}

/** What one role holds; undefined where the tenant has none of this name. */
export async function grantsOf(table: Table, tenantId: string, name: string): Promise<readonly Grant[] | undefined> {
  if (isBuiltInRole(name)) return builtInRoles[name].grants;
  const stored = await table.get(rolePlace(tenantId, name));
  return stored === undefined ? undefined : recordOf(stored).grants;
}

/** @throws EngineError role.not_found */
function missing(name: string): never {
  throw missingRole(name);
}

/**
 * Makes a role of the tenant's own, or changes what it holds: who has it then holds that, at their next request. Who
 * does so must hold what the role holds before and after.
 * @throws EngineError role.built_in, role.too_many, access.not_held, service.unavailable
 */
export async function setRole(
  { table, clock, ids }: RolePorts,
  principal: Principal,
  content: { readonly name: string; readonly description: string; readonly grants: readonly Grant[] },
): Promise<{ readonly role: RoleRecord; readonly created: boolean }> {
  const { tenantId } = principal;
  const { name } = content;
  refuseBuiltIn(name);
  const key = rolePlace(tenantId, name);
  return untilDone(async () => {
    const stored = await table.get(key);
    const before = stored === undefined ? undefined : recordOf(stored);
    needHeld(principal, [...content.grants, ...(before?.grants ?? [])]);
    const now = clock.now().toISOString();
    const role: RoleRecord = {
      ...content,
      grants: [...content.grants],
      tenantId,
      createdAt: before?.createdAt ?? now,
      changedAt: now,
    };
    const put = { kind: 'put', key, data: toJsonObject(role) } as const;
    const writes: TableWrite[] =
      stored === undefined
        ? [
            { ...put, condition: { kind: 'absent' } },
            {
              kind: 'increment',
              key: countPlace(tenantId, 'roles'),
              counter: 'count',
              by: 1,
              max: accessLimits.customRoles,
            },
          ]
        : [{ ...put, condition: { kind: 'version', version: stored.version } }];
    try {
      const detail = { grants: role.grants, before: before?.grants ?? null };
      const audit = auditWrite({ clock, ids }, principal, { action: 'role.set', target: name, detail });
      await table.transact([...writes, audit]);
      return { role, created: stored === undefined };
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      if (stored === undefined && error.failed.includes(1) && !error.failed.includes(0)) {
        throw new EngineError('role.too_many', `The tenant has ${accessLimits.customRoles} roles of its own.`);
      }
      // Somebody else has just made, changed or given it: it is looked at anew.
      return undefined;
    }
  });
}

/**
 * Removes a role that nobody has.
 * @throws EngineError role.not_found, role.built_in, role.in_use, access.not_held
 */
export async function removeRole({ table, clock, ids }: RolePorts, principal: Principal, name: string): Promise<void> {
  const { tenantId } = principal;
  refuseBuiltIn(name);
  const key = rolePlace(tenantId, name);
  await untilDone(async () => {
    const stored = await table.get(key);
    if (stored === undefined) throw missingRole(name);
    needHeld(principal, recordOf(stored).grants);
    const members = stored.counters.members ?? 0;
    if (members > 0) throw new EngineError('role.in_use', `The role ${quoted(name)} is given ${members} time(s).`);
    try {
      await table.transact([
        { kind: 'delete', key, condition: { kind: 'version', version: stored.version } },
        { kind: 'increment', key: countPlace(tenantId, 'roles'), counter: 'count', by: -1, min: 0 },
        auditWrite({ clock, ids }, principal, { action: 'role.removed', target: name }),
      ]);
      return true;
    } catch (error) {
      // It was given to somebody, or changed, meanwhile.
      if (!(error instanceof ConditionFailed)) throw error;
      return undefined;
    }
  });
}

/**
 * The writes by which a member comes to have other roles of the tenant's own: each counts its members, so that one that
 * somebody has is not removed, and one that is being removed is given to nobody. A name that is there twice, as in the
 * tenant and inside a team, counts twice.
 */
export function roleCounts(tenantId: string, before: readonly string[], after: readonly string[]): TableWrite[] {
  const times = (names: readonly string[], name: string) => names.filter((one) => one === name).length;
  const count = (name: string, by: number): TableWrite[] =>
    isBuiltInRole(name) || by === 0
      ? []
      : [
          {
            kind: 'increment',
            key: rolePlace(tenantId, name),
            counter: 'members',
            by,
            min: 0,
            condition: { kind: 'exists' },
          },
        ];
  const names = [...new Set([...before, ...after])];
  return names.flatMap((name) => count(name, times(after, name) - times(before, name)));
}

function refuseBuiltIn(name: string): void {
  if (isBuiltInRole(name)) throw new EngineError('role.built_in', `${quoted(name)} is a built-in role.`);
}

function missingRole(name: string): EngineError {
  return new EngineError('role.not_found', `There is no role ${quoted(name)}.`);
}
