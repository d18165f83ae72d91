/** Permissions, `resource:action`. Deny by default; a role is a set of these. */
export const permissions = [
  'builds:create',
  'builds:read',
  'builds:cancel',
  'artifacts:read',
  'specs:validate',
  'cache:read',
  'cache:delete',
  'cache:operate',
  'secrets:read',
  'secrets:write',
] as const;
export type Permission = (typeof permissions)[number];

/** Built-in roles. Only the operator may do what touches all tenants: the pool that they share, and its warming. */
export const roles = {
  operator: permissions,
  owner: [
    'builds:create',
    'builds:read',
    'builds:cancel',
    'artifacts:read',
    'specs:validate',
    'cache:read',
    'cache:delete',
    'secrets:read',
    'secrets:write',
  ],
  builder: [
    'builds:create',
    'builds:read',
    'builds:cancel',
    'artifacts:read',
    'specs:validate',
    'cache:read',
    'cache:delete',
    'secrets:read',
  ],
  viewer: ['builds:read', 'artifacts:read', 'cache:read'],
} as const satisfies Record<string, readonly Permission[]>;
export type RoleName = keyof typeof roles;
