import { digestOf } from '../digest.ts';
import { EngineError } from '../errors.ts';
import { jsonObjectSchema } from '../json.ts';
import { presetNamePrefix, type TemplateBody, type TemplateRecord, type VersionRecord } from './template-record.ts';

/** A spec that ships with the product (presets/*.yaml), by the name of its file. */
export interface Preset {
  readonly name: string;
  readonly spec: unknown;
}

/**
 * The version that all presets have. They change with the product and only the present ones are there, so that this
 * number goes up with a release that changes one.
 */
export const presetVersion = 1;

/** When the first presets came: they are older than every template. */
const since = '2026-01-01T00:00:00.000Z';

/** What stands behind a template: its record, a version, and what that is expanded from. */
export interface FoundVersion {
  readonly template: TemplateRecord;
  readonly version: VersionRecord;
  readonly body: TemplateBody;
}

export const presetId = (name: string): string => `${presetNamePrefix}${name}`;

export const isPresetId = (id: string): boolean => id.startsWith(presetNamePrefix);

/** A preset as the template that it is: nobody's, public, with one version. */
export function presetTemplate(preset: Preset): FoundVersion {
  const spec = jsonObjectSchema.parse(preset.spec);
  const id = presetId(preset.name);
  const body = { parameters: {}, spec };
  return {
    template: {
      ...{ id, name: id, tenantId: '', memberId: '', visibility: 'public', latest: presetVersion },
      description: `The preset ${preset.name}, which comes with the engine.`,
      tags: ['preset'],
      ...{ createdAt: since, changedAt: since },
    },
    version: {
      ...{ version: presetVersion, notes: '', publishedAt: since, publishedBy: '', extends: [] },
      digest: digestOf(body),
    },
    body,
  };
}

/** The preset of a template's id, if that is one's. @throws EngineError template.not_found for one that is not there */
export function presetOf(presets: readonly Preset[], id: string): FoundVersion | undefined {
  if (!isPresetId(id)) return undefined;
  const found = presets.find(({ name }) => presetId(name) === id);
  if (found === undefined) throw new EngineError('template.not_found', 'No template that you may use is called so.');
  return presetTemplate(found);
}
