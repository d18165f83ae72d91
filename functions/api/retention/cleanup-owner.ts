import { z } from 'zod';
import type { Principal } from '../../../core/access/principal.ts';
import { EngineError } from '../../../core/errors.ts';
import { type CleanupRecord, cleanupRecordSchema } from '../../../core/retention/cleanup-record.ts';
import { installationOwner } from '../../../core/retention/places.ts';

export const cleanupScopeSchema = z
  .enum(['tenant', 'installation'])
  .default('tenant')
  .describe('installation: those of the whole installation, which need installation:operate.');

/**
 * Whose cleanups somebody asks for.
 * @throws EngineError access.forbidden
 */
export function ownerOf({ tenantId, permissions }: Principal, scope: z.output<typeof cleanupScopeSchema>): string {
  if (scope === 'tenant') return tenantId;
  if (!permissions.has('installation:operate')) {
    throw new EngineError('access.forbidden', 'What is of the whole installation needs installation:operate.');
  }
  return installationOwner;
}

export const cleanupParamsSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,100}$/, 'must be an id such as cln_01J…')
    .describe('Id of the cleanup.'),
});

export const cleanupViewSchema = cleanupRecordSchema
  .omit({ owner: true, memberId: true })
  .extend({
    requestedBy: z.string().exactOptional().describe('Id of the member; absent: a schedule.'),
    listed: z.number().int().describe('Entries that its list has; what is beyond 2,000 is only counted.'),
  })
  .meta({ id: 'Cleanup' });

export function cleanupView({ owner: _, memberId, ...rest }: CleanupRecord): z.input<typeof cleanupViewSchema> {
  return { ...rest, ...(memberId === undefined ? {} : { requestedBy: memberId }) };
}
