import { untilDone } from '../access/attempts.ts';
import type { Principal } from '../access/principal.ts';
import { auditWrite } from '../audit/entry.ts';
import { EngineError } from '../errors.ts';
import { toJsonObject } from '../json.ts';
import { ConditionFailed, type TableWrite } from '../ports/table.ts';
import { lockPinWrites } from '../retention/references.ts';
import type { Remember } from '../tenancy/idempotency.ts';
import { quoted } from '../text.ts';
import { type Composed, composeVersion } from './compose.ts';
import { getTemplate, getVersion } from './find-template.ts';
import { templateLimits } from './limits.ts';
import { forksPlace, templateCountPlace, templateNamePlace } from './places.ts';
import { wordWrites } from './search-words.ts';
import type {
  TemplateChange,
  TemplateContent,
  TemplateRecord,
  VersionContent,
  VersionRecord,
} from './template-record.ts';
import {
  needMayPublish,
  needOwn,
  putTemplate,
  type TemplatePorts,
  unlessFaster,
  versionWrites,
} from './template-writes.ts';

/**
 * Makes a template with its first version.
 * @throws EngineError template.invalid, template.name_taken, template.too_many, access.forbidden
 */
export async function createTemplate(
  ports: TemplatePorts,
  principal: Principal,
  content: TemplateContent & VersionContent,
  remember: Remember,
): Promise<TemplateRecord> {
  needMayPublish(principal, content);
  const composed = await composeVersion(ports, principal, ports.installation, content);
  const { name, description, tags, visibility, notes } = content;
  return storeNew(ports, principal, { name, description, tags, visibility, notes, composed }, remember);
}

/**
 * Makes a template of the caller's own of a version of one that they see.
 * @throws EngineError template.not_found, template.version_not_found, template.name_taken, template.too_many,
 * access.forbidden
 */
export async function forkTemplate(
  ports: TemplatePorts,
  principal: Principal,
  origin: { readonly idOrName: string; readonly version?: number | undefined },
  content: Pick<TemplateContent, 'name' | 'visibility'> & { readonly description?: string | undefined },
  remember: Remember,
): Promise<TemplateRecord> {
  needMayPublish(principal, content);
  const { template } = await getTemplate(ports, principal, origin.idOrName);
  const found = await getVersion(ports, template, origin.version);
  const forkedFrom = { id: template.id, version: found.version.version };
  // All that it extends is in it: nothing binds the fork to what it came from.
  const composed: Composed = { body: found.body, extends: [], digest: found.version.digest };
  const { description = template.description, name, visibility } = content;
  const notes = `Forked from ${template.name}@${forkedFrom.version}.`;
  const tags = template.tags.filter((tag) => tag !== 'preset');
  return storeNew(ports, principal, { name, description, tags, visibility, notes, composed, forkedFrom }, remember);
}

async function storeNew(
  { table, clock, ids }: TemplatePorts,
  principal: Principal,
  content: TemplateContent & {
    readonly notes: string;
    readonly composed: Composed;
    readonly forkedFrom?: NonNullable<TemplateRecord['forkedFrom']>;
  },
  remember: Remember,
): Promise<TemplateRecord> {
  const { tenantId, memberId } = principal;
  const { notes, composed, ...facts } = content;
  const now = clock.now().toISOString();
  const template: TemplateRecord = {
    ...{ id: ids.next('tpl'), tenantId, memberId, ...facts },
    ...{ latest: 1, createdAt: now, changedAt: now },
  };
  const { digest } = composed;
  const version: VersionRecord = {
    ...{ version: 1, notes, publishedAt: now, publishedBy: memberId, digest },
    extends: [...composed.extends],
  };
  const key = templateNamePlace(tenantId, template.name);
  const limit = { min: 0, max: templateLimits.perTenant };
  const { forkedFrom } = content;
  const writes: TableWrite[] = [
    { kind: 'put', key, data: { templateId: template.id }, condition: { kind: 'absent' } },
    { kind: 'increment', key: templateCountPlace(tenantId), counter: 'count', by: 1, ...limit },
    putTemplate(template, 'absent'),
    ...versionWrites(template.id, version, composed),
    ...lockPinWrites(tenantId, template.id, composed.body.spec),
    ...wordWrites(undefined, template),
    ...(forkedFrom === undefined
      ? []
      : [{ kind: 'increment', key: forksPlace(forkedFrom.id), counter: 'count', by: 1 } as const]),
    auditWrite({ clock, ids }, principal, {
      ...{ action: forkedFrom === undefined ? 'template.created' : 'template.forked', target: template.id },
      detail: toJsonObject({ name: template.name, visibility: template.visibility, digest, forkedFrom }),
    }),
    ...remember(template.id),
  ];
  try {
    await table.transact(writes);
    return template;
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    if (error.failed.includes(0)) {
      throw new EngineError('template.name_taken', `There is a template ${quoted(template.name)} already.`);
    }
    if (error.failed.includes(1)) {
      throw new EngineError('template.too_many', `The tenant has ${templateLimits.perTenant} templates.`);
    }
    throw error;
  }
}

