import { type Grant, type Permission, permissions, resourceOf, wildcardOf } from './permissions.ts';

const isTenants = (permission: Permission): boolean => resourceOf(permission) !== 'installation';

/** All that can be granted inside a tenant, what later versions add included. */
const everythingOfTenant = [...new Set(permissions.filter(isTenants).map(resourceOf))].map(wildcardOf);

/** What everybody may: know where they are, and look after their own keys. */
const everybody: readonly Grant[] = ['tenant:read', 'keys:own'];

const reading: readonly Grant[] = [
  ...everybody,
  'analytics:read',
  'builds:read',
  'artifacts:read',
  'cache:read',
  'compliance:read',
  'quota:read',
  'retention:read',
  'teams:read',
  'templates:read',
  'usage:read',
];

export const builtInRoleNames = [
  'operator',
  'owner',
  'admin',
  'builder',
  'approver',
  'viewer',
  'auditor',
  'billing',
  'member',
] as const;
export type BuiltInRole = (typeof builtInRoleNames)[number];

/** The roles that every tenant has. They hold no more than their part in a team asks for. */
export const builtInRoles: Readonly<
  Record<BuiltInRole, { readonly description: string; readonly grants: readonly Grant[] }>
> = {
  operator: {
    description: 'Runs the installation: all that an owner may, other tenants, and what all tenants share.',
    grants: [...everythingOfTenant, 'installation:*'],
  },
  owner: { description: 'Everything in the tenant. The last owner stays.', grants: everythingOfTenant },
  admin: {
    description: 'Everything in the tenant, but for the tenant itself and its owners.',
    grants: permissions.filter((permission) => isTenants(permission) && permission !== 'tenant:write'),
  },
  builder: {
    description: 'Builds images, names secrets in specs, and makes and reviews templates.',
    grants: [
      ...reading,
      'builds:create',
      'builds:cancel',
      'specs:validate',
      'artifacts:write',
      'cache:delete',
      'compliance:recheck',
      'secrets:read',
      'templates:write',
      'templates:review',
      'approvals:read',
      'plugins:read',
    ],
  },
  approver: {
    description: 'Reads builds and what they made, to judge them, approves or rejects them, and answers for waivers.',
    grants: [...reading, 'approvals:read', 'approvals:decide', 'compliance:waive'],
  },
  viewer: { description: 'Reads builds and downloads what they made.', grants: reading },
  auditor: {
    description: 'Reads builds, who may do what, and who did what; downloads no image.',
    grants: [
      ...everybody,
      'analytics:read',
      'approvals:read',
      'audit:read',
      'builds:read',
      'cache:read',
      'compliance:read',
      'members:read',
      'roles:read',
      'keys:read',
      'plugins:read',
      'quota:read',
      'retention:read',
      'secrets:read',
      'templates:read',
      'teams:read',
      'usage:read',
      'billing:read',
    ],
  },
  billing: {
    description: 'What the tenant has used, what it pays for that, and its budgets.',
    grants: [...everybody, 'analytics:read', 'quota:read', 'teams:read', 'usage:read', 'billing:read', 'billing:write'],
  },
  member: { description: 'Nothing but what their teams give them.', grants: everybody },
};

export const isBuiltInRole = (name: string): name is BuiltInRole =>
  (builtInRoleNames as readonly string[]).includes(name);
