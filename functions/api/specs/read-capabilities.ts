import { z } from 'zod';
import { capabilityView, capabilityViewSchema } from '../../../core/spec/capability-view.ts';
import { defineOperation } from '../../shared/operation.ts';

/** Answers what can be built here, from the table that specs are checked by. */
export const readCapabilities = defineOperation({
  id: 'readCapabilities',
  method: 'GET',
  path: '/v1/capabilities',
  summary: 'What can be built here: outputs, what each makes of a spec, architectures, releases',
  access: { kind: 'permission', permission: 'specs:validate', inTeam: true },
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: undefined,
  response: capabilityViewSchema,
  status: 200,
  errors: [],
  async handle(ports) {
    return { body: capabilityView(ports.installation) };
  },
});
