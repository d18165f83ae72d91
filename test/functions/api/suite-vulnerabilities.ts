import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { auditEntrySchema } from '../../../core/audit/entry.ts';
import { overdueEvents } from '../../../core/events/outbox.ts';
import { dataViewSchema } from '../../../core/vulnerabilities/data-view.ts';
import { refreshData } from '../../../core/vulnerabilities/refresh.ts';
import { type MirrorFolder, openMirrorFolder, trackerFile } from '../../support/mirror-folder.ts';
import { type ApiUnderTest, openApi, type TenantUnderTest } from './api-under-test.ts';
import { call, problemOf } from './http-call.ts';

/** The vulnerability data of the installation, as tenants and its operator see it. */
export function describeVulnerabilities(api: () => ApiUnderTest): void {
  describe('vulnerability data', () => {
    let one: TenantUnderTest;
    let folder: MirrorFolder;
    /** The same installation, with a mirror. */
    let mirrored: ApiUnderTest;
    beforeAll(async () => {
      one = await api().tenant('vulnerabilities');
      folder = openMirrorFolder();
      mirrored = await openApi(api().ports.table, {}, { vulnerabilityMirror: folder.mirror });
    });
    afterAll(async () => {
      await mirrored?.close();
      folder?.remove();
    });
    const read = async (key = one.keys.viewer) => {
      const answer = await call(`${mirrored.url}/v1/vulnerabilities`, { key });
      expect(answer.status).toBe(200);
      return dataViewSchema.parse(answer.json());
    };
    const refresh = (url: string, key: string) => call(`${url}/v1/vulnerabilities/refresh`, { method: 'POST', key });

    it('is none at first', async () => {
      const answer = await call(`${api().url}/v1/vulnerabilities`, { key: one.keys.viewer });
      expect([answer.status, answer.json()]).toEqual([200, { configured: false }]);
      expect(await read()).toEqual({ configured: true });
      const refused = await refresh(api().url, one.keys.operator);
      expect([refused.status, problemOf(refused).code]).toEqual([409, 'vulnerabilities.not_configured']);
    });

    it('is told to everybody, and to the operator with its sources and what is wrong with them', async () => {
      await refreshData(mirrored.ports);
      const [source = ''] = folder.mirror.sources;
      expect(await read()).toMatchObject({ failure: { code: 'vulnerabilities.mirror_unreachable' } });
      expect(JSON.stringify(await read())).not.toContain('file:');
      expect(await read(one.keys.operator)).toMatchObject({
        ...{ sources: [source], failure: { source, reason: expect.stringContaining('ENOENT') } },
      });

      folder.write(
        trackerFile({ bash: { 'CVE-2026-0001': { status: 'open' }, 'CVE-2026-0002': { status: 'perhaps' } } }),
      );
      expect(await refreshData(mirrored.ports)).toMatchObject({ outcome: 'changed' });
      const { failure, data } = await read();
      expect(failure).toBeUndefined();
      expect(data).toMatchObject({
        ...{ advisories: 1, forms: ['debian-tracker'], releases: [{ release: 'trixie', advisories: 1 }] },
        skipped: { count: 1, examples: [{ entry: 'bash CVE-2026-0002 trixie' }] },
      });
    });

    it('has images built anew by themselves only where an admin says so', async () => {
      const url = `${api().url}/v1/vulnerabilities/automatic-rebuilds`;
      const get = async () => (await call(url, { key: one.keys.viewer })).json();
      const put = (body: object, key = one.keys.admin) => call(url, { method: 'PUT', key, body: JSON.stringify(body) });
      expect(await get()).toEqual({ automatic: false, severity: 'high', mostPerDay: 10 });
      expect((await put({ automatic: true }, one.keys.builder)).status).toBe(403);
      for (const [field, body] of [
        ['severity', { severity: 'unknown' }],
        ['mostPerDay', { mostPerDay: 0 }],
        ['mostPerDay', { mostPerDay: 101 }],
        ['automatic', { automatic: 'yes' }],
      ] as const) {
        const refused = await put(body);
        const { code, errors = [] } = problemOf(refused);
        expect([refused.status, code, errors.map(({ path }) => path)]).toEqual([400, 'request.invalid', [field]]);
      }
      expect(await get()).toMatchObject({ automatic: false });
      const set = await put({ automatic: true, severity: 'critical', mostPerDay: 3 });
      expect([set.status, set.json(), await get()]).toEqual([200, await get(), set.json()]);
      expect(await get()).toEqual({ automatic: true, severity: 'critical', mostPerDay: 3 });
      // What is left out is as it was at first.
      expect((await put({})).json()).toEqual({ automatic: false, severity: 'high', mostPerDay: 10 });
      const tail = await call(`${api().url}/v1/audit/tail`, { key: one.keys.admin });
      const { unsealed } = z.object({ unsealed: z.array(auditEntrySchema) }).parse(tail.json());
      expect(unsealed.filter(({ action }) => action === 'rebuilds.set').map(({ detail }) => detail)).toContainEqual({
        ...{ automatic: true, severity: 'critical', mostPerDay: 3 },
      });
    });

    it('is fetched where the operator asks for it, which is in the log', async () => {
      expect((await refresh(mirrored.url, one.keys.owner)).status).toBe(403);
      const answer = await refresh(mirrored.url, one.keys.operator);
      expect(answer.status).toBe(202);
      const told = await overdueEvents(api().ports.table, new Date(Date.now() + 60_000));
      expect(told.map(({ type }) => type)).toContain('vulnerabilities.refresh_requested');
      const tail = await call(`${api().url}/v1/audit/tail`, { key: one.keys.operator });
      const { unsealed } = z.object({ unsealed: z.array(auditEntrySchema) }).parse(tail.json());
      expect(unsealed.map(({ action }) => action)).toContain('vulnerabilities.refresh_requested');
    });
  });
}