/**
 * Publishes the next version of a template.
 * @throws EngineError template.not_found, template.read_only, template.invalid, template.too_many_versions,
 * access.forbidden
 */
export async function publishVersion(
  ports: TemplatePorts,
  principal: Principal,
  idOrName: string,
  content: VersionContent,
  remember: Remember,
): Promise<{ readonly template: TemplateRecord; readonly version: VersionRecord }> {
  const { table, clock } = ports;
  return untilDone(async () => {
    const found = await getTemplate(ports, principal, idOrName);
    const recordVersion = needOwn(principal, found);
    needMayPublish(principal, found.template);
    const number = found.template.latest + 1;
    if (number > templateLimits.versions) {
      throw new EngineError('template.too_many_versions', `It has ${templateLimits.versions} versions.`);
    }
    const composed = await composeVersion(ports, principal, ports.installation, content, found.template.id);
    const now = clock.now().toISOString();
    const template = { ...found.template, latest: number, changedAt: now };
    const { digest } = composed;
    const version: VersionRecord = {
      ...{ version: number, notes: content.notes, publishedAt: now, publishedBy: principal.memberId, digest },
      extends: [...composed.extends],
    };
    return unlessFaster(table, [
      putTemplate(template, recordVersion),
      ...versionWrites(template.id, version, composed),
      ...lockPinWrites(template.tenantId, template.id, composed.body.spec),
      auditWrite(ports, principal, {
        ...{ action: 'template.published', target: template.id },
        detail: toJsonObject({ version: number, digest }),
      }),
      ...remember(`${template.id}@${number}`),
    ]).then((done) => (done ? { template, version } : undefined));
  });
}

/**
 * Changes what is told of a template, or who sees it.
 * @throws EngineError template.not_found, template.read_only, access.forbidden
 */
export async function changeTemplate(
  ports: TemplatePorts,
  principal: Principal,
  idOrName: string,
  { deprecated, ...change }: TemplateChange,
): Promise<TemplateRecord> {
  const { table, clock } = ports;
  return untilDone(async () => {
    const found = await getTemplate(ports, principal, idOrName);
    const recordVersion = needOwn(principal, found);
    const { deprecated: before, ...facts } = found.template;
    const changedAt = clock.now().toISOString();
    const since =
      deprecated === undefined ? before : deprecated === null ? undefined : { ...deprecated, at: changedAt };
    const template: TemplateRecord = {
      ...{ ...facts, ...change, changedAt },
      ...(since === undefined ? {} : { deprecated: since }),
    };
    // What all see, before or after, only those change who may publish.
    needMayPublish(principal, found.template);
    needMayPublish(principal, template);
    const done = await unlessFaster(table, [
      putTemplate(template, recordVersion),
      ...wordWrites(found.template, template),
      auditWrite(ports, principal, {
        ...{ action: 'template.changed', target: template.id },
        detail: toJsonObject({ ...change, ...(deprecated === undefined ? {} : { deprecated }) }),
      }),
    ]);
    return done ? template : undefined;
  });
}
