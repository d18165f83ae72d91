import { beforeAll, describe, expect, it } from 'vitest';
import { updateBuild } from '../../../core/builds/build-repository.ts';
import { buildViewSchema } from '../../../core/builds/build-view.ts';
import { storedSpec } from '../../../core/builds/resume.ts';
import { endBuild } from '../../../core/builds/settle.ts';
import { referenceTo } from '../../../core/templates/references.ts';
import { reviewViewSchema } from '../../../core/templates/reviews.ts';
import { keyWith } from '../../support/members.ts';
import type { ApiUnderTest, TenantUnderTest } from './api-under-test.ts';
import { exampleSpec } from './example-spec.ts';
import { type Answer, call, problemOf } from './http-call.ts';
import { templateCalls, templateOf } from './template-calls.ts';

const buildOf = (answer: Answer) => buildViewSchema.parse(answer.json());

/** Templates in use: builds of them, forks, reviews, deprecation. */
export function describeTemplateUses(api: () => ApiUnderTest): void {
  describe('uses of templates', () => {
    let one: TenantUnderTest;
    let other: TenantUnderTest;
    beforeAll(async () => {
      [one, other] = await Promise.all([api().tenant('users'), api().tenant('other-users')]);
      await builder.create('web');
      await owner.create('shared', { visibility: 'public', extends: 'web', parameters: {}, spec: { name: 'shared' } });
    });
    const builder = templateCalls(api, () => one.keys.builder);
    const owner = templateCalls(api, () => one.keys.owner);
    const stranger = templateCalls(api, () => other.keys.builder);
    const post = (path: string, body: object, key = one.keys.builder, headers: Record<string, string> = {}) =>
      call(`${api().url}${path}`, { key, body: JSON.stringify(body), headers });
    const start = (body: object, key?: string, headers?: Record<string, string>) =>
      post('/v1/builds', body, key, headers);
    const using = (parameters: object = {}, over: object = {}) => ({
      ...{ template: 'web@1', name: 'shop', parameters: { hostname: 'shop', ...parameters } },
      ...over,
    });
    const errorsOf = (answer: Answer) => problemOf(answer).errors.map(({ path, code, reason }) => [path, code, reason]);

    it('lay the spec over the template, and build what that comes to', async () => {
      const over = {
        packages: { install: ['git'] },
        outputs: [{ type: 'iso', label: 'SHOP' }],
        kernel: { cmdline: { $replace: ['splash'] } },
      };
      const build = buildOf(await start(using({ extra: ['vim', 'curl'] }, over)));
      const spec = await storedSpec(api().ports.table, build.id);
      expect(spec).toMatchObject({
        ...{ name: 'shop', packages: { install: ['curl', 'git', 'openssh-server', 'vim'] } },
        ...{ system: { hostname: 'shop', timezone: 'UTC' }, kernel: { cmdline: ['splash'] } },
        outputs: [{ type: 'iso', label: 'SHOP' }, { type: 'tar' }],
      });
      expect(Object.keys(spec)).not.toContain('template');
      const { id } = templateOf(await builder.send('GET', '/web'));
      expect(build.template).toEqual({ id, version: 1 });
      // Plan, validation and build agree on what it is.
      const body = using({ extra: ['vim', 'curl'] }, over);
      expect((await post('/v1/specs/validate', body)).json()).toEqual({
        ...{ valid: true, digest: build.specDigest, errors: [] },
        template: { id, version: 1 },
      });
      expect((await post('/v1/builds:plan', body)).json()).toMatchObject({
        specDigest: build.specDigest,
        template: { id },
      });
    });

    it('come to the same digest as the spec that is written out', async () => {
      const build = buildOf(await start(using()));
      const written = await storedSpec(api().ports.table, build.id);
      expect(buildOf(await start(written)).specDigest).toBe(build.specDigest);
    });

    it('of a preset take the place of its file', async () => {
      const build = buildOf(await start({ template: 'preset-minimal', system: { hostname: 'mine' } }));
      expect(build).toMatchObject({ name: 'minimal', template: { id: 'preset-minimal', version: 1 } });
    });

    it('are a YAML file like any other spec', async () => {
      const body = 'template: web\nname: yaml\nparameters:\n  hostname: yaml\n  level: 3\n';
      const answer = await call(`${api().url}/v1/builds`, { key: one.keys.builder, body, type: 'application/yaml' });
      expect(buildOf(answer).name).toBe('yaml');
    });

    it.each([
      ['an unknown template', { template: 'nobody', name: 'x' }, 'template', 'spec.unknown_template'],
      ['no reference', { template: 'A b', name: 'x' }, 'template', 'spec.unknown_template'],
      ['what is no text', { template: 1, name: 'x' }, 'template', 'spec.unknown_template'],
      ['an unknown version', { template: 'web@9', name: 'x' }, 'template', 'spec.unknown_template'],
      ['a missing parameter', { template: 'web', name: 'x' }, 'parameters.hostname', 'spec.missing'],
      ['an unknown parameter', using({ hostnam: 'x' }), 'parameters.hostnam', 'spec.unknown_parameter'],
      ['a value of another type', using({ level: '3' }), 'parameters.level', 'spec.invalid_value'],
      ['a value that is too large', using({ level: 8 }), 'parameters.level', 'spec.invalid_value'],
      ['a value of no choice', using({ zone: 'Mars' }), 'parameters.zone', 'spec.invalid_value'],
      ['two lines', using({ extra: ['a\nb'] }), 'parameters.extra', 'spec.invalid_value'],
      ['parameters that are none', { ...using(), parameters: ['x'] }, 'parameters', 'spec.invalid_value'],
      ['a value that the spec refuses', using({ extra: ['A B'] }), 'parameters.extra', 'spec.invalid_value'],
      [
        'a field of its own that is wrong',
        using({}, { packages: { install: ['ok', 'A B'] } }),
        'packages.install[1]',
        'spec.invalid_value',
      ],
      ['a field that there is not', using({}, { nonsense: 1 }), 'nonsense', 'spec.unknown_key'],
      ['a name that is missing', { ...using(), name: null }, 'name', 'spec.missing'],
    ])('are refused with %s, by the place that somebody wrote', async (_name, body, path, code) => {
      const answer = await start(body);
      expect([answer.status, problemOf(answer).code]).toEqual([422, 'spec.invalid']);
      expect(errorsOf(answer).map(([at, of]) => [at, of])).toEqual([[path, code]]);
      const verdict = await post('/v1/specs/validate', body);
      expect(verdict.json()).toMatchObject({ valid: false, errors: [{ path, code }] });
    });

    it('name what in the template is meant', async () => {
      const [error] = errorsOf(await start(using({ extra: ['A B'] })));
      expect(error?.[2]).toMatch(/^packages\.install\[1\] of web@1: /);
    });

    it('let no value change what is around it', async () => {
      const { id: bad } = templateOf(
        await builder.send('POST', '', {
          ...{ name: 'motd', parameters: { text: { type: 'string', multiline: true } } },
          spec: { files: [{ path: '/etc/motd', content: `hello ${referenceTo('text')}\n` }] },
        }),
      );
      const text = `"}], "steps": [{"id": "x"}], ${referenceTo('text')} \${{ $replace }}\n- path: /etc/shadow`;
      const body = { ...exampleSpec, template: bad, parameters: { text } };
      const spec = await storedSpec(api().ports.table, buildOf(await start(body)).id);
      expect(spec.files).toMatchObject([{ path: '/etc/motd', content: `hello ${text}\n` }]);
      expect(spec.steps).toEqual([]);
    });

    it('of another tenant’s template are as of one that there is not', async () => {
      const { id } = templateOf(await builder.send('GET', '/web'));
      const theirs = await start({ template: id, name: 'x' }, other.keys.builder);
      const missing = await start({ template: 'tpl_00000000000000000000000000', name: 'x' }, other.keys.builder);
      expect(errorsOf(theirs)).toEqual(errorsOf(missing));
      const shared = templateOf(await builder.send('GET', '/shared'));
      const body = { template: shared.id, parameters: { hostname: 'x' } };
      expect(buildOf(await start(body, other.keys.builder)).template).toEqual({ id: shared.id, version: 1 });
    });

    it('of a private template are those of who made it', async () => {
      await builder.create('secret', { visibility: 'private' });
      expect((await start({ ...using(), template: 'secret' })).status).toBe(202);
      const mate = (await keyWith(api().ports, one.tenantId, ['builder'])).text;
      expect(errorsOf(await start({ ...using(), template: 'secret' }, mate))[0]).toContain('spec.unknown_template');
    });

    it('need templates:read', async () => {
      const narrow = await keyWith(api().ports, one.tenantId, ['builder'], { scopes: ['builds:create'] });
      expect(problemOf(await start(using(), narrow.text)).code).toBe('access.forbidden');
    });

    it('are counted, each once, and go on with retries', async () => {
      await builder.create('counted');
      const body = { ...using(), template: 'counted' };
      const headers = { 'idempotency-key': 'counted-once' };
      const first = buildOf(await start(body, undefined, headers));
      await start(body, undefined, headers);
      await Promise.all(Array.from({ length: 8 }, () => start(body)));
      await post('/v1/builds:plan', body);
      expect(templateOf(await builder.send('GET', '/counted')).uses).toBe(9);
      await endBuild(api().ports, first.id, 'cancelled');
      for (const verb of ['retry', 'resume']) {
        const again = await call(`${api().url}/v1/builds/${first.id}:${verb}`, {
          method: 'POST',
          key: one.keys.builder,
        });
        expect(buildOf(again).template).toEqual(first.template);
      }
      expect(templateOf(await builder.send('GET', '/counted')).uses).toBe(11);
    });

    it('warn where the template is deprecated, and build all the same', async () => {
      await builder.create('old');
      const deprecated = { message: 'Nobody mends it.', replacement: 'web' };
      expect(templateOf(await builder.send('PATCH', '/old', { deprecated })).deprecated).toMatchObject(deprecated);
      const body = { ...using(), template: 'old' };
      const warnings = [
        { code: 'template.deprecated', message: 'old is deprecated: Nobody mends it. Use web instead.' },
      ];
      const build = buildOf(await start(body));
      expect(build.warnings).toEqual(warnings);
      const read = await call(`${api().url}/v1/builds/${build.id}`, { key: one.keys.builder });
      expect(read.json()).toMatchObject({ warnings });
      expect((await post('/v1/builds:plan', body)).json()).toMatchObject({ warnings });
      expect((await post('/v1/specs/validate', body)).json()).toMatchObject({ valid: true, warnings });
      await builder.send('PATCH', '/old', { deprecated: null });
      expect(buildOf(await start(body)).warnings).toBeUndefined();
    });

    it('are not held up by a removal: what was built keeps its spec', async () => {
      await builder.create('going');
      const build = buildOf(await start({ ...using(), template: 'going' }));
      await builder.send('DELETE', '/going');
      expect((await storedSpec(api().ports.table, build.id)).system.hostname).toBe('shop');
      expect(errorsOf(await start({ ...using(), template: 'going' }))[0]).toContain('spec.unknown_template');
    });

    it('fork what they see, and are bound to nothing', async () => {
      const shared = templateOf(await builder.send('GET', '/shared'));
      const fork = await stranger.send('POST', `/${shared.id}:fork`, { name: 'mine' });
      expect([fork.status, templateOf(fork)]).toMatchObject([
        201,
        { name: 'mine', own: true, visibility: 'tenant', latest: 1, forkedFrom: { id: shared.id, version: 1 } },
      ]);
      expect(templateOf(await builder.send('GET', '/shared')).forks).toBe(1);
      await stranger.send('POST', '/mine/versions', { extends: shared.id, spec: { name: 'other' } });
      expect(buildOf(await start({ template: 'mine', parameters: { hostname: 'x' } }, other.keys.builder)).name).toBe(
        'other',
      );
      const { id } = templateOf(await builder.send('GET', '/web'));
      expect(problemOf(await stranger.send('POST', `/${id}:fork`, { name: 'stolen' })).code).toBe('template.not_found');
      expect(problemOf(await stranger.send('POST', `/${shared.id}:fork`, { name: 'mine' })).code).toBe(
        'template.name_taken',
      );
      const preset = templateOf(await stranger.send('POST', '/preset-minimal:fork', { name: 'minimal' }));
      expect(preset).toMatchObject({ preset: false, tags: [], forkedFrom: { id: 'preset-minimal', version: 1 } });
    });

    it('are reviewed by who built it with success, once a member', async () => {
      const shared = templateOf(await builder.send('GET', '/shared'));
      const review = (calls: typeof builder, rating: number, text = '') =>
        calls.send('PUT', `/${shared.id}/review`, { rating, text });
      expect(problemOf(await review(stranger, 5)).code).toBe('template.not_built');
      const body = { template: shared.id, parameters: { hostname: 'x' } };
      const build = buildOf(await start(body, other.keys.builder));
      const { table } = api().ports;
      for (const state of ['planning', 'queued', 'running'] as const) {
        await updateBuild(table, build.id, (before) => ({ build: { ...before, state } }));
      }
      expect(problemOf(await review(stranger, 5)).code).toBe('template.not_built');
      await endBuild(api().ports, build.id, 'succeeded');
      const first = await review(stranger, 2, 'It boots.\nSlowly.');
      expect([first.status, reviewViewSchema.parse(first.json())]).toMatchObject([
        201,
        { rating: 2, text: 'It boots.\nSlowly.', version: 1, mine: true },
      ]);
      expect((await review(stranger, 4)).status).toBe(200);
      // A colleague of theirs has not built it, nor has its author.
      const mate = templateCalls(api, () => other.keys.owner);
      for (const calls of [mate, builder]) expect(problemOf(await review(calls, 1)).code).toBe('template.not_built');
      expect(templateOf(await builder.send('GET', '/shared')).rating).toEqual({
        ...{ average: 4, reviews: 1, byStars: [0, 0, 0, 1, 0] },
      });
      const seen = await builder.send('GET', '/shared/reviews');
      expect(seen.json()).toMatchObject({ reviews: [{ rating: 4, mine: false }] });
      expect(seen.text).not.toContain(other.tenantId);
      expect(seen.text).not.toContain('mem_');
      for (const [content, path] of [
        [{ rating: 6 }, 'rating'],
        [{ rating: 0 }, 'rating'],
        [{ rating: 1.5 }, 'rating'],
        [{ rating: 3, text: 'a\u001bb' }, 'text'],
        [{ rating: 3, text: 'x'.repeat(2_001) }, 'text'],
      ] as const) {
        const answer = await stranger.send('PUT', `/${shared.id}/review`, content);
        expect([answer.status, problemOf(answer).errors[0]?.path]).toEqual([400, path]);
      }
      expect((await stranger.send('DELETE', `/${shared.id}/review`)).json()).toEqual({ removed: true });
      expect(problemOf(await stranger.send('DELETE', `/${shared.id}/review`)).code).toBe('review.not_found');
      expect(templateOf(await builder.send('GET', '/shared')).rating.reviews).toBe(0);
    });
  });
}
