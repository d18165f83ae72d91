import { memberPlace } from '../access/places.ts';
import type { Principal } from '../access/principal.ts';
import { EngineError } from '../errors.ts';
import type { Table } from '../ports/table.ts';
import { bodyPlace, templateNamePlace, templatePlace, versionPlace } from './places.ts';
import { type FoundVersion, type Preset, presetOf } from './presets.ts';
import {
  type TemplateRecord,
  templateBodySchema,
  templateIdPattern,
  templateNameSchema,
  templateRecordSchema,
  versionRecordSchema,
} from './template-record.ts';

export interface TemplateSource {
  readonly table: Table;
  readonly presets: readonly Preset[];
}

/** Who looks: what they see is their own, their tenant's, and what is public. */
export type Viewer = Pick<Principal, 'tenantId' | 'memberId' | 'permissions'>;

/** A template with the version of its record; that is absent of a preset, which nobody changes. */
export interface FoundTemplate {
  readonly template: TemplateRecord;
  readonly recordVersion?: number;
}

export function missingTemplate(): EngineError {
  // The same for one that there is not and one that the caller may not see.
  return new EngineError('template.not_found', 'No template that you may use is called so.');
}

/**
 * The template of an id or of a name in the viewer's tenant.
 * @throws EngineError template.not_found, also where the viewer may not see it
 */
export async function getTemplate(source: TemplateSource, viewer: Viewer, idOrName: string): Promise<FoundTemplate> {
  const preset = presetOf(source.presets, idOrName);
  if (preset !== undefined) return { template: preset.template };
  const id = templateIdPattern.test(idOrName) ? idOrName : await idOfName(source.table, viewer.tenantId, idOrName);
  const stored = id === undefined ? undefined : await source.table.get(templatePlace(id));
  if (stored === undefined) throw missingTemplate();
  const template = templateRecordSchema.parse(stored.data);
  if (template.removedAt !== undefined || !(await isSeenBy(source.table, viewer, template))) throw missingTemplate();
  return { template, recordVersion: stored.version };
}

async function idOfName(table: Table, tenantId: string, name: string): Promise<string | undefined> {
  if (!templateNameSchema.safeParse(name).success) return undefined;
  const stored = await table.get(templateNamePlace(tenantId, name));
  return typeof stored?.data.templateId === 'string' ? stored.data.templateId : undefined;
}

/** Whether somebody may know of a template. */
export async function isSeenBy(table: Table, viewer: Viewer, template: TemplateRecord): Promise<boolean> {
  if (template.visibility === 'public') return true;
  if (template.tenantId !== viewer.tenantId) return false;
  if (template.visibility === 'tenant' || template.memberId === viewer.memberId) return true;
  // What a member left behind who is gone falls to those who look after members.
  if (!viewer.permissions.has('members:write')) return false;
  return (await table.get(memberPlace(template.tenantId, template.memberId))) === undefined;
}

/**
 * A version of a template that the caller was found to see.
 * @throws EngineError template.version_not_found
 */
export async function getVersion(
  source: TemplateSource,
  template: TemplateRecord,
  number: number = template.latest,
): Promise<FoundVersion> {
  const preset = presetOf(source.presets, template.id);
  if (preset !== undefined) {
    if (number !== preset.version.version) throw missingVersion(template, number);
    return preset;
  }
  if (number < 1 || number > template.latest) throw missingVersion(template, number);
  const [version, body] = await Promise.all([
    source.table.get(versionPlace(template.id, number)),
    source.table.get(bodyPlace(template.id, number)),
  ]);
  // It is being removed.
  if (version === undefined || body === undefined) throw missingVersion(template, number);
  return {
    template,
    version: versionRecordSchema.parse(version.data),
    body: templateBodySchema.parse(body.data),
  };
}

function missingVersion({ name, latest }: TemplateRecord, number: number): EngineError {
  return new EngineError('template.version_not_found', `${name} has no version ${number}; its newest is ${latest}.`);
}
