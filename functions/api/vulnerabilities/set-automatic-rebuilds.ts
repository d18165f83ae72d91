import { z } from 'zod';
import {
  givenRebuildSettingsSchema,
  rebuildSettingsSchema,
  setRebuildSettings,
} from '../../../core/rebuilds/settings.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';

export const setAutomaticRebuilds = defineOperation({
  id: 'setAutomaticRebuilds',
  method: 'PUT',
  path: '/v1/vulnerabilities/automatic-rebuilds',
  summary: 'Set whether the engine builds images anew by itself, from which severity on, and how many a day',
  access: { kind: 'permission', permission: 'compliance:rebuild' },
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: givenRebuildSettingsSchema,
  response: rebuildSettingsSchema,
  status: 200,
  errors: [],
  async handle(ports, { body, context }) {
    return { body: await setRebuildSettings(ports, principalOf(context), body) };
  },
});
