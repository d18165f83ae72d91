import { holds } from '../access/grants.ts';
import { heldAnywhere, heldByMember } from '../access/held.ts';
import type { MemberRecord } from '../access/member-record.ts';
import { findMember, listMembers } from '../access/member-repository.ts';
import type { Table } from '../ports/table.ts';
import type { OwnerProblem } from './waiver.ts';

const membersAtOnce = 100;

/**
 * What is wrong with each of some owners of waivers, by how the spec names them: nothing of a person of the tenant who is
 * not suspended and holds compliance:waive.
 */
export async function waiverOwners(
  table: Table,
  tenantId: string,
  owners: readonly string[],
): Promise<ReadonlyMap<string, OwnerProblem>> {
  const problems = new Map<string, OwnerProblem>();
  const wanted = [...new Set(owners)];
  const byAddress = await membersByAddress(
    table,
    tenantId,
    wanted.filter((owner) => !owner.startsWith('mem_')),
  );
  for (const owner of wanted) {
    const member = owner.startsWith('mem_')
      ? await findMember(table, tenantId, owner)
      : byAddress.get(owner.toLowerCase());
    const problem = await problemOf(table, member);
    if (problem !== undefined) problems.set(owner, problem);
  }
  return problems;
}

async function problemOf(table: Table, member: MemberRecord | undefined): Promise<OwnerProblem | undefined> {
  // A service account answers for nothing.
  if (member === undefined || member.kind !== 'person') return 'unknown';
  if (member.suspendedAt !== undefined) return 'suspended';
  return holds(heldAnywhere(await heldByMember(table, member)), 'compliance:waive') ? undefined : 'not_permitted';
}

async function membersByAddress(
  table: Table,
  tenantId: string,
  addresses: readonly string[],
): Promise<Map<string, MemberRecord>> {
  const found = new Map<string, MemberRecord>();
  const wanted = new Set(addresses.map((address) => address.toLowerCase()));
  if (wanted.size === 0) return found;
  let cursor: string | undefined;
  do {
    const page = await listMembers(table, tenantId, {
      limit: membersAtOnce,
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const member of page.members) {
      const address = member.email?.toLowerCase();
      if (address !== undefined && wanted.has(address) && !found.has(address)) found.set(address, member);
    }
    cursor = page.cursor;
  } while (cursor !== undefined);
  return found;
}
