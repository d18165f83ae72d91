import type { Operation } from '../../shared/operation.ts';
import { addMember } from './add-member.ts';
import { changeMember } from './change-member.ts';
import { createKey } from './create-key.ts';
import { createTenant } from './create-tenant.ts';
import { listKeys } from './list-keys.ts';
import { listMembers } from './list-members.ts';
import { listRoles } from './list-roles.ts';
import { listTenants } from './list-tenants.ts';
import { readMember } from './read-member.ts';
import { readQuota } from './read-quota.ts';
import { readTenant } from './read-tenant.ts';
import { readTenantQuota } from './read-tenant-quota.ts';
import { readTenantShare } from './read-tenant-share.ts';
import { removeMember } from './remove-member.ts';
import { removeRole } from './remove-role.ts';
import { renameTenant } from './rename-tenant.ts';
import { revokeKey } from './revoke-key.ts';
import { rotateKey } from './rotate-key.ts';
import { setRole } from './set-role.ts';
import { setTenantQuota } from './set-tenant-quota.ts';
import { setTenantShare } from './set-tenant-share.ts';
import { whoAmI } from './who-am-i.ts';

export const accessOperations: readonly Operation[] = [
  whoAmI,
  readTenant,
  renameTenant,
  createTenant,
  listTenants,
  readTenantShare,
  setTenantShare,
  addMember,
  listMembers,
  readMember,
  changeMember,
  removeMember,
  listRoles,
  setRole,
  removeRole,
  createKey,
  listKeys,
  rotateKey,
  revokeKey,
  readQuota,
  readTenantQuota,
  setTenantQuota,
];
