import { z } from 'zod';
import { buildLockSchema } from '../../../core/lock/build-lock.ts';
import { isRecorded, storeLock } from '../../../core/lock/lock-store.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { largestBodyBytes } from '../../shared/request-body.ts';

/** Keeps a lock for the tenant, so that specs can name it. The same lock has the same name, however it was written. */
export const uploadLock = defineOperation({
  id: 'uploadLock',
  method: 'POST',
  path: '/v1/locks',
  summary: 'Send a lock that builds are to be made from',
  access: { kind: 'permission', permission: 'builds:create', inTeam: true },
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: buildLockSchema,
  // A package has some 270 bytes: these are 7,000 of them.
  mostBytes: largestBodyBytes,
  response: z
    .strictObject({
      sha256: z.string().describe('Its name in `lock` of a spec: of its canonical JSON and a line’s end.'),
      recorded: z
        .boolean()
        .describe('This installation made it itself; else what is built from it is the tenant’s own.'),
    })
    .meta({ id: 'StoredLock' }),
  status: 201,
  repeatable: true,
  errors: [],
  async handle(ports, { body, context }) {
    const sha256 = await storeLock(ports.blobs, principalOf(context).tenantId, body);
    return { body: { sha256, recorded: await isRecorded(ports.table, sha256) } };
  },
});
