import { z } from 'zod';
import { dayAt } from '../../../core/billing/days.ts';
import { versionOn } from '../../../core/billing/rate-card.ts';
import { readRateCard } from '../../../core/billing/rate-repository.ts';
import { planContext } from '../../../core/builds/plan-context.ts';
import { planSpec } from '../../../core/builds/plan-spec.ts';
import { planPreviewSchema, previewOf } from '../../../core/plan/preview.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf, reachOf } from '../../shared/principal-of.ts';
import { type GivenSpec, plannedSpec } from '../specs/checked-spec.ts';
import { specBodySchema } from '../specs/spec-body.ts';
import { lockErrorCodes, lockQuery, withLock } from './lock-query.ts';
import { previewPolicy } from './preview-policy.ts';

/** Plans a spec as a build of it would be planned now, and answers the plan. Nothing is stored and nothing started. */
export const previewPlan = defineOperation({
  id: 'previewPlan',
  method: 'POST',
  path: '/v1/builds:plan',
  summary: 'Show what a build of a spec would do, without starting it',
  access: { kind: 'permission', permission: 'builds:create', inTeam: true },
  params: z.strictObject({}),
  query: z.strictObject({
    ...lockQuery,
    svg: z.enum(['true', 'false']).default('false').describe('true: the answer holds the graph as SVG too.'),
  }),
  body: z.unknown(),
  describedBody: specBodySchema,
  response: planPreviewSchema,
  status: 200,
  repeatable: true,
  errors: [
    'spec.invalid',
    'plugin.time_exceeded',
    'plugin.unsupported',
    'archive.unreachable',
    'archive.unauthorized',
    'archive.untrusted',
    ...lockErrorCodes,
  ],
  async handle(ports, { query, body, context }) {
    const principal = principalOf(context);
    const reach = reachOf(context);
    const { tenantId } = reach;
    const given = await plannedSpec(ports, principal, withLock(body, query.lock), context);
    const { spec, template } = given;
    const { plan, archiveReadAt } = await planSpec(ports, tenantId, spec);
    const [known, card] = await Promise.all([planContext(ports, reach, spec.name, plan), readRateCard(ports.table)]);
    const rates = versionOn(card, dayAt(ports.clock.now()));
    const options = { svg: query.svg === 'true', archiveReadAt, rates };
    const preview = previewOf(plan, spec.name, known, options);
    const judged = await previewPolicy(ports, given, plan, preview);
    const warnings = [...given.warnings, ...judged.warnings];
    return { body: { ...preview, ...judged.decided, ...aboutTemplate(template, warnings) } };
  },
});

/** What is told of the template that the spec lies over, if any. */
function aboutTemplate(template: GivenSpec['template'], warnings: GivenSpec['warnings']) {
  return {
    ...(template === undefined ? {} : { template }),
    ...(warnings.length === 0 ? {} : { warnings: [...warnings] }),
  };
}
