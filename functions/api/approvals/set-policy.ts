import { z } from 'zod';
import type { Principal } from '../../../core/access/principal.ts';
import { type Conditions, policyContentSchema, policyNameSchema } from '../../../core/approvals/policy.ts';
import { setPolicy } from '../../../core/approvals/policy-repository.ts';
import { policyView, policyViewSchema } from '../../../core/approvals/views.ts';
import type { Ports } from '../../../core/ports/ports.ts';
import { getTemplate } from '../../../core/templates/find-template.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { templatePorts } from '../../shared/template-ports.ts';

/** A changed policy is another one: approvals that were given under it as it was count no more. */
export const setApprovalPolicy = defineOperation({
  id: 'setApprovalPolicy',
  method: 'PUT',
  path: '/v1/approval-policies/{name}',
  summary: 'Make a policy of approval, or change it, which voids what was approved under it',
  access: { kind: 'permission', permission: 'approvals:manage' },
  params: z.strictObject({ name: policyNameSchema }),
  query: z.strictObject({}),
  body: policyContentSchema,
  response: policyViewSchema,
  status: 200,
  otherStatus: 201,
  errors: [
    'approval.condition_unsupported',
    'approval.policy_too_many',
    'role.not_found',
    'member.not_found',
    'team.not_found',
    'template.not_found',
  ],
  async handle(ports, { params, body, context }) {
    const principal = principalOf(context);
    const content = { ...body, when: await knownTemplates(ports, principal, body.when) };
    const { policy, created } = await setPolicy(ports, principal, params.name, content);
    return { status: created ? 201 : 200, body: policyView(policy) };
  },
});

/**
 * Templates by their ids, which stay: a condition on one that there is not would never hold.
 * @throws EngineError template.not_found
 */
async function knownTemplates(ports: Ports, principal: Principal, when: Conditions): Promise<Conditions> {
  const { templates, ...others } = when;
  if (templates === undefined) return others;
  const source = templatePorts(ports);
  const found = await Promise.all(templates.map((name) => getTemplate(source, principal, name)));
  return { ...others, templates: [...new Set(found.map(({ template }) => template.id))].sort() };
}
