import { auditWrite } from '../audit/entry.ts';
import type { TableWrite } from '../ports/table.ts';
import { newTenant, type TenantRecord } from '../tenancy/tenant.ts';
import { generateApiKey } from './api-key.ts';
import { firstKeyWrite, type MadeKey } from './key-repository.ts';
import type { MemberRecord } from './member-record.ts';
import { type MemberPorts, newMember } from './member-repository.ts';

/** A tenant as it is made: with somebody in it who can let others in, and the key that they come with. */
export interface FoundedTenant {
  readonly tenant: TenantRecord;
  readonly member: MemberRecord;
  readonly key: MadeKey;
}

/**
 * Makes a tenant with its first owner and their key, and the writes that store them.
 * @param owner.roles beside `owner`
 * @throws EngineError request.invalid where the name is none of a tenant
 */
export function foundTenant(
  { clock, ids }: Pick<MemberPorts, 'clock' | 'ids'>,
  options: {
    readonly name: string;
    readonly owner: { readonly name: string; readonly email?: string; readonly roles?: readonly string[] };
    readonly keyName: string;
  },
): FoundedTenant & { readonly writes: readonly TableWrite[] } {
  const tenant = newTenant(clock, ids, { name: options.name });
  const { tenantId } = tenant.record;
  const { name, email, roles = [] } = options.owner;
  const { member, writes } = newMember({ clock, ids }, tenantId, {
    ...{ kind: 'person', name, roles: [...roles, 'owner'].sort() },
    ...(email === undefined ? {} : { email }),
  });
  const key = generateApiKey(clock, ids, { tenantId, memberId: member.memberId, name: options.keyName });
  // The member's record is made here: the key cannot be counted in it in the same transaction.
  const counted = writes.map((write) => (write.kind === 'put' ? { ...write, counters: { keys: 1 } } : write));
  const audit = auditWrite(
    { clock, ids },
    { tenantId },
    { action: 'tenant.created', target: tenantId, detail: { name: options.name, owner: member.memberId } },
  );
  const detail = { memberId: member.memberId, name: options.keyName };
  const keyMade = auditWrite({ clock, ids }, { tenantId }, { action: 'key.created', target: key.record.keyId, detail });
  return {
    tenant: tenant.record,
    member,
    key,
    writes: [tenant.write, ...counted, firstKeyWrite(key.record), audit, keyMade],
  };
}
