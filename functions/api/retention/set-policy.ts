import { z } from 'zod';
import type { Principal } from '../../../core/access/principal.ts';
import type { Ports } from '../../../core/ports/ports.ts';
import {
  retentionPolicyContentSchema,
  retentionPolicyNameSchema,
  type Selection,
} from '../../../core/retention/policy.ts';
import { setRetentionPolicy as store } from '../../../core/retention/policy-repository.ts';
import { retentionPolicyView, retentionPolicyViewSchema } from '../../../core/retention/views.ts';
import { getTemplate } from '../../../core/templates/find-template.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { templatePorts } from '../../shared/template-ports.ts';

/** It applies from the next cleanup on; a dry run of one shows what it would do. */
export const setRetentionPolicy = defineOperation({
  id: 'setRetentionPolicy',
  method: 'PUT',
  path: '/v1/retention/policies/{name}',
  summary: 'Make a policy of retention, or change it',
  access: { kind: 'permission', permission: 'retention:write' },
  params: z.strictObject({ name: retentionPolicyNameSchema }),
  query: z.strictObject({}),
  body: retentionPolicyContentSchema.meta({ id: 'RetentionPolicyContent' }),
  response: retentionPolicyViewSchema,
  status: 200,
  otherStatus: 201,
  errors: ['retention.policy_too_many', 'team.not_found', 'template.not_found'],
  async handle(ports, { params, body, context }) {
    const principal = principalOf(context);
    const content = { ...body, select: await knownTemplates(ports, principal, body.select) };
    const { policy, created } = await store(ports, principal, params.name, content);
    return { status: created ? 201 : 200, body: retentionPolicyView(policy) };
  },
});

/**
 * Templates by their ids, which stay.
 * @throws EngineError template.not_found
 */
async function knownTemplates(ports: Ports, principal: Principal, select: Selection): Promise<Selection> {
  const { templates, ...others } = select;
  if (templates === undefined) return others;
  const source = templatePorts(ports);
  const found = await Promise.all(templates.map((name) => getTemplate(source, principal, name)));
  return { ...others, templates: [...new Set(found.map(({ template }) => template.id))].sort() };
}
