import { beforeAll, describe, expect, it } from 'vitest';
import { templateLimits } from '../../../core/templates/limits.ts';
import { referenceTo } from '../../../core/templates/references.ts';
import { versionDetailSchema } from '../../../core/templates/views.ts';
import { keyWith } from '../../support/members.ts';
import type { ApiUnderTest, TenantUnderTest } from './api-under-test.ts';
import { problemOf } from './http-call.ts';
import { templateCalls, templateOf, webTemplate, webTemplateOver } from './template-calls.ts';

/** What stands in templates, and what they stand on. */
export function describeTemplateContents(api: () => ApiUnderTest): void {
  describe('what is in templates', () => {
    let one: TenantUnderTest;
    let other: TenantUnderTest;
    let colleague: string;
    beforeAll(async () => {
      [one, other] = await Promise.all([api().tenant('templates'), api().tenant('strangers')]);
      colleague = (await keyWith(api().ports, one.tenantId, ['builder'])).text;
    });
    const builder = templateCalls(api, () => one.keys.builder);
    const _owner = templateCalls(api, () => one.keys.owner);
    const _mate = templateCalls(api, () => colleague);
    const _stranger = templateCalls(api, () => other.keys.owner);

    it.each([
      [
        'an unknown parameter',
        { spec: { name: referenceTo('nobody') }, parameters: {} },
        'spec.name',
        'template.unknown_parameter',
      ],
      ['no reference', { spec: { name: `\${{ x }}` }, parameters: {} }, 'spec.name', 'template.reference_invalid'],
      [
        'a reference in a name',
        { spec: { [referenceTo('x')]: 1 }, parameters: {} },
        'spec',
        'template.reference_invalid',
      ],
      [
        'a list within a text',
        { spec: { name: `a${referenceTo('l')}` }, parameters: { l: { type: 'list' } } },
        'spec.name',
        'template.reference_invalid',
      ],
      [
        'what may be left out within a text',
        { spec: { name: `a${referenceTo('o')}` }, parameters: { o: { type: 'string', required: false } } },
        'spec.name',
        'template.reference_invalid',
      ],
      [
        'a parameter that nothing names',
        { spec: {}, parameters: { x: { type: 'boolean' } } },
        'parameters.x',
        'template.unused_parameter',
      ],
      [
        'a default that is no value',
        { spec: { name: referenceTo('x') }, parameters: { x: { type: 'string', format: 'name', default: 'A B' } } },
        'parameters.x.default',
        'template.parameter_invalid',
      ],
      [
        'a default of what is required',
        { spec: { name: referenceTo('x') }, parameters: { x: { type: 'string', required: true, default: 'a' } } },
        'parameters.x.required',
        'template.parameter_invalid',
      ],
      [
        'bounds that nothing fits',
        { spec: { x: referenceTo('x') }, parameters: { x: { type: 'integer', min: 2, max: 1 } } },
        'parameters.x.min',
        'template.parameter_invalid',
      ],
      ['a field that no spec has', { spec: { nonsense: 1 }, parameters: {} }, 'spec.nonsense', 'spec.unknown_key'],
      [
        'a value that no spec takes',
        { spec: { packages: { install: ['A B'] } }, parameters: {} },
        'spec.packages.install[0]',
        'spec.invalid_value',
      ],
      [
        'an output that nobody makes here',
        { spec: { outputs: [{ type: 'qcow2' }] }, parameters: {} },
        'spec.outputs[0].type',
        'spec.unsupported_output',
      ],
      [
        'a template that is not there',
        { extends: 'nobody@1', spec: {}, parameters: {} },
        'extends',
        'template.extends_invalid',
      ],
      [
        'a version that is not there',
        { extends: 'preset-minimal@7', spec: {}, parameters: {} },
        'extends',
        'template.extends_invalid',
      ],
      [
        '$replace beside others',
        { spec: { system: { $replace: {}, hostname: 'x' } }, parameters: {} },
        'spec.system',
        'template.merge_invalid',
      ],
    ])('are refused with %s', async (_name, content, path, code) => {
      const answer = await builder.create('refused', content);
      expect([answer.status, problemOf(answer)]).toMatchObject([422, { code: 'template.invalid' }]);
      expect(problemOf(answer).errors.map((error) => [error.path.replace(/\[".*/, ''), error.code])).toContainEqual([
        path,
        code,
      ]);
      expect((await builder.send('GET', '/refused')).status).toBe(404);
    });

    it('extend others, pinned to a version, and say what they lie over', async () => {
      const base = templateOf(await builder.create('base'));
      const child = {
        name: 'child',
        extends: 'base',
        parameters: { zone: { type: 'enum', values: ['UTC'], default: 'UTC' } },
        spec: { packages: { install: ['git'] } },
      };
      const made = templateOf(await builder.send('POST', '', child));
      await builder.send(
        'POST',
        '/base/versions',
        webTemplateOver({ ...webTemplate.spec, packages: { install: [referenceTo('extra')] } }),
      );
      const detail = versionDetailSchema.parse((await builder.send('GET', `/child/versions/1`)).json());
      expect(detail).toMatchObject({
        extends: [{ id: base.id, version: 1 }],
        source: child.spec,
        spec: { packages: { install: ['openssh-server', referenceTo('extra'), 'git'] } },
        parameters: { zone: { values: ['UTC'] }, hostname: { type: 'string' } },
      });
      // What it extends may go: nothing of it is needed any more.
      await builder.send('DELETE', '/base');
      expect((await builder.send('GET', `/child/versions/1`)).json()).toEqual(detail);
      const typed = { extends: 'child', parameters: { zone: { type: 'string' } }, spec: {} };
      expect(problemOf(await builder.send('POST', '', { name: 'typed', ...typed })).errors).toMatchObject([
        { path: 'parameters.zone.type', code: 'template.parameter_invalid' },
      ]);
      expect(
        problemOf(await builder.send('POST', '/child/versions', { extends: 'child@1', spec: {} })).errors,
      ).toMatchObject([{ path: 'extends', reason: expect.stringContaining('itself') }]);
      expect(made.latest).toBe(1);
    });

    it('lie above each other so deep and no deeper, and in no circle', async () => {
      await builder.create('deep-0');
      for (let depth = 1; depth <= templateLimits.depth; depth += 1) {
        const answer = await builder.send('POST', '', {
          name: `deep-${depth}`,
          extends: `deep-${depth - 1}`,
          spec: {},
        });
        expect(answer.status).toBe(201);
      }
      const one = { extends: `deep-${templateLimits.depth}`, spec: {} };
      expect(problemOf(await builder.send('POST', '', { name: 'too-deep', ...one })).errors).toMatchObject([
        { path: 'extends' },
      ]);
      const circle = await builder.send('POST', '/deep-0/versions', { extends: 'deep-3', spec: {} });
      expect(problemOf(circle).errors).toMatchObject([{ path: 'extends', reason: expect.stringContaining('itself') }]);
    });
  });
}
