import { z } from 'zod';
import { digestOf } from '../../../core/digest.ts';
import { EngineError } from '../../../core/errors.ts';
import { getCleanup, requestCleanup } from '../../../core/retention/cleanup-record.ts';
import { cleanupTaskSchema, cleanupTasks, tenantTasks } from '../../../core/retention/finding.ts';
import { installationOwner } from '../../../core/retention/places.ts';
import { createOnce } from '../../../core/tenancy/idempotency.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { cleanupScopeSchema, cleanupView, cleanupViewSchema, ownerOf } from './cleanup-owner.ts';

const isOfTenant = (task: string): boolean => tenantTasks.some((own) => own === task);

/** It is done within seconds, by a function of its own; its report says what it found, and what it removed. */
export const startCleanup = defineOperation({
  id: 'startCleanup',
  method: 'POST',
  path: '/v1/retention/cleanups',
  summary: 'Clean up now, or see what a cleanup would remove now',
  access: { kind: 'permission', permission: 'retention:write' },
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: z
    .strictObject({
      dryRun: z.boolean().default(false).describe('true: list what would go, and remove nothing.'),
      scope: cleanupScopeSchema,
      tasks: z
        .array(cleanupTaskSchema)
        .min(1)
        .max(cleanupTasks.length)
        .overwrite((tasks) => cleanupTasks.filter((task) => tasks.includes(task)))
        .exactOptional()
        .describe('Of a tenant images and trash, of the installation all but images; without it all of them.'),
    })
    .meta({ id: 'NewCleanup' }),
  response: cleanupViewSchema,
  status: 202,
  locates: true,
  errors: ['access.forbidden', 'cleanup.running'],
  idempotent: true,
  async handle(ports, { body, context }) {
    const actor = principalOf(context);
    const owner = ownerOf(actor, body.scope);
    const possible = cleanupTasks.filter((task) =>
      owner === installationOwner ? task !== 'images' : isOfTenant(task),
    );
    const tasks = body.tasks ?? possible;
    const fields = tasks.flatMap((task, at) =>
      possible.includes(task)
        ? []
        : [
            {
              ...{ path: `tasks[${at}]`, code: 'cleanup.task_elsewhere' },
              reason: `${task} is not cleaned up in the scope ${body.scope}`,
              remedy: `use ${possible.join(', ')}, or the other scope`,
            },
          ],
    );
    if (fields.length > 0) throw new EngineError('request.invalid', 'Some tasks are of another scope.', { fields });
    const { tenantId } = actor;
    const request = { tenantId, key: context.idempotencyKey, digest: digestOf({ startCleanup: body }) };
    const { made } = await createOnce(
      ports,
      request,
      (remember) => requestCleanup(ports, { owner, tasks, dryRun: body.dryRun }, { actor, remember }),
      (id) => getCleanup(ports.table, owner, id),
    );
    return { headers: { location: `/v1/retention/cleanups/${made.id}` }, body: cleanupView(made) };
  },
});
