import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { estimatePlan, noHistory } from '../../../core/plan/estimate.ts';
import { makePlan } from '../../../core/plan/make-plan.ts';
import { docker, oci } from '../../../core/plan/programs/oci.ts';
import { ancestorsOf } from '../../../core/plan/stages.ts';
import type { SpecInput } from '../../../core/spec/schema.ts';
import { archive, specWith, toolchain } from './plan-fixtures.ts';
import { fullSpec, planOf as planOfSpec } from './random-spec.ts';

const planOf = (members: Partial<SpecInput>) => makePlan({ spec: specWith(members), archive, toolchain });
const stepOf = (members: Partial<SpecInput>, id: string) => planOf(members).steps.find((step) => step.id === id);

describe('the step of a container image', () => {
  const members = {
    name: 'edge-web',
    outputs: [
      { type: 'oci' as const, compression: 'zstd' as const, tag: '1.0', env: { A: 'b' }, exposedPorts: ['80'] },
      { type: 'docker' as const, name: 'registry.example/edge', entrypoint: ['/bin/x'], user: 'ops', workdir: '/srv' },
    ],
  };
  const layers = ['bootstrap', 'packages', 'system'];

  it('takes its options from the spec, and makes NAME.oci.tar and NAME.docker.tar', () => {
    const image = stepOf(members, 'oci');
    expect(image).toMatchObject({ program: 'oci', trust: 'seal', scope: 'tenant', produces: 'artifact' });
    expect(oci.options.parse(image?.options)).toEqual({
      ...{ fileName: 'edge-web.oci.tar', layers, compression: 'zstd', name: 'edge-web', tag: '1.0' },
      ...{ entrypoint: [], cmd: ['/bin/sh'], env: { A: 'b' }, exposedPorts: ['80/tcp'], labels: {} },
    });
    expect(docker.options.parse(stepOf(members, 'docker')?.options)).toEqual({
      ...{ fileName: 'edge-web.docker.tar', layers, name: 'registry.example/edge', tag: 'latest' },
      ...{ entrypoint: ['/bin/x'], cmd: [], env: {}, user: 'ops', workdir: '/srv', exposedPorts: [], labels: {} },
    });
    expect(planOf(members).artifacts).toEqual([
      { step: 'oci', name: 'edge-web.oci.tar', type: 'oci' },
      { step: 'docker', name: 'edge-web.docker.tar', type: 'docker' },
    ]);
  });

  it('brings no kernel, no initial RAM file system and no module', () => {
    const { steps, stages } = planOf(members);
    expect(steps.map(({ id }) => id)).toEqual([...layers, 'oci', 'docker']);
    expect(steps.find(({ id }) => id === 'packages')?.options).toMatchObject({ install: [], outputs: [] });
    expect(stages).toHaveLength(1);
  });

  it('shares every layer with the tar of the same spec', () => {
    const tar = planOf({ ...members, outputs: [{ type: 'tar' }] });
    const keys = new Map(planOf(members).steps.map((step) => [step.id, step.key]));
    for (const step of tar.steps.filter(({ produces }) => produces === 'layer')) {
      expect(keys.get(step.id), step.id).toBe(step.key);
    }
  });

  it('has no initial RAM file system beside an ISO either, but where a user step is built on it', () => {
    const outputs = [{ type: 'iso' as const }, { type: 'oci' as const }];
    const layersOf = (more: Partial<SpecInput>) => stepOf({ outputs, ...more }, 'oci')?.options.layers;
    expect(layersOf({ packages: { install: ['jq'] } })).toEqual(['bootstrap', 'kernel', 'packages', 'system']);
    const steps = [{ id: 'site', run: 'true' }];
    expect(layersOf({ steps })).toEqual(['bootstrap', 'kernel', 'initramfs', 'system', 'site']);
  });

  it('names the layers that it is built on, in the order of the plan (property)', () => {
    fc.assert(
      fc.property(fullSpec, (spec) => {
        const plan = planOfSpec(spec);
        for (const step of plan.steps.filter(({ program }) => program === 'oci' || program === 'docker')) {
          expect(step.options.layers).toEqual(ancestorsOf(plan.steps, step).map(({ id }) => id));
        }
      }),
      { numRuns: 40 },
    );
  });

  it('stacks user steps in the order of the plan, in whatever order the spec has them', () => {
    const steps = [
      { id: 'last', run: 'true', needs: ['left', 'right'] },
      { id: 'right', run: 'true', needs: [] },
      { id: 'left', run: 'true', needs: [] },
    ];
    const plan = planOf({ steps, outputs: [{ type: 'docker' }] });
    const order = plan.steps.filter(({ produces }) => produces === 'layer').map(({ id }) => id);
    expect(plan.steps.find(({ id }) => id === 'docker')?.options.layers).toEqual(order);
    expect(order.at(-1)).toBe('last');
  });

  it('is thought to unpack no tree, and to be as large as its layers', () => {
    const plan = planOf({ steps: [{ id: 'site', run: 'true' }], outputs: [{ type: 'oci' }] });
    const estimate = estimatePlan(plan, { cached: new Map(), history: noHistory });
    const bytes = (id: string) => estimate.steps.get(id)?.bytes.value ?? 0;
    const all = plan.steps.filter(({ produces }) => produces === 'layer').reduce((sum, { id }) => sum + bytes(id), 0);
    expect(bytes('oci')).toBeGreaterThan(all);
    const last = plan.stages.at(-1);
    expect(last?.steps).toEqual(['oci']);
    const alone = estimate.schedule.stageSeconds.get(last?.id ?? '') ?? 0;
    const seconds = estimate.steps.get('oci')?.seconds.value ?? 0;
    expect(alone - seconds).toBeCloseTo(estimate.stageStart.value, 6);
  });
});
