import { z } from 'zod';
import { distributionNames, distributions } from '../distributions/registry.ts';
import {
  type Customization,
  capabilities,
  customizations,
  isBootable,
  modes,
  optionsOf,
  optionVerdict,
  outputOptions,
} from './capabilities.ts';
import type { Abilities } from './check.ts';
import { architectures, outputTypes, releaseNames } from './releases.ts';
import { fieldSchema } from './schema-fields.ts';
import type { Verdict } from './verdict.ts';

const cellSchema = z
  .strictObject({
    name: z.string(),
    supported: z.boolean(),
    note: z.string().exactOptional().describe('What to know of it where it is supported.'),
    reason: z.string().exactOptional().describe('Why it is not supported.'),
    remedy: z.string().exactOptional().describe('What to do where it is not supported.'),
  })
  .meta({ id: 'Capability' });
export type Capability = z.infer<typeof cellSchema>;

const outputCellsSchema = z
  .strictObject({
    type: z.enum(outputTypes),
    summary: z.string(),
    boots: z.boolean(),
    available: z.boolean().describe('This installation makes it.'),
    options: z.array(cellSchema).describe('Fields of outputs, and whether this one has them.'),
    customizations: z
      .array(cellSchema)
      .describe('Fields of the spec. One that no output of a spec supports is refused (spec.unsupported_option).'),
    architectures: z.array(cellSchema),
    releases: z.array(cellSchema),
    modes: z.array(cellSchema),
  })
  .meta({ id: 'OutputCapabilities' });

/** What can be built, and with what: the answer of the API. */
export const capabilityViewSchema = z
  .strictObject({
    version: z.literal(1).describe('Version of the format of specs.'),
    releases: z.array(z.strictObject({ name: z.string(), distribution: z.string(), version: z.string() })),
    architectures: z.array(cellSchema).describe('What this installation builds for.'),
    snapshots: z
      .boolean()
      .describe('`base.snapshot` pins the archive by date: an archive that keeps old states is known.'),
    modes: z.array(z.enum(modes)).describe('How builders may run; the same bytes come out.'),
    customizations: z.array(z.strictObject({ name: z.string(), summary: z.string() })),
    outputs: z.array(outputCellsSchema),
  })
  .meta({ id: 'Capabilities' });
export type CapabilityView = z.infer<typeof capabilityViewSchema>;

function cell(name: string, verdict: Verdict): Capability {
  if (!verdict.supported) return { name, supported: false, reason: verdict.reason, remedy: verdict.remedy };
  return { name, supported: true, ...(verdict.note === undefined ? {} : { note: verdict.note }) };
}

function cells<Name extends string>(names: readonly Name[], verdicts: Readonly<Record<Name, Verdict>>): Capability[] {
  return names.map((name) => cell(name, verdicts[name]));
}

const summaryOf = (name: Customization) => fieldSchema(name.split('.'), {})?.description ?? '';

/** The whole table, as an installation with these abilities shows it. */
export function capabilityView(abilities: Abilities): CapabilityView {
  return {
    version: 1,
    releases: distributionNames.flatMap((distribution) =>
      Object.entries(distributions[distribution].releases).map(([name, { version }]) => ({
        name,
        distribution,
        version,
      })),
    ),
    architectures: architectures.map((name) =>
      cell(
        name,
        abilities.architectures.includes(name)
          ? { supported: true }
          : {
              supported: false,
              reason: `this installation cannot build for ${name}`,
              remedy: `Ask the operator for a builder of ${name}.`,
            },
      ),
    ),
    snapshots: abilities.snapshots === true,
    modes: [...modes],
    customizations: customizations.map((name) => ({ name, summary: summaryOf(name) })),
    outputs: outputTypes.map((type) => {
      const row = capabilities[type];
      return {
        type,
        summary: fieldSchema(['outputs', 0, 'type'], { outputs: [{ type }] })?.description ?? '',
        boots: isBootable(type),
        available: abilities.outputs.includes(type),
        options: [
          ...optionsOf(type).map((name) => cell(name, optionVerdict(type, name))),
          ...outputOptions
            .filter((name) => !optionsOf(type).includes(name))
            .map((name) => cell(name, optionVerdict(type, name))),
        ],
        customizations: cells(customizations, row.customizations),
        architectures: cells(architectures, row.architectures),
        releases: cells(releaseNames, row.releases),
        modes: cells(modes, row.modes),
      };
    }),
  };
}
