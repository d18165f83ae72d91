import type { ApiKeyContent } from '../../core/access/api-key.ts';
import { createApiKey, type KeyPorts, type MadeKey } from '../../core/access/key-repository.ts';
import type { MemberRecord } from '../../core/access/member-record.ts';
import { newMember } from '../../core/access/member-repository.ts';

/** A member with these roles, whatever whoever asks may do. */
export async function memberWith(
  ports: KeyPorts,
  tenantId: string,
  roles: readonly string[],
  kind: MemberRecord['kind'] = 'service',
): Promise<MemberRecord> {
  const { member, writes } = newMember(ports, tenantId, { kind, name: roles.join(' '), roles: [...roles] });
  await ports.table.transact(writes);
  return member;
}

/** A key of a new member with these roles. */
export async function keyWith(
  ports: KeyPorts,
  tenantId: string,
  roles: readonly string[],
  content: Partial<Omit<ApiKeyContent, 'tenantId' | 'memberId'>> = {},
): Promise<MadeKey> {
  const { memberId } = await memberWith(ports, tenantId, roles);
  return createApiKey(ports, { tenantId, memberId, name: 'test', ...content });
}
