import { authenticate } from '../../../core/access/authenticate.ts';
import { type BuiltInRole, builtInRoleNames, builtInRoles } from '../../../core/access/built-in-roles.ts';
import { permissionsOf } from '../../../core/access/grants.ts';
import { revokeApiKey } from '../../../core/access/key-repository.ts';
import { changeMember, removeMember } from '../../../core/access/member-repository.ts';
import { type Permission, permissions } from '../../../core/access/permissions.ts';
import { setRole } from '../../../core/access/role-repository.ts';
import { operations } from '../../../functions/api/operations.ts';
import type { Operation } from '../../../functions/shared/operation.ts';
import { keyWith } from '../../support/members.ts';
import { keyInTeams, teamOfTenant } from '../../support/teams.ts';
import { type ApiUnderTest, type TenantUnderTest, unknownKey } from './api-under-test.ts';

/** Rows of the access matrix: every operation that takes a permission. */
export const guarded = operations.filter((operation) => operation.access.kind === 'permission');

export function neededBy({ access }: Operation): Permission {
  if (access.kind !== 'permission') throw new Error('the operation is not one with access by permission');
  return access.permission;
}

export const refusals = {
  unauthenticated: [401, 'access.unauthenticated'],
  forbidden: [403, 'access.forbidden'],
  'other address': [403, 'access.address_refused'],
} as const;

/** What somebody is inside a team who is nothing but a `member` in the tenant. */
const rolesInTeam = ['builder', 'viewer', 'admin'] as const satisfies readonly BuiltInRole[];
type TeamCaller = `${(typeof rolesInTeam)[number]} in a team`;

/** Operations that take a permission of a team's only for what names the team, which the calls of the matrix do not. */
const forTenantUnlessNamed = new Set(['startBuild']);

/** Whose keys the columns call with. */
export interface Callers {
  readonly api: ApiUnderTest;
  readonly tenant: TenantUnderTest;
  readonly texts: Readonly<
    Record<'expired' | 'revoked' | 'suspended' | 'removed' | 'elsewhere' | 'reader' | TeamCaller, string>
  >;
}

/** Somebody who calls: a column of the access matrix. */
interface Column {
  readonly name: string;
  readonly key: (callers: Callers, needed: Permission) => Promise<string | undefined>;
  readonly expects: (needed: Permission, operation: Operation) => keyof typeof refusals | 'passes';
}

const isReading = (permission: Permission): boolean => permission.endsWith(':read');
const refused = (name: string, key: Column['key'], code: keyof typeof refusals = 'unauthenticated'): Column => ({
  ...{ name, key },
  expects: () => code,
});
const where =
  (may: (needed: Permission) => boolean): Column['expects'] =>
  (needed) =>
    may(needed) ? 'passes' : 'forbidden';

export const columns: readonly Column[] = [
  refused('without a key', async () => undefined),
  refused('with what is no key', async () => 'lbk_nothing'),
  refused('with a key that was never given out', async ({ api }) => unknownKey(api.ports)),
  refused('with an expired key', async ({ texts }) => texts.expired),
  refused('with a revoked key', async ({ texts }) => texts.revoked),
  refused('by a suspended member', async ({ texts }) => texts.suspended),
  refused('by a removed member', async ({ texts }) => texts.removed),
  refused('from an address that the key is not for', async ({ texts }) => texts.elsewhere, 'other address'),
  {
    name: 'by a role of the tenant’s own that may only read',
    key: async ({ texts }) => texts.reader,
    expects: where(isReading),
  },
  refused(
    'with a key whose scopes hold all but what it needs',
    async ({ api, tenant }, needed) => {
      const scopes = permissions.filter((permission) => permission !== needed);
      return (await keyWith(api.ports, tenant.tenantId, ['operator'], { scopes })).text;
    },
    'forbidden',
  ),
  {
    name: 'with a key whose scopes hold just what it needs',
    key: async ({ api, tenant }, needed) =>
      (await keyWith(api.ports, tenant.tenantId, ['operator'], { scopes: [needed] })).text,
    expects: () => 'passes',
  },
  ...rolesInTeam.map(
    (role): Column => ({
      name: `by the role ${role} inside a team alone`,
      key: async ({ texts }) => texts[`${role} in a team`],
      expects: (needed, { id, access }) => {
        const may = (name: BuiltInRole) => permissionsOf(new Set(builtInRoles[name].grants)).has(needed);
        const there = access.kind === 'permission' && access.inTeam === true && !forTenantUnlessNamed.has(id);
        return may('member') || (there && may(role)) ? 'passes' : 'forbidden';
      },
    }),
  ),
  ...builtInRoleNames.map((role) => ({
    name: `by the role ${role}`,
    key: async ({ tenant }: Callers) => tenant.keys[role],
    expects: where((needed) => permissionsOf(new Set(builtInRoles[role].grants)).has(needed)),
  })),
];

/** Every operation by every kind of caller. */
export const matrix = guarded.flatMap((operation) =>
  columns.map((column) => [operation.id, column.name, operation, column] as const),
);

/** Makes those who call. The calls of the matrix name nothing that is there, so that none of them is changed by one. */
export async function openCallers(api: ApiUnderTest, tenant: TenantUnderTest): Promise<Callers> {
  const { ports } = api;
  const { tenantId } = tenant;
  const operator = await authenticate(ports, {
    authorization: `Bearer ${tenant.keys.operator}`,
    sourceAddress: undefined,
    requestId: 'req_1',
  });
  await setRole(ports, operator, { name: 'reader', description: '', grants: permissions.filter(isReading) });
  const make = (content: Parameters<typeof keyWith>[3] = {}) => keyWith(ports, tenantId, ['operator'], content);
  const [revoked, suspended, removed] = [await make(), await make(), await make()];
  await revokeApiKey(ports, operator, revoked.record.keyId);
  await changeMember(ports, operator, suspended.record.memberId, { suspended: true });
  await removeMember(ports, operator, removed.record.memberId);
  const teamId = await teamOfTenant(ports, operator, 'matrix');
  const inTeam = async (role: BuiltInRole) => (await keyInTeams(ports, operator, { [teamId]: [role] })).text;
  return {
    ...{ api, tenant },
    texts: {
      expired: (await make({ expiresAt: new Date(Date.now() - 1).toISOString() })).text,
      elsewhere: (await make({ addressRanges: ['192.0.2.0/24'] })).text,
      'builder in a team': await inTeam('builder'),
      'viewer in a team': await inTeam('viewer'),
      'admin in a team': await inTeam('admin'),
      reader: (await keyWith(ports, tenantId, ['reader'])).text,
      ...{ revoked: revoked.text, suspended: suspended.text, removed: removed.text },
    },
  };
}
