import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { buildDetailSchema } from '../../../core/builds/build-view.ts';
import { storedSpec } from '../../../core/builds/resume.ts';
import { sha256 } from '../../../core/digest.ts';
import { storedPluginRunSchema } from '../../../core/plugins/stored-runs.ts';
import { sampleArchive } from '../../core/spec/archive-samples.ts';
import type { ApiUnderTest } from './api-under-test.ts';
import { exampleSpec } from './example-spec.ts';
import { type Answer, call, problemOf, withoutRequestId } from './http-call.ts';
import { judges, pluginsUnder } from './plugins-under-test.ts';

const runsSchema = z.strictObject({ runs: z.array(storedPluginRunSchema), cursor: z.string().exactOptional() });

/** What plugins do with what is submitted over HTTP. */
export function describePluginRuns(api: () => ApiUnderTest): void {
  describe('plugins of a submission', () => {
    const { there, send, put, refusal } = pluginsUnder(api);

    it('are not taken where nothing runs them', async () => {
      const declaration = { name: 'unrun', hooks: ['validateSpec'] };
      const answer = await send('PUT', '/plugins/unrun', { declaration, code: judges }, undefined, api().url);
      expect(refusal(answer)).toEqual([409, 'plugin.unsupported']);
      // One that is enabled is never passed over: nothing is built without it.
      const stranded = await api().tenant('stranded');
      await put('strict', {}, judges, stranded.keys.admin);
      await send('POST', '/plugins/strict:enable', {}, stranded.keys.admin);
      const start = (url: string) => send('POST', '/builds', exampleSpec, stranded.keys.builder, url);
      expect(refusal(await start(api().url))).toEqual([409, 'plugin.unsupported']);
      expect((await start(there().running.url)).status).toBe(202);
      await send('POST', '/plugins/strict:disable', undefined, stranded.keys.admin);
      expect((await start(api().url)).status).toBe(202);
    });

    it('leave their runs with a build, in pages, for who may read it', async () => {
      const tenant = await api().tenant('runs of plugins');
      const { admin, builder, viewer, billing } = tenant.keys;
      const code = `export function transformSpec({ spec }) { return { spec: { ...spec, name: 'renamed' } }; }
        export function validateSpec({ context }) { console.warn(context.buildId); return { errors: [] }; }`;
      await put('both', { hooks: ['transformSpec', 'validateSpec'] }, code, admin);
      await put('fails', { onFailure: 'fail-open' }, 'export function validateSpec() { throw 1; }', admin);
      for (const name of ['both', 'fails']) await send('POST', `/plugins/${name}:enable`, {}, admin);
      const started = await send('POST', '/builds', exampleSpec, builder);
      expect(started.status).toBe(202);
      const { id } = started.json() as { id: string };
      const detail = buildDetailSchema.parse((await send('GET', `/builds/${id}`, undefined, viewer)).json());
      expect(detail).toMatchObject({ name: 'renamed', plugins: { runs: 3, failed: 1 } });
      expect(detail.warnings?.map((warning) => warning.code)).toEqual(['plugin.failed']);

      const path = `/builds/${id}/plugin-runs`;
      const runsOf = async (query: string) =>
        runsSchema.parse((await send('GET', path + query, undefined, viewer)).json());
      const all = await runsOf('');
      expect([all.cursor, all.runs]).toMatchObject([
        undefined,
        [
          { plugin: 'both', version: 1, hook: 'transformSpec', changed: { paths: ['name'], more: 0 } },
          { plugin: 'both', hook: 'validateSpec', found: 0, log: { lines: [{ level: 'warn', text: id }] } },
          { plugin: 'fails', hook: 'validateSpec', outcome: 'failed', code: 'plugin.threw', onFailure: 'fail-open' },
        ],
      ]);
      const first = await runsOf('?limit=2');
      const second = await runsOf(`?limit=2&cursor=${encodeURIComponent(first.cursor ?? '')}`);
      expect([...first.runs, ...second.runs]).toEqual(all.runs);

      const next = (await send('POST', '/builds', exampleSpec, builder)).json() as { id: string };
      const moved = `/builds/${next.id}/plugin-runs?limit=2&cursor=${encodeURIComponent(first.cursor ?? '')}`;
      expect(refusal(await send('GET', moved, undefined, viewer))).toEqual([400, 'cursor.invalid']);
      expect(refusal(await send('GET', path, undefined, billing))).toEqual([403, 'access.forbidden']);
      const [theirs, none] = [
        await send('GET', path, undefined, there().other.keys.owner),
        await send('GET', path.replace(id, api().ports.ids.next('bld')), undefined, there().other.keys.owner),
      ];
      expect(refusal(theirs)).toEqual([404, 'build.not_found']);
      expect(withoutRequestId(theirs)).toBe(withoutRequestId(none));
    });

    it('add nothing to a spec that its tenant does not have, nor what the engine refuses', async () => {
      const tenant = await api().tenant('plugins that take');
      const { admin, builder } = tenant.keys;
      const { other } = there();
      const upload = { sha256: sha256('theirs'), size: 6 };
      expect((await send('POST', '/uploads', upload, other.keys.builder)).status).toBe(201);
      const secret = { credentials: { username: 'ci', password: { secret: 'their-token' } } };
      const set = await send('PUT', '/secrets/their-token', { value: 'hush' }, other.keys.admin);
      expect(set.status).toBeLessThan(300);
      const additions = [
        [{ files: [{ path: '/srv/x', upload: upload.sha256 }] }, 'spec.unknown_upload'],
        [{ archives: [sampleArchive(secret)] }, 'spec.unknown_secret'],
        [{ steps: [{ id: 'x', run: 'true', trust: 'service' }] }, 'plugin.failed'],
      ] as const;
      for (const [added, refused] of additions) {
        const code = `export function transformSpec({ spec }) {
          return { spec: { ...spec, ...${JSON.stringify(added)} } };
        }`;
        await put('adds', { hooks: ['transformSpec'] }, code, admin);
        await send('POST', '/plugins/adds:enable', {}, admin);
        for (const path of ['/builds', '/builds:plan']) {
          const answer = await send('POST', path, exampleSpec, builder);
          expect(refusal(answer)).toEqual([422, 'spec.invalid']);
          expect(problemOf(answer).errors.map((error) => error.code)).toEqual([refused]);
        }
      }
    });

    it('are asked about a body once by one key, whatever they would make of it now', async () => {
      const tenant = await api().tenant('plugins once');
      const { admin, builder } = tenant.keys;
      const code = `export function transformSpec({ spec }) {
        return { spec: { ...spec, name: 'n' + String(Math.random()).slice(2, 12) } };
      }`;
      await put('dice', { hooks: ['transformSpec'], wants: { random: true } }, code, admin);
      await send('POST', '/plugins/dice:enable', {}, admin);
      await send('POST', '/plugins/dice:grant', { granted: { random: true } }, admin);
      const start = async (key: string, body: object = exampleSpec) =>
        call(`${there().running.url}/v1/builds`, {
          ...{ key: builder, body: JSON.stringify(body), headers: { 'Idempotency-Key': key } },
        });
      const idOf = (answer: Answer) => (answer.json() as { id: string }).id;
      const [first, again, fresh] = [await start('dice-1'), await start('dice-1'), await start('dice-2')];
      expect(idOf(again)).toBe(idOf(first));
      const nameOf = async (answer: Answer) => (await storedSpec(api().ports.table, idOf(answer))).name;
      expect(await nameOf(first)).toMatch(/^n\d+$/);
      expect(await nameOf(fresh)).not.toBe(await nameOf(first));
      const another = await start('dice-1', { ...exampleSpec, name: 'another' });
      expect(refusal(another)).toEqual([422, 'idempotency.mismatch']);
    });
  });
}
