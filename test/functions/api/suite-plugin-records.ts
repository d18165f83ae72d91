import { beforeEach, describe, expect, it } from 'vitest';
import type { Actor } from '../../../core/audit/entry.ts';
import {
  disablePlugin,
  enablePlugin,
  grantPlugin,
  putPlugin,
  removePlugin,
  revokePlugin,
} from '../../../core/plugins/change-plugin.ts';
import { pluginDeclarationSchema, pluginWantsSchema } from '../../../core/plugins/declaration.ts';
import { pluginLimits } from '../../../core/plugins/limits.ts';
import {
  pluginBookPlace,
  pluginHeadPlace,
  pluginsPartition,
  pluginVersionPlace,
} from '../../../core/plugins/places.ts';
import { pluginBookSchema, pluginHeadSchema } from '../../../core/plugins/plugin-record.ts';
import {
  enabledPlugins,
  findVersion,
  getPluginVersion,
  listPlugins,
  loadPlugins,
} from '../../../core/plugins/plugin-repository.ts';
import type { PluginRunRecord } from '../../../core/plugins/run-record.ts';
import { listPluginRuns, runWrites } from '../../../core/plugins/stored-runs.ts';
import type { Table } from '../../../core/ports/table.ts';
import type { ApiUnderTest } from './api-under-test.ts';

