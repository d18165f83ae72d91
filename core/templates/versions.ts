import type { TemplateSource } from './find-template.ts';
import { sourcePlace, versionPlace, versionPrefix } from './places.ts';
import { type FoundVersion, presetOf } from './presets.ts';
import {
  type TemplateBody,
  type TemplateRecord,
  templateBodySchema,
  type VersionRecord,
  versionRecordSchema,
} from './template-record.ts';

/** The versions of a template that the caller was found to see, newest first. */
export async function listVersions(
  { table, presets }: TemplateSource,
  template: TemplateRecord,
  page: { readonly limit: number; readonly cursor?: string },
): Promise<{ readonly versions: readonly VersionRecord[]; readonly cursor?: string }> {
  const preset = presetOf(presets, template.id);
  if (preset !== undefined) return { versions: [preset.version] };
  const { partition } = versionPlace(template.id, 1);
  const found = await table.query({ partition, sortPrefix: versionPrefix, descending: true, ...page });
  return {
    versions: found.records.map(({ data }) => versionRecordSchema.parse(data)),
    ...(found.cursor === undefined ? {} : { cursor: found.cursor }),
  };
}

/** What the author of a version wrote: where it extends nothing, that is what it is expanded from. */
export async function sourceOf({ table }: TemplateSource, found: FoundVersion): Promise<TemplateBody> {
  if (found.version.extends.length === 0) return found.body;
  const stored = await table.get(sourcePlace(found.template.id, found.version.version));
  return stored === undefined ? found.body : templateBodySchema.parse(stored.data);
}
