/** Why a run of a plugin came to nothing, with what its author can do. A code never changes its meaning. */
export const pluginFailures = {
  'plugin.syntax': {
    title: 'The code is no module that can be loaded',
    remedy: 'Correct it. A plugin is one ES module without imports: `export function transformSpec({ spec }) { … }`.',
  },
  'plugin.hook_missing': {
    title: 'The module exports no function of the hook’s name',
    remedy: 'Export it, or take the hook out of the declaration.',
  },
  'plugin.threw': { title: 'The code threw', remedy: 'Catch what may be thrown, or correct the code.' },
  'plugin.unsettled': {
    title: 'The promise that the hook returned was never settled',
    remedy: 'Resolve it. Nothing happens after a run: there are no timers.',
  },
  'plugin.timeout': {
    title: 'The run took longer than it may',
    remedy: 'Do less, or declare more time where less than the most was declared.',
  },
  'plugin.memory': { title: 'The run took more memory than it may', remedy: 'Keep fewer values at once.' },
  'plugin.stack': { title: 'The calls were nested too deep', remedy: 'Use a loop in place of the recursion.' },
  'plugin.crashed': {
    title: 'The sandbox ended before the run did',
    remedy: 'Run it again; report the code to the operator if it happens each time.',
  },
  'plugin.code_too_large': { title: 'The code is too large', remedy: 'Leave out what no hook needs.' },
  'plugin.input_too_large': {
    title: 'What the plugin would be asked about is too large',
    remedy: 'Split what is built.',
  },
  'plugin.output': {
    title: 'The result is not what the hook returns',
    remedy: 'Return what docs/plugins.md says of the hook, as JSON holds it.',
  },
  'plugin.output_too_large': { title: 'The result is too large', remedy: 'Return less.' },
  'plugin.not_granted': {
    title: 'The code uses what the plugin does not have',
    remedy: 'Declare it under `wants`, and have an admin grant it.',
  },
  'plugin.fetch_refused': {
    title: 'The code asks an address that it may not ask',
    remedy: 'Declare the host under `wants.fetch`, have an admin grant it, and give an https address of a public host.',
  },
  'plugin.fetch_failed': {
    title: 'An address that the code asked did not answer well',
    remedy: 'Catch what fetch throws, or have the service mended.',
  },
} as const;
export type PluginFailureCode = keyof typeof pluginFailures;
