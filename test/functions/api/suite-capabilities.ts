import { beforeAll, describe, expect, it } from 'vitest';
import { capabilityView, capabilityViewSchema } from '../../../core/spec/capability-view.ts';
import { outputTypes } from '../../../core/spec/releases.ts';
import type { ApiUnderTest, TenantUnderTest } from './api-under-test.ts';
import { exampleSpec, startExample } from './example-spec.ts';
import { call, problemOf } from './http-call.ts';
import { forceState } from './stored-build.ts';

/** What can be built, and that nothing else is taken, wherever a spec comes in. */
export function describeCapabilities(api: () => ApiUnderTest): void {
  describe('capabilities', () => {
    let tenant: TenantUnderTest;
    beforeAll(async () => {
      tenant = await api().tenant('capabilities');
    });

    it('are those of the table and of the installation', async () => {
      const answer = await call(`${api().url}/v1/capabilities`, { key: tenant.keys.builder });
      expect(answer.status).toBe(200);
      const view = capabilityViewSchema.parse(answer.json());
      expect(view).toEqual(capabilityView(api().ports.installation));
      expect(view.outputs.map(({ type }) => type)).toEqual([...outputTypes]);
      expect(view.outputs.filter(({ available }) => available).map(({ type }) => type)).toEqual(['iso', 'tar']);
      expect(view.architectures.map(({ name, supported }) => [name, supported])).toEqual([
        ['amd64', true],
        ['arm64', false],
      ]);
    });

    /** Each call that takes a spec. */
    const entrances = {
      'POST /v1/builds': () => ({ path: '/v1/builds', key: tenant.keys.builder }),
      'POST /api/build/start': () => ({ path: '/api/build/start', key: tenant.keys.builder }),
      'POST /v1/builds:plan': () => ({ path: '/v1/builds:plan', key: tenant.keys.builder }),
      'POST /v1/builds/{id}:resume': async () => {
        const id = await startExample(api().url, tenant.keys.builder);
        await forceState(api().ports, id, 'failed');
        return { path: `/v1/builds/${id}:resume`, key: tenant.keys.builder };
      },
      'POST /v1/cache:warm': () => ({ path: '/v1/cache:warm', key: tenant.keys.operator }),
    };
    const refused = {
      'another architecture': {
        spec: { ...exampleSpec, base: { ...exampleSpec.base, architecture: 'arm64' } },
        error: { path: 'base.architecture', code: 'spec.unsupported_architecture' },
        reason: 'this installation cannot build for arm64',
      },
      'an output that is not made here': {
        spec: { ...exampleSpec, outputs: [{ type: 'netboot' }] },
        error: { path: 'outputs[0].type', code: 'spec.unsupported_output' },
        reason: 'this installation cannot make "netboot"',
      },
      'a field that is said in vain': {
        spec: { ...exampleSpec, kernel: { cmdline: ['quiet'] }, outputs: [{ type: 'tar' }] },
        error: { path: 'kernel.cmdline', code: 'spec.unsupported_option' },
        reason: 'tar: it boots nothing',
      },
    };
    const rows = Object.entries(entrances).flatMap(([name, entrance]) =>
      Object.entries(refused).map(([what, row]) => [name, what, entrance, row] as const),
    );

    it.each(rows)('%s refuses %s', async (_name, _what, entrance, { spec, error, reason }) => {
      const { path, key } = await entrance();
      const answer = await call(`${api().url}${path}`, { key, body: JSON.stringify(spec) });
      expect([answer.status, problemOf(answer).code]).toEqual([422, 'spec.invalid']);
      expect(problemOf(answer).errors).toMatchObject([error]);
      expect(problemOf(answer).errors[0]?.reason).toContain(reason);
    });

    it.each(Object.entries(refused))('POST /v1/specs/validate tells of %s', async (_what, { spec, error }) => {
      const body = JSON.stringify(spec);
      const answer = await call(`${api().url}/v1/specs/validate`, { key: tenant.keys.builder, body });
      expect(answer.json()).toMatchObject({ valid: false, errors: [error] });
    });
  });
}