/** What plugins keep in the table, whatever table it is: two records that say one thing, and what stands with a build. */
export function describePluginRecords(api: () => ApiUnderTest): void {
  describe('records of plugins', () => {
    let actor: Actor;
    beforeEach(() => {
      actor = { tenantId: api().ports.ids.next('ten'), memberId: 'mem_1', keyId: 'key_1', requestId: 'req_1' };
    });
    const table = (): Table => api().ports.table;
    const declared = (name: string, given: object = {}) =>
      pluginDeclarationSchema.parse({ name, hooks: ['validateSpec'], ...given });
    const put = (name: string, code = '1', given: object = {}) =>
      putPlugin(api().ports, actor, declared(name, given), code);
    const enable = (name: string, asked = {}) => enablePlugin(api().ports, actor, name, asked);
    const codesOf = async (calls: readonly Promise<unknown>[]) =>
      (await Promise.allSettled(calls)).map((done) =>
        done.status === 'fulfilled' ? 'done' : ((done.reason as { code?: string }).code ?? String(done.reason)),
      );

    /** The book says of each plugin what its own record says, and nothing else. */
    async function expectWhole(): Promise<void> {
      const { records } = await table().query({ partition: pluginsPartition(actor.tenantId), limit: 1_000 });
      const heads = records.flatMap(({ key, data }) => (key.sort === 'BOOK' ? [] : [pluginHeadSchema.parse(data)]));
      const book = pluginBookSchema.parse((await table().get(pluginBookPlace(actor.tenantId)))?.data);
      expect(book.plugins).toBe(heads.filter(({ removedAt }) => removedAt === undefined).length);
      const named = (a: { readonly name: string }, b: { readonly name: string }) => (a.name < b.name ? -1 : 1);
      const shown = book.enabled.map(({ name, version, order, granted }) => ({ name, version, order, granted }));
      const running = await Promise.all(
        heads.map(async ({ name, enabled, order, granted }) => {
          if (enabled === undefined) return [];
          const version = await findVersion(table(), actor.tenantId, name, enabled);
          if (version === undefined) throw new Error(`${name} runs a version that is not there`);
          return [{ name, version: enabled, order: order ?? version.declaration.order, granted }];
        }),
      );
      expect(shown.sort(named)).toEqual(running.flat().sort(named));
    }

    it('are none of a tenant that never had one', async () => {
      expect(await enabledPlugins(table(), actor.tenantId)).toEqual([]);
      expect(await listPlugins(table(), actor.tenantId)).toEqual([]);
    });

    it('get each version a number of its own where many are put at once', async () => {
      const put6 = Array.from({ length: 6 }, (_, at) => put('many', `export const at = ${at};`));
      const made = await Promise.all(put6);
      expect(made.map(({ version }) => version.version).sort()).toEqual([1, 2, 3, 4, 5, 6]);
      for (const { version } of made) {
        expect(await findVersion(table(), actor.tenantId, 'many', version.version)).toEqual(version);
      }
      // The same code twice at once is one version.
      const twice = await Promise.all([put('twice'), put('twice')]);
      expect(twice.map(({ created }) => created).sort()).toEqual([false, true]);
      await expectWhole();
    });

    it('agree after changes of one and of several plugins at once', async () => {
      const wants = { clock: true, random: true };
      const names = ['a', 'b', 'c'];
      for (const name of names) await put(name, '1', { wants });
      const granted = pluginWantsSchema.parse(wants);
      const { ports } = api();
      const codes = await codesOf([
        ...names.map((name, at) => enable(name, { order: at })),
        ...names.map((name) => grantPlugin(ports, actor, name, { granted })),
        ...names.map((name) => put(name, '2', { wants, order: 900 })),
      ]);
      expect(new Set(codes)).toEqual(new Set(['done']));
      await expectWhole();
      const mixed = await codesOf([
        enable('a', { version: 2 }),
        revokePlugin(ports, actor, 'a'),
        disablePlugin(ports, actor, 'a'),
        removePlugin(ports, actor, 'b'),
        enable('b', { version: 1 }),
        grantPlugin(ports, actor, 'b', { granted }),
        put('c', '3', { wants }),
        disablePlugin(ports, actor, 'c'),
      ]);
      for (const code of mixed) expect(['done', 'plugin.not_found', 'plugin.version_not_found']).toContain(code);
      expect(mixed[3]).toBe('done');
      await expectWhole();
      expect((await listPlugins(table(), actor.tenantId)).map(({ name }) => name)).toEqual(['a', 'c']);
    });

    it('of which one change fails are all as they were', async () => {
      await put('kept');
      await enable('kept');
      const key = pluginHeadPlace(actor.tenantId, 'kept');
      const [head, book] = [await table().get(key), await table().get(pluginBookPlace(actor.tenantId))];
      // The place of the next version is taken: what is written with it is not written either.
      const taken = pluginVersionPlace(actor.tenantId, 'kept', 2);
      await table().transact([{ kind: 'put', key: taken, data: {} }]);
      await expect(put('kept', '2')).rejects.toMatchObject({ code: 'service.unavailable' });
      expect(await table().get(key)).toEqual(head);
      expect(await table().get(pluginBookPlace(actor.tenantId))).toEqual(book);
    });

    it('are as many as there may be, and no more, also where two come at once', async () => {
      const { value: most } = pluginLimits.plugins;
      const { value: mostEnabled } = pluginLimits.enabled;
      for (let at = 0; at < most - 1; at += 1) await put(`p${at}`);
      expect((await codesOf([put('last'), put('later')])).sort()).toEqual(['done', 'plugin.too_many']);
      expect(await codesOf([put('more'), put('p0', '2')])).toEqual(['plugin.too_many', 'done']);
      for (let at = 0; at < mostEnabled - 1; at += 1) await enable(`p${at}`);
      expect((await codesOf([enable('p50'), enable('p51')])).sort()).toEqual(['done', 'plugin.too_many_enabled']);
      expect(await codesOf([enable('p52'), enable('p0', { version: 1 })])).toEqual(['plugin.too_many_enabled', 'done']);
      expect(await enabledPlugins(table(), actor.tenantId)).toHaveLength(mostEnabled);
      await expectWhole();
      await removePlugin(api().ports, actor, 'p0');
      expect(await codesOf([put('more')])).toEqual(['done']);
      expect(await codesOf([enable('more')])).toEqual(['done']);
      expect(await listPlugins(table(), actor.tenantId)).toHaveLength(most);
      await expectWhole();
    }, 60_000);

    it('of a plugin that is removed keep its place alone, however many versions it has', async () => {
      for (let at = 1; at <= 30; at += 1) await put('long', `export const at = ${at};`);
      await enable('long');
      const enabled = await enabledPlugins(table(), actor.tenantId);
      await removePlugin(api().ports, actor, 'long');
      for (const number of [1, 25, 26, 30]) {
        expect(await findVersion(table(), actor.tenantId, 'long', number)).toBeUndefined();
      }
      expect(await enabledPlugins(table(), actor.tenantId)).toEqual([]);
      // Who looked before it was removed goes on without it.
      expect(enabled).toHaveLength(1);
      expect(await loadPlugins(table(), actor.tenantId, enabled, ['validateSpec'])).toEqual([]);
      expect((await put('long')).version.version).toBe(31);
      await expectWhole();
    }, 30_000);

    it('of a removal that was cut short do not come back with the next plugin of the name', async () => {
      for (const code of ['1', '2']) await put('cut', code);
      let writes = 0;
      const dying: Table = {
        get: (key) => table().get(key),
        query: (query) => table().query(query),
        transact: async (list) => {
          writes += 1;
          if (writes > 1) throw new Error('it dies here');
          await table().transact(list);
        },
      };
      await expect(removePlugin({ ...api().ports, table: dying }, actor, 'cut')).rejects.toThrow('it dies here');
      expect(await listPlugins(table(), actor.tenantId)).toEqual([]);
      expect((await put('cut', '3')).version.version).toBe(3);
      const asked = [1, 2, 3].map((version) => getPluginVersion(table(), actor.tenantId, 'cut', version));
      expect(await codesOf(asked)).toEqual(['plugin.version_not_found', 'plugin.version_not_found', 'done']);
      await expectWhole();
    });

    it('has as many versions as it may, and no more', async () => {
      await put('old');
      const key = pluginHeadPlace(actor.tenantId, 'old');
      const stored = await table().get(key);
      const latest = pluginLimits.versions.value - 1;
      await table().transact([{ kind: 'put', key, data: { ...stored?.data, latest } }]);
      expect((await put('old', '2')).version.version).toBe(pluginLimits.versions.value);
      expect((await put('old', '2')).created).toBe(false);
      expect(await codesOf([put('old', '3')])).toEqual(['plugin.too_many']);
    });

    it('keeps the largest version that there may be', async () => {
      const fetch = Array.from({ length: pluginLimits.fetchHosts.value }, (_, at) =>
        `h${at}.${`${'x'.repeat(63)}.`.repeat(4)}`.slice(0, 250).replace(/\.$/, ''),
      );
      const given = { description: 'ü'.repeat(pluginLimits.description.value), wants: { fetch } };
      // Quotes and line ends are what JSON writes longest.
      const code = '"\n'.repeat(pluginLimits.codeBytes.value / 2);
      const { version } = await put('large', code, given);
      expect(await findVersion(table(), actor.tenantId, 'large', 1)).toEqual(version);
    });

    it('of runs stand with their build in the order of its life, as many as there may be, and once', async () => {
      const { ids } = api().ports;
      const buildId = ids.next('bld');
      const run = (plugin: string): PluginRunRecord => ({
        ...{ plugin, version: 1, hook: 'validateSpec', outcome: 'succeeded', onFailure: 'fail-open' },
        ...{ milliseconds: 1, cpuMilliseconds: 1, memoryBytes: 1, fetches: [], found: 0 },
        log: { lines: [{ level: 'log', text: 'x'.repeat(pluginLimits.keptLogBytes.value - 1) }], truncated: false },
      });
      const named = (part: string, count: number) => Array.from({ length: count }, (_, at) => run(`${part}${at}`));
      const now = api().ports.clock.now();
      const [submitted, planned] = [named('s', 2 * pluginLimits.enabled.value), named('p', pluginLimits.enabled.value)];
      await table().transact(runWrites(buildId, '2', planned, now));
      await table().transact(runWrites(buildId, '1', submitted, now));
      await table().transact(runWrites(buildId, '2', planned, now));
      await table().transact(runWrites(ids.next('bld'), '1', named('other', 1), now));
      const found: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await listPluginRuns(table(), buildId, { limit: 7, ...(cursor === undefined ? {} : { cursor }) });
        found.push(...page.runs.map(({ plugin }) => plugin));
        cursor = page.cursor;
      } while (cursor !== undefined);
      expect(found).toEqual([...submitted, ...planned].map(({ plugin }) => plugin));
    });
  });
}
