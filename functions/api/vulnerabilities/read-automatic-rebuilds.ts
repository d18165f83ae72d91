import { z } from 'zod';
import { readRebuildSettings, rebuildSettingsSchema } from '../../../core/rebuilds/settings.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';

export const readAutomaticRebuilds = defineOperation({
  id: 'readAutomaticRebuilds',
  method: 'GET',
  path: '/v1/vulnerabilities/automatic-rebuilds',
  summary: 'Whether the engine builds images anew by itself when later packages have fixes',
  access: { kind: 'permission', permission: 'compliance:read' },
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: undefined,
  response: rebuildSettingsSchema,
  status: 200,
  errors: [],
  async handle({ table }, { context }) {
    return { body: await readRebuildSettings(table, principalOf(context).tenantId) };
  },
});
