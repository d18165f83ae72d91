import { z } from 'zod';
import { buildView, buildViewSchema } from '../../../core/builds/build-view.ts';
import { requestCancel } from '../../../core/sharing/cancel.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf, reachOf } from '../../shared/principal-of.ts';
import { buildParamsSchema } from './build-params.ts';

/**
 * Stores the wish; the builder ends within seconds, unless other builds share the work: then it goes on for them. Asking
 * again changes nothing.
 */
export const cancelBuild = defineOperation({
  id: 'cancelBuild',
  method: 'POST',
  path: '/v1/builds/{id}/cancel',
  summary: 'Ask for the end of a build',
  access: { kind: 'permission', permission: 'builds:cancel', inTeam: true },
  params: buildParamsSchema,
  query: z.strictObject({}),
  body: undefined,
  response: buildViewSchema,
  status: 202,
  repeatable: true,
  errors: ['build.not_found', 'build.terminal'],
  async handle(ports, { params, context }) {
    return { body: buildView(await requestCancel(ports, reachOf(context), params.id, principalOf(context))) };
  },
});
