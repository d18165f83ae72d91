/** Errors of identity and permissions, as core/error-catalogue.ts has all of them. */
export const accessErrors = {
  'access.unauthenticated': {
    status: 401,
    title: 'No valid credentials',
    remedy:
      'Send `Authorization: Bearer lbk_…` with a live API key, or a token of the issuer whose subject a member is linked to.',
  },
  'access.forbidden': {
    status: 403,
    title: 'The key may not do this',
    remedy: 'Use a key whose role holds the permission named in `detail`.',
  },
  'access.address_refused': {
    status: 403,
    title: 'The key is not for this address',
    remedy: 'Call from an address that the key is for, or have its owner make a key for this one.',
  },
  'access.not_held': {
    status: 403,
    title: 'Nobody gives or takes what they do not hold',
    remedy: 'Ask somebody whose key holds what `detail` names.',
  },
  'access.last_owner': {
    status: 409,
    title: 'The tenant would have no owner',
    remedy: 'Make somebody else an owner first.',
  },
  'tenant.not_found': {
    status: 404,
    title: 'There is no such tenant',
    remedy: 'See GET /v1/tenants for those that there are.',
  },
  'member.not_found': {
    status: 404,
    title: 'There is no such member',
    remedy: 'See GET /v1/members for those that there are.',
  },
  'member.too_many': {
    status: 409,
    title: 'The tenant has as many members as it may',
    remedy: 'Remove one that is not needed any more.',
  },
  'member.subject_taken': {
    status: 409,
    title: 'Another member is linked to the subject',
    remedy: 'Unlink that member first; a subject of the issuer is one member.',
  },
  'oidc.not_configured': {
    status: 409,
    title: 'No issuer of tokens is configured',
    remedy: 'Have the operator name one: oidc.issuer and oidc.audience (`--oidc-issuer`, `--oidc-audience`).',
  },
  'role.not_found': {
    status: 404,
    title: 'There is no such role',
    remedy: 'See GET /v1/roles for those that there are.',
  },
  'role.built_in': {
    status: 409,
    title: 'A built-in role cannot be changed',
    remedy: 'Make a role of your own under another name.',
  },
  'role.in_use': {
    status: 409,
    title: 'Members have the role',
    remedy: 'Take it from the members that have it first (GET /v1/members shows their roles, those inside teams too).',
  },
  'role.too_many': {
    status: 409,
    title: 'The tenant has as many roles of its own as it may',
    remedy: 'Remove one that nobody has.',
  },
  'key.not_found': {
    status: 404,
    title: 'There is no such API key',
    remedy: 'See GET /v1/keys for those that there are.',
  },
  'key.too_many': {
    status: 409,
    title: 'The member has as many API keys as it may',
    remedy: 'Revoke one that is not used any more; GET /v1/keys shows when each was used last.',
  },
  'key.not_live': {
    status: 409,
    title: 'The API key has ended',
    remedy: 'Make a new key.',
  },
  'key.rotating': {
    status: 409,
    title: 'Two keys of this rotation live already',
    remedy: 'Revoke the older one, or wait until it ends.',
  },
} as const;
