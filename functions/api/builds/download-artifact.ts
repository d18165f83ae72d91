import { z } from 'zod';
import { recordDownload } from '../../../core/billing/egress.ts';
import { getBuild } from '../../../core/builds/build-repository.ts';
import { artifactPlace } from '../../../core/builds/places.ts';
import { publishedArtifacts } from '../../../core/builds/published-artifacts.ts';
import { EngineError } from '../../../core/errors.ts';
import { noteDownload } from '../../../core/retention/downloads.ts';
import { findImage } from '../../../core/retention/image.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf, reachOf } from '../../shared/principal-of.ts';
import { buildParamsSchema } from './build-params.ts';

/** Long enough to begin a download on a slow line, short enough that a leaked address is soon worth nothing. */
const expiresSeconds = 300;

/** Redirects to the object store. The address is good for five minutes; a download that has begun goes on. */
export const downloadArtifact = defineOperation({
  id: 'downloadArtifact',
  method: 'GET',
  path: '/v1/builds/{id}/artifacts/{name}',
  summary: 'Redirect to the download of a file',
  access: { kind: 'permission', permission: 'artifacts:read', inTeam: true },
  params: buildParamsSchema.extend({
    name: z.string().min(1).max(100).describe('Name of the artifact, as the list of artifacts gives it.'),
  }),
  query: z.strictObject({}),
  body: undefined,
  response: z.null(),
  status: 307,
  errors: ['build.not_found', 'artifact.not_found', 'artifact.held', 'artifact.in_trash', 'artifact.purged'],
  async handle(ports, { params, context }) {
    const reach = reachOf(context);
    const { tenantId } = reach;
    const { value: build } = await getBuild(ports.table, reach, params.id);
    const artifact = (await publishedArtifacts(ports.table, build)).find(({ name }) => name === params.name);
    if (artifact === undefined) {
      throw new EngineError('artifact.not_found', 'The build has no artifact of this name.');
    }
    await recordDownload(ports, { build, name: artifact.name, size: artifact.size, keyId: principalOf(context).keyId });
    const signed = await ports.blobs.signGet(artifactPlace(tenantId, artifact.sha256), {
      expiresSeconds,
      downloadName: artifact.name,
    });
    await noteDownload(ports, await findImage(ports.table, build.id));
    return { headers: { location: signed.url }, body: null };
  },
});
