import { z } from 'zod';
import { recordDownload } from '../../../core/billing/egress.ts';
import { getBuild } from '../../../core/builds/build-repository.ts';
import { listEvidence } from '../../../core/builds/evidence-record.ts';
import { artifactPlace } from '../../../core/builds/places.ts';
import { listTestFiles } from '../../../core/builds/test-evidence.ts';
import { EngineError } from '../../../core/errors.ts';
import { hasLeft, workOf } from '../../../core/sharing/work-of.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf, reachOf } from '../../shared/principal-of.ts';
import { buildParamsSchema } from './build-params.ts';

/** As of artifacts: a leaked address is soon worth nothing. */
const expiresSeconds = 300;

/** Redirects to the object store, as the download of an artifact does. */
export const downloadEvidence = defineOperation({
  id: 'downloadEvidence',
  method: 'GET',
  path: '/v1/builds/{id}/evidence/{name}',
  summary: 'Redirect to the download of a file of evidence',
  access: { kind: 'permission', permission: 'artifacts:read', inTeam: true },
  params: buildParamsSchema.extend({
    name: z.string().min(1).max(100).describe('Name of the file, as `evidence` of the build gives it.'),
  }),
  query: z.strictObject({}),
  body: undefined,
  response: z.null(),
  status: 307,
  errors: ['build.not_found', 'evidence.not_found'],
  async handle(ports, { params, context }) {
    const reach = reachOf(context);
    const { tenantId } = reach;
    const { value: build } = await getBuild(ports.table, reach, params.id);
    const [made, shown] = await Promise.all([
      hasLeft(build) ? [] : listEvidence(ports.table, workOf(build)),
      listTestFiles(ports.table, workOf(build)),
    ]);
    const file = [...made, ...shown].find(({ name }) => name === params.name);
    if (file === undefined) {
      throw new EngineError('evidence.not_found', 'The build has no file of evidence of this name.');
    }
    await recordDownload(ports, { build, name: file.name, size: file.size, keyId: principalOf(context).keyId });
    const signed = await ports.blobs.signGet(artifactPlace(tenantId, file.sha256), {
      expiresSeconds,
      downloadName: file.name,
    });
    return { headers: { location: signed.url }, body: null };
  },
});
