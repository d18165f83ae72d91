/** Permissions, `resource:action`. Deny by default; a role is a set of these. */
export const permissions = [
  'builds:create',
  'builds:read',
  'builds:cancel',
  'artifacts:read',
  'specs:validate',
] as const;
export type Permission = (typeof permissions)[number];

/** Built-in roles. */
export const roles = {
  owner: permissions,
  builder: ['builds:create', 'builds:read', 'builds:cancel', 'artifacts:read', 'specs:validate'],
  viewer: ['builds:read', 'artifacts:read'],
} as const satisfies Record<string, readonly Permission[]>;
export type RoleName = keyof typeof roles;
