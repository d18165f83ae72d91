import { beforeAll, describe, expect, it } from 'vitest';
import { buildDetailSchema } from '../../../core/builds/build-view.ts';
import { sha256 } from '../../../core/digest.ts';
import { utf8 } from '../../../core/json.ts';
import type { ApiUnderTest, TenantUnderTest } from './api-under-test.ts';
import { startExample } from './example-spec.ts';
import { call, problemOf } from './http-call.ts';
import { forceState, storeArtifact, storeEvidence } from './stored-build.ts';

/** Listing and downloading what a build made. */
export function describeArtifacts(api: () => ApiUnderTest): void {
  describe('artifacts', () => {
    let tenant: TenantUnderTest;
    let id: string;
    beforeAll(async () => {
      tenant = await api().tenant('artifacts');
      id = await startExample(api().url, tenant.keys.owner);
      await storeArtifact(api().ports, tenant.tenantId, id, 'edge-web.tar.zst', 'the bytes');
    });

    it('lists them with their digests', async () => {
      const answer = await call(`${api().url}/v1/builds/${id}/artifacts`, { key: tenant.keys.viewer });
      expect(answer.json()).toEqual({
        artifacts: [
          {
            name: 'edge-web.tar.zst',
            type: 'tar',
            size: 9,
            sha256: sha256('the bytes'),
            mediaType: 'application/zstd',
          },
        ],
      });
    });

    it('redirects to a download for five minutes that needs no key', async () => {
      const answer = await call(`${api().url}/v1/builds/${id}/artifacts/edge-web.tar.zst`, { key: tenant.keys.viewer });
      expect([answer.status, answer.text]).toEqual([307, '']);
      const location = answer.headers.get('location') ?? '';
      expect(new URL(location).searchParams.get('X-Amz-Expires')).toBe('300');
      const download = await call(location);
      expect([download.status, download.text]).toEqual([200, 'the bytes']);
      expect(download.headers.get('content-disposition')).toContain('edge-web.tar.zst');
      const tampered = await call(location.replace(sha256('the bytes'), sha256('other bytes')));
      expect(tampered.status).toBe(403);
    });

    it.each(['none.iso', '..%2F..%2Fsecret', '%0d%0aset-cookie%3A%20x', 'edge-web.tar.zst%00'])(
      'knows no artifact %s',
      async (name) => {
        const answer = await call(`${api().url}/v1/builds/${id}/artifacts/${name}`, { key: tenant.keys.viewer });
        expect([answer.status, problemOf(answer).code]).toEqual([404, 'artifact.not_found']);
        expect(answer.headers.get('set-cookie')).toBeNull();
      },
    );
  });

  describe('evidence', () => {
    let tenant: TenantUnderTest;
    let id: string;
    beforeAll(async () => {
      tenant = await api().tenant('evidence');
      id = await startExample(api().url, tenant.keys.owner);
    });
    const evidenceOf = async () => {
      const answer = await call(`${api().url}/v1/builds/${id}`, { key: tenant.keys.viewer });
      return buildDetailSchema.parse(answer.json()).evidence;
    };

    it('is none before a build has succeeded', async () => {
      expect(await evidenceOf()).toEqual([]);
      const answer = await call(`${api().url}/v1/builds/${id}/evidence/sbom.spdx.json`, { key: tenant.keys.viewer });
      expect([answer.status, problemOf(answer).code]).toEqual([404, 'evidence.not_found']);
    });

    it('is told with the build, and downloaded as artifacts are', async () => {
      const bytes = utf8('{"spdxVersion":"SPDX-2.3"}');
      await storeEvidence(api().ports, tenant.tenantId, id, [{ kind: 'spdx', name: 'sbom.spdx.json', bytes }]);
      await forceState(api().ports, id, 'succeeded');
      const [file, ...others] = await evidenceOf();
      expect(others).toEqual([]);
      expect(file).toEqual({
        ...{ name: 'sbom.spdx.json', kind: 'spdx', size: bytes.length, sha256: sha256(bytes) },
        downloadUrl: `${api().ports.installation.apiUrl}/v1/builds/${id}/evidence/sbom.spdx.json`,
      });
      const answer = await call(`${api().url}/v1/builds/${id}/evidence/sbom.spdx.json`, { key: tenant.keys.viewer });
      expect([answer.status, answer.text]).toEqual([307, '']);
      const download = await call(answer.headers.get('location') ?? '');
      expect([download.status, download.text]).toEqual([200, '{"spdxVersion":"SPDX-2.3"}']);
      expect(download.headers.get('content-disposition')).toContain('sbom.spdx.json');
    });

    it('is signed by a key that anybody may read', async () => {
      const answer = await call(`${api().url}/v1/signing-key`);
      const { keyId, publicKey } = await api().ports.signer.key();
      expect([answer.status, answer.json()]).toEqual([200, { keyId, algorithm: 'ecdsa-p256-sha256', publicKey }]);
      expect(publicKey).toMatch(/^-----BEGIN PUBLIC KEY-----\n/);
      expect(answer.text).not.toContain('PRIVATE');
    });
  });
}
