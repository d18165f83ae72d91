import { z } from 'zod';
import { filterSchema } from '../webhooks/endpoint.ts';
import { fetchHostSchema } from './fetch-host.ts';
import { pluginHooks } from './hooks.ts';
import { pluginLimits } from './limits.ts';

export const pluginNameSchema = z
  .string()
  .regex(/^[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?$/, 'must be 1 to 40 lower-case letters, digits and inner hyphens');

/** fail-closed: a run that fails stops what it was asked about. fail-open: the build goes on as if there were no plugin. */
export const failureModes = ['fail-closed', 'fail-open'] as const;
export type FailureMode = (typeof failureModes)[number];

/** Each host once, in order. */
export const fetchHostsSchema = z
  .array(fetchHostSchema)
  .max(pluginLimits.fetchHosts.value)
  .overwrite((hosts) => [...new Set(hosts)].sort());

/** What a plugin has beside its input, where it says that it wants it and an admin grants it. */
export const pluginWantsSchema = z.strictObject({
  clock: z.boolean().default(false).describe('Date tells the time of the build, the same throughout a run.'),
  random: z.boolean().default(false).describe('Math.random gives numbers, the same for the same build.'),
  fetch: fetchHostsSchema.default([]).describe('Hosts that fetch may ask by https, each by its full name.'),
});
export type PluginWants = z.output<typeof pluginWantsSchema>;

const { cpuMilliseconds, leastCpuMilliseconds, order, description } = pluginLimits;

/** What a plugin says of itself. A change of anything, the code included, is a new version. */
export const pluginDeclarationSchema = z
  .strictObject({
    name: pluginNameSchema.describe('1 to 40 lower-case letters, digits and inner hyphens, beginning with a letter.'),
    description: z
      .string()
      .max(description.value)
      .regex(/^\P{Cc}*$/u, 'must be one line')
      .default('')
      .describe('For people.'),
    hooks: z
      .array(z.enum(pluginHooks))
      .min(1)
      .overwrite((hooks) => pluginHooks.filter((hook) => hooks.includes(hook)))
      .describe('The functions that the module exports.'),
    events: filterSchema.exactOptional().describe('Of `onEvent`, which needs it: the types of events that it hears.'),
    order: z
      .number()
      .int()
      .min(0)
      .max(order.value)
      .default(100)
      .describe('Plugins run from the lowest to the highest; of the same order by name.'),
    onFailure: z
      .enum(failureModes)
      .default('fail-closed')
      .describe('fail-closed: a failure stops the build. fail-open: the build goes on without the plugin.'),
    wants: pluginWantsSchema.prefault({}).describe('What it needs beside its input.'),
    timeoutMilliseconds: z
      .number()
      .int()
      .min(leastCpuMilliseconds.value)
      .max(cpuMilliseconds.value)
      .default(cpuMilliseconds.value)
      .describe('Processor time of a run.'),
  })
  .superRefine(({ hooks, events }, context) => {
    const hears = hooks.includes('onEvent');
    if (hears === (events !== undefined)) return;
    const message = hears
      ? 'is needed where `hooks` names onEvent'
      : 'is of onEvent alone, which `hooks` does not name';
    context.addIssue({ code: 'custom', path: ['events'], message });
  });
export type PluginDeclaration = z.output<typeof pluginDeclarationSchema>;

/** A version of a plugin as it is run. */
export interface Plugin extends PluginDeclaration {
  /** Counts from 1; each change makes the next. */
  readonly version: number;
  readonly code: string;
  /** What an admin has granted of what it wants. */
  readonly granted: PluginWants;
}

/** Plugins that have a hook, in the order in which they run. */
export function inOrder<T extends Pick<PluginDeclaration, 'hooks' | 'order' | 'name'>>(
  plugins: readonly T[],
  hook: PluginDeclaration['hooks'][number],
): T[] {
  return plugins
    .filter(({ hooks }) => hooks.includes(hook))
    .sort((a, b) => a.order - b.order || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}
