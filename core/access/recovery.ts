import { createApiKey, type KeyPorts, type MadeKey } from './key-repository.ts';
import { isActiveOwner } from './member-record.ts';
import { listMembers, missingMember } from './member-repository.ts';

/**
 * Makes a key for a tenant's owner, for a tenant that has lost all its keys: nobody inside could. Whoever can write the
 * table directly runs the installation, and the tenant's audit log tells of it.
 * @throws EngineError member.not_found where the tenant has no owner who could come in, or there is no such tenant;
 *   key.too_many
 */
export async function createOwnerKey(ports: KeyPorts, tenantId: string): Promise<MadeKey> {
  let cursor: string | undefined;
  do {
    const page = await listMembers(ports.table, tenantId, { limit: 100, ...(cursor === undefined ? {} : { cursor }) });
    const owner = page.members.find(isActiveOwner);
    if (owner !== undefined) return createApiKey(ports, { tenantId, memberId: owner.memberId, name: 'recovery key' });
    cursor = page.cursor;
  } while (cursor !== undefined);
  throw missingMember();
}
