import type { Principal } from '../access/principal.ts';
import { EngineError } from '../errors.ts';
import { toJsonObject } from '../json.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { ConditionFailed, type Table, type TableKey, type TableWrite } from '../ports/table.ts';
import type { Abilities } from '../spec/check.ts';
import type { Composed } from './compose.ts';
import type { FoundTemplate, TemplateSource } from './find-template.ts';
import { bodyPlace, sourcePlace, templatePlace, versionPlace } from './places.ts';
import { isPresetId } from './presets.ts';
import type { TemplateRecord, VersionRecord } from './template-record.ts';

export interface TemplatePorts extends TemplateSource {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly installation: Abilities;
}

/** The write that stores a template under a condition. */
export const putTemplate = (template: TemplateRecord, version: number | 'absent'): TableWrite => ({
  kind: 'put',
  key: templatePlace(template.id),
  data: toJsonObject(template),
  condition: version === 'absent' ? { kind: 'absent' } : { kind: 'version', version },
});

/** The writes that store a version; none of it is there before. */
export function versionWrites(
  templateId: string,
  version: VersionRecord,
  { body, source }: Pick<Composed, 'body' | 'source'>,
) {
  const put = (key: TableKey, data: object): TableWrite => ({
    ...{ kind: 'put', key, data: toJsonObject(data), condition: { kind: 'absent' } },
  });
  return [
    put(versionPlace(templateId, version.version), version),
    put(bodyPlace(templateId, version.version), body),
    ...(source === undefined ? [] : [put(sourcePlace(templateId, version.version), source)]),
  ];
}

/** @throws EngineError access.forbidden where a template would be seen by all tenants and the caller may not do that */
export function needMayPublish(principal: Principal, template: Pick<TemplateRecord, 'visibility'>): void {
  if (template.visibility !== 'public' || principal.permissions.has('templates:publish')) return;
  throw new EngineError('access.forbidden', 'What all tenants see needs templates:publish.');
}

/**
 * The version of the record of a template that is the caller's to change.
 * @throws EngineError template.read_only for a preset, and for what is another tenant's
 */
export function needOwn(principal: Principal, { template, recordVersion }: FoundTemplate): number {
  if (recordVersion === undefined || template.tenantId !== principal.tenantId) {
    const whose = isPresetId(template.id) ? 'comes with the engine' : 'belongs to another tenant';
    throw new EngineError('template.read_only', `${template.name} ${whose}.`);
  }
  return recordVersion;
}

/** Writes all of it; false where somebody else was faster with the template. */
export async function unlessFaster(table: Table, writes: readonly TableWrite[]): Promise<boolean> {
  try {
    await table.transact(writes);
    return true;
  } catch (error) {
    if (error instanceof ConditionFailed && error.failed.includes(0)) return false;
    throw error;
  }
}
