import { z } from 'zod';
import { getBuild } from '../../../core/builds/build-repository.ts';
import { EngineError } from '../../../core/errors.ts';
import { buildLockSchema } from '../../../core/lock/build-lock.ts';
import { lockDigestOf, readLock } from '../../../core/lock/lock-store.ts';
import { workOf } from '../../../core/sharing/work-of.ts';
import { defineOperation } from '../../shared/operation.ts';
import { reachOf } from '../../shared/principal-of.ts';
import { buildParamsSchema } from './build-params.ts';

/** Answers what a build was made of: every package by digest, and the state of the archives. */
export const readBuildLock = defineOperation({
  id: 'readBuildLock',
  method: 'GET',
  path: '/v1/builds/{id}/lock',
  summary: 'The lock of a build: its packages by digest, to build from again',
  access: { kind: 'permission', permission: 'builds:read', inTeam: true },
  params: buildParamsSchema,
  query: z.strictObject({}),
  body: undefined,
  response: z
    .strictObject({
      sha256: z.string().describe('Its name in `lock` of a spec: of its canonical JSON and a line’s end.'),
      lock: buildLockSchema,
    })
    .meta({ id: 'BuildLockAnswer' }),
  status: 200,
  errors: ['build.not_found', 'lock.not_recorded'],
  async handle(ports, { params, context }) {
    const reach = reachOf(context);
    const { tenantId } = reach;
    const { value: build } = await getBuild(ports.table, reach, params.id);
    const sha256 = await lockDigestOf(ports.table, workOf(build));
    const lock = sha256 === undefined ? undefined : await readLock(ports.blobs, tenantId, sha256);
    if (sha256 === undefined || lock === undefined) {
      throw new EngineError('lock.not_recorded', `The build is ${build.state} and has no lock.`);
    }
    return { body: { sha256, lock } };
  },
});
