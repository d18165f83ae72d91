import * as operations from './generated/sdk.gen.ts';
import type {
  AddMemberData,
  ApiKey,
  ChangeMemberData,
  CreateKeyData,
  CreateTenantData,
  FoundedTenant,
  ListKeysResponse,
  ListMembersResponse,
  ListTenantsResponse,
  MadeApiKey,
  Member,
  Role,
  SetRoleData,
  Tenant,
  TenantShare,
  WhoAmI,
} from './generated/types.gen.ts';
import { type Listing, listing, type PageQuery } from './pages.ts';
import type { CallOptions, KeyedCallOptions, Transport } from './transport.ts';

/** Tenants: one's own, and for the operator all. @internal */
export function tenantCalls(engine: Transport) {
  return {
    /** The tenant of the client's own key. */
    readOwn: async (options?: CallOptions): Promise<Tenant> => (await operations.readTenant(engine.of(options))).data,

    renameOwn: async (name: string, options?: CallOptions): Promise<Tenant> =>
      (await operations.renameTenant({ ...engine.of(options), body: { name } })).data,

    /** Makes a tenant with its first owner; the answer alone has the text of the key that they come with. */
    create: async (body: CreateTenantData['body'], options?: CallOptions): Promise<FoundedTenant> =>
      (await operations.createTenant({ ...engine.of(options), body })).data,

    /** The tenants of the installation. */
    list: (query: PageQuery = {}, options?: CallOptions): Listing<ListTenantsResponse, Tenant> =>
      listing(
        query,
        async (page) => (await operations.listTenants({ ...engine.of(options), query: page })).data,
        ({ tenants }) => tenants,
      ),

    /** The weight of a tenant among all that want to build, and how many of its builds run. */
    readShare: async (tenantId: string, options?: CallOptions): Promise<TenantShare> =>
      (await operations.readTenantShare({ ...engine.of(options), path: { tenantId } })).data,

    setShare: async (tenantId: string, weight: number, options?: CallOptions): Promise<TenantShare> =>
      (await operations.setTenantShare({ ...engine.of(options), path: { tenantId }, body: { weight } })).data,
  };
}

/** Members of the tenant. @internal */
export function memberCalls(engine: Transport) {
  return {
    add: async (body: AddMemberData['body'], options?: KeyedCallOptions): Promise<Member> =>
      (await operations.addMember({ ...engine.of(options), body })).data,

    list: (query: PageQuery = {}, options?: CallOptions): Listing<ListMembersResponse, Member> =>
      listing(
        query,
        async (page) => (await operations.listMembers({ ...engine.of(options), query: page })).data,
        ({ members }) => members,
      ),

    change: async (memberId: string, body: ChangeMemberData['body'], options?: CallOptions): Promise<Member> =>
      (await operations.changeMember({ ...engine.of(options), path: { memberId }, body })).data,

    /** Removes a member; all of their keys end at once. */
    remove: async (memberId: string, options?: CallOptions): Promise<void> => {
      await operations.removeMember({ ...engine.of(options), path: { memberId } });
    },
  };
}

/** Roles: the built-in ones and the tenant's own. @internal */
export function roleCalls(engine: Transport) {
  return {
    list: async (options?: CallOptions): Promise<readonly Role[]> =>
      (await operations.listRoles(engine.of(options))).data.roles,

    set: async (name: string, body: SetRoleData['body'], options?: CallOptions): Promise<Role> =>
      (await operations.setRole({ ...engine.of(options), path: { name }, body })).data,

    remove: async (name: string, options?: CallOptions): Promise<void> => {
      await operations.removeRole({ ...engine.of(options), path: { name } });
    },
  };
}

/** API keys. @internal */
export function keyCalls(engine: Transport) {
  return {
    /** Tenant and member of the client's own key, and what it may do. */
    whoAmI: async (options?: CallOptions): Promise<WhoAmI> => (await operations.whoAmI(engine.of(options))).data,

    /** Makes an API key; the answer alone has its text. */
    create: async (body: CreateKeyData['body'], options?: KeyedCallOptions): Promise<MadeApiKey> =>
      (await operations.createKey({ ...engine.of(options), body })).data,

    /** The keys of the tenant, or of one member; without keys:read one's own. */
    list: (
      query: PageQuery & { readonly memberId?: string } = {},
      options?: CallOptions,
    ): Listing<ListKeysResponse, ApiKey> =>
      listing(
        query,
        async (page) => (await operations.listKeys({ ...engine.of(options), query: { ...query, ...page } })).data,
        ({ keys }) => keys,
      ),

    /** Makes the key that follows another, which lives on for that many seconds (a week unless said otherwise). */
    rotate: async (keyId: string, overlapSeconds?: number, options?: CallOptions): Promise<MadeApiKey> => {
      const body = overlapSeconds === undefined ? {} : { overlapSeconds };
      return (await operations.rotateKey({ ...engine.of(options), path: { keyId }, body })).data;
    },

    revoke: async (keyId: string, options?: CallOptions): Promise<void> => {
      await operations.revokeKey({ ...engine.of(options), path: { keyId } });
    },
  };
}
