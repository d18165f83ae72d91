/** Errors of retention; core/error-catalogue.ts holds them with all others. */
export const retentionErrors = {
  'artifact.in_trash': {
    status: 409,
    title: 'The artifacts of the build are in the trash',
    remedy:
      'Restore them with POST /v1/builds/{id}/artifacts:restore (`lbuild trash restore ID`) before the date in `purgeAt`.',
  },
  'artifact.purged': {
    status: 410,
    title: 'The artifacts of the build are removed for good',
    remedy: 'Retry the build (`lbuild retry ID`): it makes them again from its spec.',
  },
  'retention.protected': {
    status: 409,
    title: 'What the build made is protected',
    remedy: 'See `protections` of GET /v1/builds/{id}/retention, and end what protects it.',
  },
  'retention.nothing_stored': {
    status: 409,
    title: 'The build has no stored artifacts',
    remedy: 'List them with GET /v1/builds/{id}/artifacts.',
  },
  'retention.not_in_trash': {
    status: 409,
    title: 'The artifacts of the build are not in the trash',
    remedy: 'List the trash with GET /v1/retention/trash.',
  },
  'retention.policy_not_found': {
    status: 404,
    title: 'There is no such retention policy',
    remedy: 'List them with GET /v1/retention/policies.',
  },
  'retention.policy_too_many': {
    status: 409,
    title: 'The tenant has too many retention policies',
    remedy: 'Remove one, or let one policy name several templates.',
  },
  'hold.not_found': { status: 404, title: 'There is no such hold', remedy: 'List them with GET /v1/retention/holds.' },
  'hold.too_many': {
    status: 409,
    title: 'The tenant has too many holds',
    remedy: 'Release holds that nobody needs any more.',
  },
  'retention.indexing': {
    status: 503,
    title: 'It is being written down what the tenant has stored',
    remedy: 'Try again after some minutes; each run goes on with it, and nothing is removed until then.',
  },
  'cleanup.running': {
    status: 409,
    title: 'A cleanup that was asked for is under way',
    remedy: 'Wait for its report: GET /v1/retention/cleanups/{id} with the id in `cleanupId`.',
  },
  'cleanup.not_found': {
    status: 404,
    title: 'There is no such cleanup',
    remedy: 'List them with GET /v1/retention/cleanups; they are kept for 90 days.',
  },
} as const;
