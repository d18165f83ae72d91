import { beforeAll, describe, expect, it } from 'vitest';
import { listPending } from '../../../core/audit/log-repository.ts';
import { templateLimits } from '../../../core/templates/limits.ts';
import { templateCountPlace } from '../../../core/templates/places.ts';
import { referenceTo } from '../../../core/templates/references.ts';
import { versionDetailSchema, versionViewSchema } from '../../../core/templates/views.ts';
import { keyWith } from '../../support/members.ts';
import type { ApiUnderTest, TenantUnderTest } from './api-under-test.ts';
import { call, problemOf, withoutRequestId } from './http-call.ts';
import { templateCalls, templateOf, webTemplate, webTemplateOver } from './template-calls.ts';

/** Templates: who makes, sees and changes them. */
export function describeTemplates(api: () => ApiUnderTest): void {
  describe('templates', () => {
    let one: TenantUnderTest;
    let other: TenantUnderTest;
    let colleague: string;
    beforeAll(async () => {
      [one, other] = await Promise.all([api().tenant('templates'), api().tenant('strangers')]);
      colleague = (await keyWith(api().ports, one.tenantId, ['builder'])).text;
    });
    const builder = templateCalls(api, () => one.keys.builder);
    const owner = templateCalls(api, () => one.keys.owner);
    const mate = templateCalls(api, () => colleague);
    const stranger = templateCalls(api, () => other.keys.owner);

    it('are made with a first version, and read by id and by name', async () => {
      const made = await builder.create('edge');
      expect([made.status, templateOf(made)]).toMatchObject([
        201,
        { name: 'edge', visibility: 'tenant', own: true, preset: false, latest: 1, uses: 0, rating: { reviews: 0 } },
      ]);
      const { id } = templateOf(made);
      expect(made.headers.get('location')).toBe(`/v1/templates/${id}`);
      for (const name of [id, 'edge']) expect(templateOf(await builder.send('GET', `/${name}`)).id).toBe(id);
      const version = versionDetailSchema.parse((await builder.send('GET', `/${id}/versions/1`)).json());
      expect(version).toMatchObject({ version: 1, extends: [], spec: webTemplate.spec });
      expect(Object.keys(version.parameters).sort()).toEqual(['extra', 'hostname', 'level', 'zone']);
    });

    it('are made once by one idempotency key', async () => {
      const headers = { 'idempotency-key': 'make-once' };
      const [first, again] = [await builder.create('once', {}, headers), await builder.create('once', {}, headers)];
      expect([first.status, again.status]).toEqual([201, 200]);
      expect(templateOf(again).id).toBe(templateOf(first).id);
      expect(problemOf(await builder.create('twice', {}, headers)).code).toBe('idempotency.mismatch');
    });

    it('have a name that no other of the tenant has, and none of a preset', async () => {
      await builder.create('taken');
      expect(problemOf(await builder.create('taken')).code).toBe('template.name_taken');
      expect((await stranger.create('taken')).status).toBe(201);
      expect(problemOf(await builder.create('preset-mine')).errors).toMatchObject([{ path: 'name' }]);
      const both = await Promise.all([builder.create('at-once'), mate.create('at-once')]);
      expect(both.map(({ status }) => status).sort()).toEqual([201, 409]);
    });

    it('have versions that never change', async () => {
      await builder.create('versions');
      const spec = { ...webTemplate.spec, packages: { install: ['vim', referenceTo('extra')] } };
      const published = await builder.send('POST', '/versions/versions', { ...webTemplateOver(spec), notes: 'vim' });
      expect([published.status, versionViewSchema.parse(published.json())]).toMatchObject([
        201,
        { version: 2, notes: 'vim' },
      ]);
      expect(templateOf(await builder.send('GET', '/versions')).latest).toBe(2);
      expect((await builder.send('GET', '/versions/versions/1')).json()).toMatchObject({ spec: webTemplate.spec });
      expect((await builder.send('GET', '/versions/versions/2')).json()).toMatchObject({ spec });
      expect((await builder.send('GET', '/versions/versions?limit=1')).json()).toMatchObject({
        versions: [{ version: 2 }],
      });
      expect(problemOf(await builder.send('GET', '/versions/versions/3')).code).toBe('template.version_not_found');
      const many = await Promise.all(
        Array.from({ length: 4 }, () => builder.send('POST', '/versions/versions', webTemplateOver(spec))),
      );
      expect(many.map((answer) => versionViewSchema.parse(answer.json()).version).sort()).toEqual([3, 4, 5, 6]);
    });

    it('that are private are seen by who made them alone', async () => {
      const { id } = templateOf(await builder.create('mine', { visibility: 'private' }));
      for (const calls of [mate, owner, stranger]) {
        const missing = await calls.send('GET', '/tpl_00000000000000000000000000');
        for (const [method, body] of [['GET'], ['PATCH', {}], ['DELETE']] as const) {
          const answer = await calls.send(method, `/${id}`, body);
          expect([answer.status, withoutRequestId(answer)]).toEqual([404, withoutRequestId(missing)]);
        }
        expect((await calls.list('?query=mine')).templates).toEqual([]);
      }
      expect((await builder.list('?query=mine')).templates).toMatchObject([{ id }]);
    });

    it('of a tenant are seen by everybody of it, and by nobody else', async () => {
      const { id } = templateOf(await builder.create('ours'));
      expect((await mate.send('GET', `/${id}`)).status).toBe(200);
      expect((await mate.send('PATCH', `/${id}`, { description: 'ours now' })).status).toBe(200);
      for (const path of [`/${id}`, `/${id}/versions`, `/${id}/versions/1`]) {
        expect(problemOf(await stranger.send('GET', path)).code).toBe('template.not_found');
      }
      expect(problemOf(await stranger.send('DELETE', `/${id}`)).code).toBe('template.not_found');
      expect((await stranger.list('?query=ours')).templates).toEqual([]);
    });

    it('become public by who may publish, are seen by all tenants then, and changed by none', async () => {
      expect(problemOf(await builder.create('open', { visibility: 'public' })).code).toBe('access.forbidden');
      const { id } = templateOf(await builder.create('open'));
      expect(problemOf(await builder.send('PATCH', `/${id}`, { visibility: 'public' })).code).toBe('access.forbidden');
      expect((await owner.send('PATCH', `/${id}`, { visibility: 'public' })).status).toBe(200);
      const seen = templateOf(await stranger.send('GET', `/${id}`));
      expect([seen.own, seen.memberId]).toEqual([false, undefined]);
      expect(JSON.stringify(seen)).not.toContain(one.tenantId);
      expect((await stranger.list('?query=open')).templates).toMatchObject([{ id }]);
      for (const [method, path, body] of [
        ['PATCH', '', { description: 'x' }],
        ['DELETE', '', undefined],
        ['POST', '/versions', webTemplateOver(webTemplate.spec)],
      ] as const) {
        expect(problemOf(await stranger.send(method, `/${id}${path}`, body)).code).toBe('template.read_only');
        expect(problemOf(await builder.send(method, `/${id}${path}`, body)).code).toBe('access.forbidden');
      }
      // Its name is its tenant's.
      expect(problemOf(await stranger.send('GET', '/open')).code).toBe('template.not_found');
      await owner.send('PATCH', `/${id}`, { visibility: 'tenant' });
      expect((await stranger.send('GET', `/${id}`)).status).toBe(404);
      expect((await stranger.list('?query=open')).templates).toEqual([]);
    });

    it('are removed with all that they have, and make room for the name', async () => {
      const { id } = templateOf(await builder.create('passing'));
      await builder.send('POST', '/passing/versions', webTemplateOver(webTemplate.spec));
      expect((await builder.send('DELETE', '/passing')).json()).toEqual({ removed: true });
      expect((await builder.send('GET', `/${id}`)).status).toBe(404);
      expect((await builder.list('?query=passing')).templates).toEqual([]);
      const left = await api().ports.table.query({ partition: `TEMPLATE#${id}`, limit: 10 });
      expect(left.records).toEqual([]);
      expect((await builder.create('passing')).status).toBe(201);
    });

    it('that somebody left private who is gone fall to those who look after members', async () => {
      const leaver = await keyWith(api().ports, one.tenantId, ['builder']);
      const calls = templateCalls(api, () => leaver.text);
      const { id } = templateOf(await calls.create('left', { visibility: 'private' }));
      expect((await owner.send('GET', `/${id}`)).status).toBe(404);
      const member = `${api().url}/v1/members/${leaver.record.memberId}`;
      expect((await call(member, { method: 'DELETE', key: one.keys.owner })).status).toBe(200);
      expect((await mate.send('GET', `/${id}`)).status).toBe(404);
      expect((await owner.send('GET', `/${id}`)).status).toBe(200);
      expect((await stranger.send('DELETE', `/${id}`)).status).toBe(404);
      expect((await owner.send('DELETE', `/${id}`)).status).toBe(200);
    });

    it('are at most so many, and one more where one has gone', async () => {
      const many = await api().tenant('many-templates');
      const calls = templateCalls(api, () => many.keys.owner);
      await calls.create('first');
      const by = templateLimits.perTenant - 1;
      const key = templateCountPlace(many.tenantId);
      await api().ports.table.transact([{ kind: 'increment', key, counter: 'count', by }]);
      expect(problemOf(await calls.create('second')).code).toBe('template.too_many');
      await calls.send('DELETE', '/first');
      expect((await calls.create('second')).status).toBe(201);
    });

    it('write down who did what to them', async () => {
      const audited = await api().tenant('audited-templates');
      const calls = templateCalls(api, () => audited.keys.owner);
      await calls.create('a');
      await calls.send('POST', '/a/versions', webTemplateOver(webTemplate.spec));
      await calls.send('PATCH', '/a', { description: 'b' });
      await calls.send('POST', '/a:fork', { name: 'b' });
      await calls.send('DELETE', '/a');
      const entries = await listPending(api().ports.table, audited.tenantId);
      expect(entries.map(({ action }) => String(action)).filter((action) => action.startsWith('template.'))).toEqual([
        ...['template.created', 'template.published', 'template.changed', 'template.forked', 'template.removed'],
      ]);
    });

    it('presets are templates that nobody changes', async () => {
      const preset = templateOf(await builder.send('GET', '/preset-minimal'));
      expect(preset).toMatchObject({ id: 'preset-minimal', preset: true, own: false, visibility: 'public', latest: 1 });
      expect((await builder.send('GET', '/preset-minimal/versions/1')).json()).toMatchObject({
        spec: { name: 'minimal' },
      });
      expect(problemOf(await owner.send('DELETE', '/preset-minimal')).code).toBe('template.read_only');
      expect(problemOf(await owner.send('GET', '/preset-nothing')).code).toBe('template.not_found');
      expect((await builder.list('?tag=preset')).templates.map(({ id }) => id)).toContain('preset-minimal');
    });

    it('are found by words, by tags and by who sees them, page by page', async () => {
      const seeker = await api().tenant('seekers');
      const calls = templateCalls(api, () => seeker.keys.owner);
      const visibility = ['private', 'tenant', 'public'] as const;
      for (let at = 0; at < 9; at += 1) {
        const content = {
          visibility: visibility[at % 3],
          tags: [at < 5 ? 'quick' : 'slow'],
          description: `Zebra number${at}`,
        };
        expect((await calls.create(`zebra-${at}`, content)).status).toBe(201);
      }
      const names = async (query: string) => (await calls.list(query)).templates.map(({ name }) => name).sort();
      expect(await names('?query=zebr')).toHaveLength(9);
      expect(await names('?query=ZEBRA%20number3')).toEqual(['zebra-3']);
      expect(await names('?query=zebra&tag=slow')).toEqual(['zebra-5', 'zebra-6', 'zebra-7', 'zebra-8']);
      expect(await names('?query=zebra&visibility=private')).toEqual(['zebra-0', 'zebra-3', 'zebra-6']);
      expect(await names('?query=zebra%20lion')).toEqual([]);
      expect(await names('?query=%21%21')).toEqual([]);
      const pages: string[] = [];
      for (let query = '?query=zebra&limit=2'; query !== ''; ) {
        const page = await calls.list(query);
        expect(page.templates.length).toBeLessThanOrEqual(2);
        pages.push(...page.templates.map(({ name }) => name));
        query = page.cursor === undefined ? '' : `?query=zebra&limit=2&cursor=${page.cursor}`;
      }
      expect(pages.sort()).toEqual(await names('?query=zebra'));
      await calls.send('PATCH', '/zebra-1', { description: 'Lion', tags: ['cat'] });
      expect(await names('?query=lion')).toEqual(['zebra-1']);
      expect(await names('?tag=cat')).toEqual(['zebra-1']);
    });
  });
}
