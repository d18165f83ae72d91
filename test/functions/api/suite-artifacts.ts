import { beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../../../core/digest.ts';
import type { ApiUnderTest, TenantUnderTest } from './api-under-test.ts';
import { startExample } from './example-spec.ts';
import { call, problemOf } from './http-call.ts';
import { storeArtifact } from './stored-build.ts';

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
}
