/** Errors of plugins, as core/error-catalogue.ts has all of them. Why a run fails is in failures.ts. */
export const pluginErrors = {
  'plugin.not_found': {
    status: 404,
    title: 'There is no such plugin',
    remedy: 'See GET /v1/plugins (`lbuild plugins ls`) for those that there are.',
  },
  'plugin.version_not_found': {
    status: 404,
    title: 'The plugin has no such version',
    remedy: 'Versions count from 1; GET /v1/plugins/{name} tells the latest.',
  },
  'plugin.hearing_not_found': {
    status: 404,
    title: 'The plugin was told nothing under this id',
    remedy: 'See GET /v1/plugins/{name}/hearings (`lbuild plugins hearings`); they are kept for 30 days.',
  },
  'plugin.too_many': {
    status: 409,
    title: 'The tenant has as many plugins, or the plugin as many versions, as it may',
    remedy: 'Remove a plugin that nothing needs any more.',
  },
  'plugin.too_many_enabled': {
    status: 409,
    title: 'As many plugins of the tenant are enabled as may be',
    remedy: 'Disable one, or put several into one.',
  },
  'plugin.code_refused': {
    status: 422,
    title: 'The code is not what the plugin declares',
    remedy: 'Correct what `fields` names. `lbuild plugins test` runs a plugin here before it is sent.',
  },
  'plugin.grant_refused': {
    status: 422,
    title: 'The version of the plugin does not want that',
    remedy: 'Grant what GET /v1/plugins/{name}/versions/{version} shows under `wants`, or part of it.',
  },
  'plugin.unsupported': {
    status: 409,
    title: 'The installation runs no plugins',
    remedy: 'Ask the operator for it.',
  },
  'plugin.denied': {
    status: 422,
    title: 'A plugin of the tenant does not allow what is planned',
    remedy: 'Change the spec by the reason that it gives, or ask who writes the tenant’s plugins.',
  },
  'plugin.failed': {
    status: 422,
    title: 'A plugin failed without which nothing is built',
    remedy: 'Mend the plugin by the code and reason in `detail`, or disable it.',
  },
  'plugin.time_exceeded': {
    status: 422,
    title: 'The tenant’s plugins took longer together than they may',
    remedy: 'Have them do less, or disable some.',
  },
} as const;
