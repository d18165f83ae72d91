import type { createClient } from './generated/client/index.ts';
import * as operations from './generated/sdk.gen.ts';
import type {
  AddMemberData,
  ApiKey,
  ChangeMemberData,
  CreateKeyData,
  CreateTenantData,
  FoundedTenant,
  MadeApiKey,
  Member,
  Role,
  SetRoleData,
  Tenant,
  TenantShare,
  WhoAmI,
} from './generated/types.gen.ts';
import { everyPage } from './pages.ts';

/** The calls of a client that are about tenants, members, roles and API keys. */
export function accessCalls(client: ReturnType<typeof createClient>) {
  const shared = { client, throwOnError: true } as const;

  /** Tenant and member of the client's own key, and what it may do. */
  const whoAmI = async (): Promise<WhoAmI> => (await operations.whoAmI(shared)).data;

  const readTenant = async (): Promise<Tenant> => (await operations.readTenant(shared)).data;

  const renameTenant = async (name: string): Promise<Tenant> =>
    (await operations.renameTenant({ ...shared, body: { name } })).data;

  /** Makes a tenant with its first owner; the answer alone has the text of the key that they come with. */
  const createTenant = async (body: CreateTenantData['body']): Promise<FoundedTenant> =>
    (await operations.createTenant({ ...shared, body })).data;

  /** Every tenant of the installation. */
  const listTenants = (): Promise<readonly Tenant[]> =>
    everyPage(async (query) => {
      const { tenants, ...rest } = (await operations.listTenants({ ...shared, query })).data;
      return { entries: tenants, ...rest };
    });

  /** The weight of a tenant among all that want to build, and how many of its builds run. */
  const readTenantShare = async (tenantId: string): Promise<TenantShare> =>
    (await operations.readTenantShare({ ...shared, path: { tenantId } })).data;

  const setTenantShare = async (tenantId: string, weight: number): Promise<TenantShare> =>
    (await operations.setTenantShare({ ...shared, path: { tenantId }, body: { weight } })).data;

  const addMember = async (body: AddMemberData['body']): Promise<Member> =>
    (await operations.addMember({ ...shared, body })).data;

  /** Every member of the tenant. */
  const listMembers = (): Promise<readonly Member[]> =>
    everyPage(async (query) => {
      const { members, ...rest } = (await operations.listMembers({ ...shared, query })).data;
      return { entries: members, ...rest };
    });

  const changeMember = async (memberId: string, body: ChangeMemberData['body']): Promise<Member> =>
    (await operations.changeMember({ ...shared, path: { memberId }, body })).data;

  /** Removes a member; all of their keys end at once. */
  const removeMember = async (memberId: string): Promise<void> => {
    await operations.removeMember({ ...shared, path: { memberId } });
  };

  /** The built-in roles and the tenant's own. */
  const listRoles = async (): Promise<readonly Role[]> => (await operations.listRoles(shared)).data.roles;

  const setRole = async (name: string, body: SetRoleData['body']): Promise<Role> =>
    (await operations.setRole({ ...shared, path: { name }, body })).data;

  const removeRole = async (name: string): Promise<void> => {
    await operations.removeRole({ ...shared, path: { name } });
  };

  /** Makes an API key; the answer alone has its text. */
  const createKey = async (body: CreateKeyData['body']): Promise<MadeApiKey> =>
    (await operations.createKey({ ...shared, body })).data;

  /** The keys of the tenant, or of one member; without keys:read one's own. */
  const listKeys = (filter: { readonly memberId?: string } = {}): Promise<readonly ApiKey[]> =>
    everyPage(async (query) => {
      const { keys, ...rest } = (await operations.listKeys({ ...shared, query: { ...filter, ...query } })).data;
      return { entries: keys, ...rest };
    });

  /** Makes the key that follows another, which lives on for that many seconds (a week unless said otherwise). */
  const rotateKey = async (keyId: string, overlapSeconds?: number): Promise<MadeApiKey> => {
    const body = overlapSeconds === undefined ? {} : { overlapSeconds };
    return (await operations.rotateKey({ ...shared, path: { keyId }, body })).data;
  };

  const revokeKey = async (keyId: string): Promise<void> => {
    await operations.revokeKey({ ...shared, path: { keyId } });
  };

  return {
    ...{ whoAmI, readTenant, renameTenant, createTenant, listTenants, readTenantShare, setTenantShare },
    ...{ addMember, listMembers, changeMember, removeMember },
    ...{ listRoles, setRole, removeRole, createKey, listKeys, rotateKey, revokeKey },
  };
}
