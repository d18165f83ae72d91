import { describe, expect, it } from 'vitest';
import { estimatePlan, noHistory } from '../../../core/plan/estimate.ts';
import { makePlan } from '../../../core/plan/make-plan.ts';
import { module } from '../../../core/plan/programs/module.ts';
import { netboot } from '../../../core/plan/programs/netboot.ts';
import { wsl } from '../../../core/plan/programs/wsl.ts';
import { ancestorsOf } from '../../../core/plan/stages.ts';
import type { SpecInput } from '../../../core/spec/schema.ts';
import { archive, specWith, toolchain } from './plan-fixtures.ts';

const planOf = (members: Partial<SpecInput>) => makePlan({ spec: specWith(members), archive, toolchain });
const stepOf = (members: Partial<SpecInput>, id: string) => planOf(members).steps.find((step) => step.id === id);
const keysOf = (members: Partial<SpecInput>) => new Map(planOf(members).steps.map((step) => [step.id, step.key]));

describe('the step of a network boot', () => {
  const members = {
    name: 'edge-web',
    packages: { install: ['curl'] },
    kernel: { cmdline: ['quiet'] },
    outputs: [{ type: 'netboot' as const, baseUrl: 'http://boot.example/edge', compressionLevel: 15 }],
  };

  it('takes its options from the spec, and makes NAME.netboot.tar', () => {
    const step = stepOf(members, 'netboot');
    expect(step).toMatchObject({ program: 'netboot', trust: 'seal', scope: 'tenant', needs: ['module.whole'] });
    expect(netboot.options.parse(step?.options)).toEqual({
      ...{ fileName: 'edge-web.netboot.tar', module: 'module.whole', cmdline: ['quiet'] },
      baseUrl: 'http://boot.example/edge/',
    });
    expect(planOf(members).artifacts).toEqual([{ step: 'netboot', name: 'edge-web.netboot.tar', type: 'netboot' }]);
  });

  it('packs one module of every layer, in the order of the plan', () => {
    const { steps } = planOf(members);
    const layers = steps.filter(({ produces }) => produces === 'layer').map(({ id }) => id);
    const whole = steps.find(({ id }) => id === 'module.whole');
    expect(module.options.parse(whole?.options)).toEqual({ layers, level: 15 });
    expect(whole).toMatchObject({ scope: 'tenant', needs: layers });
    expect(steps.filter(({ program }) => program === 'module')).toHaveLength(1);
  });

  it('says nothing of an address or a level that is not given', () => {
    const outputs = [{ type: 'netboot' as const }];
    expect(stepOf({ outputs }, 'netboot')?.options).not.toHaveProperty('baseUrl');
    expect(stepOf({ outputs }, 'module.whole')?.options).not.toHaveProperty('level');
  });

  it('shares every layer with an ISO, and its packages with no other', () => {
    const of = (type: 'iso' | 'netboot') => ({ packages: { install: ['curl'] }, outputs: [{ type }] });
    const iso = keysOf(of('iso'));
    for (const step of planOf(of('netboot')).steps.filter(({ produces }) => produces === 'layer')) {
      expect(iso.get(step.id), step.id).toBe(step.key);
    }
    expect(stepOf(of('netboot'), 'kernel')?.options).toMatchObject({ outputs: ['iso'] });
    const both = { outputs: [{ type: 'netboot' as const }, { type: 'iso' as const }, { type: 'raw' as const }] };
    expect(stepOf(both, 'kernel')?.options).toMatchObject({ outputs: ['iso', 'raw'] });
  });

  it('has a key that the address changes, and the name of the file does not', () => {
    const key = (name: string, baseUrl: string) =>
      keysOf({ name, system: { hostname: 'host' }, outputs: [{ type: 'netboot', baseUrl }] }).get('netboot');
    expect(key('one', 'http://a')).toBe(key('two', 'http://a/'));
    expect(key('one', 'http://a')).not.toBe(key('one', 'http://b'));
  });
});

describe('the step of a distribution for WSL', () => {
  const members = {
    name: 'edge-web',
    system: { hostname: 'edge-01' },
    users: [{ name: 'ops' }, { name: 'dev' }],
    outputs: [{ type: 'wsl' as const }],
  };
  const layers = ['bootstrap', 'packages', 'system', 'users'];

  it('takes its options from the spec, the first user among them, and makes NAME.wsl', () => {
    const step = stepOf(members, 'wsl');
    expect(step).toMatchObject({ program: 'wsl', trust: 'seal', scope: 'tenant', produces: 'artifact' });
    expect(wsl.options.parse(step?.options)).toEqual({
      ...{ fileName: 'edge-web.wsl', name: 'edge-web', hostname: 'edge-01', defaultUser: 'ops' },
    });
    expect(planOf(members).artifacts).toEqual([{ step: 'wsl', name: 'edge-web.wsl', type: 'wsl' }]);
    const named = { ...members, outputs: [{ type: 'wsl' as const, defaultUser: 'root' }] };
    expect(stepOf(named, 'wsl')?.options).toMatchObject({ defaultUser: 'root' });
    expect(stepOf({ ...members, users: [] }, 'wsl')?.options).not.toHaveProperty('defaultUser');
  });

  it('brings no kernel and no module, and shares every layer with a container image', () => {
    expect(planOf(members).steps.map(({ id }) => id)).toEqual([...layers, 'wsl']);
    const oci = keysOf({ ...members, outputs: [{ type: 'oci' }] });
    for (const id of layers) expect(keysOf(members).get(id), id).toBe(oci.get(id));
  });

  it('has no initial RAM file system beside an ISO either, but where a user step is built on it', () => {
    const outputs = [{ type: 'iso' as const }, { type: 'wsl' as const }];
    const layersOf = (more: Partial<SpecInput>) => {
      const { steps } = planOf({ outputs, ...more });
      const step = steps.find(({ id }) => id === 'wsl');
      return step === undefined ? [] : ancestorsOf(steps, step).map(({ id }) => id);
    };
    expect(layersOf({})).toEqual(['bootstrap', 'kernel', 'system']);
    expect(layersOf({ steps: [{ id: 'site', run: 'true' }] })).toContain('initramfs');
  });

  it('is thought to unpack no tree, and to be as large as its layers', () => {
    const plan = planOf({ steps: [{ id: 'site', run: 'true' }], outputs: [{ type: 'wsl' }] });
    const estimate = estimatePlan(plan, { cached: new Map(), history: noHistory });
    const bytes = (id: string) => estimate.steps.get(id)?.bytes.value ?? 0;
    const all = plan.steps.filter(({ produces }) => produces === 'layer').reduce((sum, { id }) => sum + bytes(id), 0);
    expect(bytes('wsl')).toBeGreaterThan(all);
    const last = plan.stages.at(-1);
    expect(last?.steps).toEqual(['wsl']);
    const alone = estimate.schedule.stageSeconds.get(last?.id ?? '') ?? 0;
    expect(alone - (estimate.steps.get('wsl')?.seconds.value ?? 0)).toBeCloseTo(estimate.stageStart.value, 6);
  });
});
