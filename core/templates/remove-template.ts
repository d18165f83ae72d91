import { untilDone } from '../access/attempts.ts';
import type { Principal } from '../access/principal.ts';
import { auditWrite } from '../audit/entry.ts';
import type { TableWrite } from '../ports/table.ts';
import { tableLimits } from '../ports/table-limits.ts';
import { getTemplate } from './find-template.ts';
import { templateCountPlace, templateNamePlace, templatePlace } from './places.ts';
import { wordWrites } from './search-words.ts';
import { templateIdPattern, templateRecordSchema } from './template-record.ts';
import { needMayPublish, needOwn, putTemplate, type TemplatePorts, unlessFaster } from './template-writes.ts';

/**
 * Removes a template with its versions and reviews. Builds keep their resolved specs, and what extends it is complete.
 * What is left of a removal that was cut short goes with the next call.
 * @throws EngineError template.not_found, template.read_only, access.forbidden
 */
export async function removeTemplate(ports: TemplatePorts, principal: Principal, idOrName: string): Promise<void> {
  const { table, clock } = ports;
  const id = await untilDone(async () => {
    const left = await halfRemoved(ports, principal, idOrName);
    if (left !== undefined) return left;
    const found = await getTemplate(ports, principal, idOrName);
    const { template } = found;
    const recordVersion = needOwn(principal, found);
    needMayPublish(principal, template);
    const done = await unlessFaster(table, [
      putTemplate({ ...template, removedAt: clock.now().toISOString() }, recordVersion),
      { kind: 'delete', key: templateNamePlace(template.tenantId, template.name) },
      { kind: 'increment', key: templateCountPlace(template.tenantId), counter: 'count', by: -1, min: 0 },
      ...wordWrites(template, undefined),
      auditWrite(ports, principal, {
        ...{ action: 'template.removed', target: template.id },
        detail: { name: template.name },
      }),
    ]);
    return done ? template.id : undefined;
  });
  await removeParts(ports, id);
}

async function halfRemoved({ table }: TemplatePorts, principal: Principal, id: string): Promise<string | undefined> {
  if (!templateIdPattern.test(id)) return undefined;
  const stored = await table.get(templatePlace(id));
  const template = stored === undefined ? undefined : templateRecordSchema.parse(stored.data);
  if (template?.removedAt === undefined || template.tenantId !== principal.tenantId) return undefined;
  return template.memberId === principal.memberId || template.visibility !== 'private' ? id : undefined;
}

/** Deletes all that a removed template had, its own record last: as long as that is there, it can be gone on with. */
async function removeParts({ table }: TemplatePorts, id: string): Promise<void> {
  const own = templatePlace(id);
  let cursor: string | undefined;
  do {
    const at = cursor === undefined ? {} : { cursor };
    const page = await table.query({ partition: own.partition, limit: tableLimits.transactionWrites, ...at });
    const writes = page.records.flatMap(({ key }): TableWrite[] =>
      key.sort === own.sort ? [] : [{ kind: 'delete', key }],
    );
    if (writes.length > 0) await table.transact(writes);
    cursor = page.cursor;
  } while (cursor !== undefined);
  await table.transact([{ kind: 'delete', key: own }]);
}
