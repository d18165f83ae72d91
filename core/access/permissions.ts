/**
 * Permissions, `resource:action`: what a key may do is the set of these that it holds, and nothing else. Everything of
 * `installation` touches all tenants and is the operator's.
 */
export const permissions = [
  'analytics:read',
  'approvals:decide',
  'approvals:manage',
  'approvals:read',
  'artifacts:read',
  'artifacts:write',
  'audit:read',
  'billing:read',
  'billing:write',
  'builds:create',
  'builds:read',
  'builds:cancel',
  'builds:urgent',
  'cache:read',
  'cache:delete',
  'compliance:read',
  'compliance:rebuild',
  'compliance:recheck',
  'compliance:waive',
  'installation:operate',
  'keys:own',
  'keys:read',
  'keys:write',
  'members:read',
  'members:write',
  'plugins:grant',
  'plugins:read',
  'plugins:write',
  'quota:read',
  'quota:write',
  'retention:hold',
  'retention:read',
  'retention:write',
  'roles:read',
  'roles:write',
  'secrets:read',
  'secrets:write',
  'specs:validate',
  'templates:read',
  'templates:write',
  'templates:review',
  'templates:publish',
  'teams:read',
  'teams:write',
  'tenant:read',
  'tenant:write',
  'usage:read',
  'webhooks:read',
  'webhooks:write',
] as const;
export type Permission = (typeof permissions)[number];

/** What a permission is about: the part before its colon. */
export type Resource = Permission extends `${infer R}:${string}` ? R : never;

/**
 * What a role holds: a permission, or all permissions of a resource, those that later versions add included.
 */
export type Grant = Permission | `${Resource}:*`;

export const resourceOf = (grant: Grant): Resource => grant.slice(0, grant.indexOf(':')) as Resource;

export const wildcardOf = (resource: Resource): Grant => `${resource}:*`;

/** Every grant that there is: the permissions, then the wildcards. */
export const grants: readonly [Grant, ...Grant[]] = [
  ...permissions,
  ...[...new Set(permissions.map(resourceOf))].map(wildcardOf),
];
