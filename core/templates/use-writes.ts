import type { BuildRecord } from '../builds/build-record.ts';
import type { TableWrite } from '../ports/table.ts';
import { builtPlace, usesPlace } from './places.ts';

/** The write that counts a build among the uses of the template that its spec was expanded from, if it was. */
export function usedWrites({ id, template }: Pick<BuildRecord, 'id' | 'template'>): TableWrite[] {
  if (template === undefined) return [];
  return [{ kind: 'increment', key: usesPlace(template.id, id), counter: 'count', by: 1 }];
}

/** The write that lets whoever asked for a build review its template, now that it has come out well. */
export function builtWrites({ id, tenantId, memberId, template }: BuildRecord): TableWrite[] {
  if (template === undefined || memberId === undefined) return [];
  const data = { buildId: id, version: template.version };
  return [{ kind: 'put', key: builtPlace(template.id, tenantId, memberId), data }];
}
