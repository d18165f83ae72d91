/** When the limits were last looked at against what runs take (docs/plugins.md has the figures). */
export const pluginLimitsDate = '2026-11-28';

const mib = 1_048_576;

/** Bounds of plugins. Each has its reason. */
export const pluginLimits = {
  /** Bytes of a plugin's code as UTF-8. */
  codeBytes: { value: 262_144, reason: 'a version is one item of the table, which holds 400 KB' },
  /** Plugins of a tenant that are enabled at once. */
  enabled: { value: 20, reason: 'a build waits for each of them, one after another' },
  /** Plugins of a tenant, enabled or not. */
  plugins: { value: 100, reason: 'they are listed in one answer' },
  /** Versions of a plugin. */
  versions: { value: 1_000, reason: 'a removal deletes them all in one call' },
  /** Milliseconds that the plugins of a submission may take together, and those of a plan. */
  togetherMilliseconds: { value: 20_000, reason: 'a request to the API is answered within 29 seconds' },
  /** Calls that tell one tenant's plugins of events at once. */
  hearingSlots: { value: 2, reason: 'half of what one machine does of it at once: no tenant has all of it' },
  /** Days for which is kept what a plugin was told, and what came of it. */
  hearingDays: { value: 30, reason: 'as long as deliveries to webhooks and dead letters' },
  /** Hosts that a plugin may declare. */
  fetchHosts: { value: 10, reason: 'an admin must be able to judge each of them' },
  description: { value: 200, reason: 'it is one line for people' },
  /** The place in the order of plugins. */
  order: { value: 1_000, reason: 'more steps than there are plugins' },
  /** Milliseconds of processor time of a run, unless the plugin declares fewer. */
  cpuMilliseconds: { value: 2_000, reason: 'it is sixty times what a look over a large spec takes' },
  /** The fewest that may be declared. */
  leastCpuMilliseconds: { value: 100, reason: 'loading the code takes some of them on a busy machine' },
  /** Milliseconds of a run from its start to its end, however little of it is processor time. */
  wallMilliseconds: { value: 10_000, reason: 'all of the processor time on a busy machine, and slow answers to fetch' },
  /** Bytes that the code's values may take. */
  memoryBytes: { value: 32 * mib, reason: 'a spec of 256 KiB takes 2 MiB as values' },
  /** Bytes of the stack that calls may fill. */
  stackBytes: { value: 262_144, reason: 'a thousand nested calls fit' },
  /** Bytes of a run's input as JSON. */
  inputBytes: { value: mib, reason: 'a spec of 256 KiB and its plan fit' },
  /** Bytes of a run's result as JSON. */
  outputBytes: { value: mib, reason: 'a spec is at most a quarter of it' },
  /** Nested lists and objects of a result. */
  outputDepth: { value: 32, reason: 'a spec has at most 16, and its result two more' },
  /** Bytes of a run's log as UTF-8, and its lines. */
  logBytes: { value: 65_536, reason: 'nobody reads more of one run' },
  logLines: { value: 1_000, reason: 'nobody reads more of one run' },
  /** Bytes of a log that are kept with a build. */
  keptLogBytes: { value: 16_384, reason: 'the records of a build’s plugins are read together' },
  /** Characters of a reason that a plugin gives, and of a place in a spec. */
  reason: { value: 500, reason: 'it is shown as one line' },
  path: { value: 300, reason: 'the longest place in a spec is shorter' },
  /** Errors that a plugin may find in a spec: as many as the engine's own checks. */
  errors: { value: 100, reason: 'an answer must stay readable' },
  /** Places that a transformation changed, as a record names them. */
  changedPaths: { value: 100, reason: 'a record must stay readable' },
  /** Calls of fetch in a run. */
  fetches: { value: 5, reason: 'a run asks a service, and does not crawl' },
  /** Bytes of a body that is sent, and of one that is read. */
  fetchBodyBytes: { value: 262_144, reason: 'as long as a spec may be' },
  fetchUrlLength: { value: 2_048, reason: 'as long as an address of a webhook may be' },
  fetchHeaders: { value: 32, reason: 'no service asks for more' },
  fetchHeaderBytes: { value: 8_192, reason: 'many servers take no longer head' },
  fetchRedirects: { value: 3, reason: 'more is a mistake or an attack' },
} as const;
