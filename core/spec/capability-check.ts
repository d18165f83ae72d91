import { findDistribution } from '../distributions/registry.ts';
import { byCodeUnits } from '../text.ts';
import { wantedDistribution } from './base.ts';
import {
  type Customization,
  capabilities,
  customizations,
  type OutputCapabilities,
  type OutputOption,
} from './capabilities.ts';
import { type FieldPath, valueAt } from './field-path.ts';
import type { Outline } from './outline.ts';
import { architectures, type OutputType, outputTypes, releaseNames } from './releases.ts';
import { fieldSchema } from './schema-fields.ts';
import { type SpecError, specError } from './spec-errors.ts';

type Table = Readonly<Record<OutputType, OutputCapabilities>>;

/** Why an output makes nothing of a field, with what to do. */
interface Objection {
  readonly type: OutputType;
  readonly reason: string;
  readonly remedy: string;
}

/** Whether a value says anything: an empty list or object does not, nor what is meant anyway. */
function says(value: unknown, otherwise: unknown): boolean {
  if (value === undefined || value === null || value === otherwise) return false;
  if (typeof value !== 'object') return true;
  return Object.values(value).some((member) => says(member, undefined));
}

/** Sections that say something by being there: all that is in them has a default. */
const bySelf: readonly Customization[] = ['firewall', 'ssh', 'cloudInit', 'updates', 'system.ntp', 'tests'];

/** What a field means where it is left out; undefined where that depends on more than the spec. */
function meantAnyway(name: Customization, input: unknown): unknown {
  if (name === 'kernel.package') {
    const wanted = architectures.find((one) => one === valueAt(input, ['base', 'architecture']));
    return wanted && findDistribution(wantedDistribution(input))?.kernelPackages[wanted];
  }
  return fieldSchema(name.split('.'), input)?.default;
}

/** The place of a file of the spec in `files`, or -1. */
function fileAt(outline: Outline, path: string): number {
  return outline.files.findIndex((file) => file?.path === path);
}

/** Why the output of a type makes nothing of a field; undefined where it does. */
function objection(
  row: OutputCapabilities,
  type: OutputType,
  field: Customization | OutputOption,
  outline: Outline,
): Objection | undefined {
  for (const { file, field: replaced } of row.overrides) {
    const index = replaced === field ? fileAt(outline, file) : -1;
    if (index < 0) continue;
    const reason = `files[${index}] is ${file}, which stays as it is given and says this by itself`;
    return { type, reason, remedy: 'Say it in that file, or leave the file out.' };
  }
  const customization = customizations.find((name) => name === field);
  const verdict = customization && row.customizations[customization];
  return verdict?.supported === false ? { type, reason: verdict.reason, remedy: verdict.remedy } : undefined;
}

function refusal(path: FieldPath, objections: readonly Objection[]): SpecError {
  const reasons = new Map<string, OutputType[]>();
  for (const { type, reason } of objections) reasons.set(reason, [...(reasons.get(reason) ?? []), type]);
  const said = [...reasons].map(([reason, types]) => `${types.join(' and ')}: ${reason}`).join('; ');
  const remedies = [...new Set(objections.map(({ remedy }) => remedy))].sort(byCodeUnits);
  return specError(path, {
    code: 'spec.unsupported_option',
    reason: `no output of the spec makes anything of this (${said})`,
    remedy: remedies.join(' Or: '),
  });
}

/** Outputs that cannot be made of the release or for the architecture. */
function placeErrors(types: readonly OutputType[], { base }: Outline, input: unknown, table: Table): SpecError[] {
  const architecture = architectures.find((name) => name === base.architecture);
  const wanted = valueAt(input, ['base', 'release']);
  const release = releaseNames.find((name) => name === wanted);
  return types.flatMap((type, index) => {
    const { architectures: byArchitecture, releases: byRelease } = table[type];
    const cells = [
      { name: architecture, verdict: architecture && byArchitecture[architecture] },
      { name: release, verdict: release && byRelease[release] },
    ];
    return cells.flatMap(({ name, verdict }) =>
      verdict === undefined || verdict.supported
        ? []
        : specError(['outputs', index, 'type'], {
            code: 'spec.unsupported_output',
            reason: `${type} cannot be made for ${name}: ${verdict.reason}`,
            remedy: verdict.remedy,
          }),
    );
  });
}

/**
 * What a spec says in vain: a field of which no output makes anything, an option whose place a file of the spec takes,
 * and outputs that the table has not for the release or the architecture. Options that an output has not are refused by
 * its schema. Of a spec with an output that nobody knows nothing is said: it might be the one that takes the field.
 * @param input the spec as it was given, surveyed
 */
export function capabilityErrors(input: unknown, outline: Outline, table: Table = capabilities): SpecError[] {
  const given = outline.outputs.length > 0 ? outline.outputs.map((output) => output?.type) : ['iso'];
  const types = given.flatMap((type) => outputTypes.find((known) => known === type) ?? []);
  if (types.length < given.length) return [];
  const errors = placeErrors(types, outline, input, table);
  for (const name of customizations) {
    const path = name.split('.');
    const value = valueAt(input, path);
    const isEmpty = Array.isArray(value) && value.length === 0;
    const isThere = bySelf.includes(name) && value !== undefined && !isEmpty;
    if (!isThere && !says(value, meantAnyway(name, input))) continue;
    const objections = types.map((type) => objection(table[type], type, name, outline));
    const against = objections.filter((one) => one !== undefined);
    if (against.length === types.length) errors.push(refusal(path, against));
  }
  for (const [index, type] of types.entries()) {
    for (const { field } of table[type].overrides) {
      if (customizations.some((name) => name === field)) continue;
      const path = ['outputs', index, field];
      const against = objection(table[type], type, field, outline);
      if (against !== undefined && says(valueAt(input, path), undefined)) errors.push(refusal(path, [against]));
    }
  }
  return errors;
}
