import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expandSpec } from '../../../core/plan/expand.ts';
import { makePlan, planDigest, planText } from '../../../core/plan/make-plan.ts';
import { type Plan, planSchema } from '../../../core/plan/plan.ts';
import { ancestorsOf } from '../../../core/plan/stages.ts';
import { archive, examples, specWith, toolchain } from './plan-fixtures.ts';

const plan = (spec: Parameters<typeof makePlan>[0]['spec']): Plan => makePlan({ spec, archive, toolchain });
const outline = (made: Plan): string[] =>
  made.stages.map((stage) => `${stage.id} ${stage.trust}: ${stage.steps.join(' ')} <- ${stage.needs.join(' ')}`.trim());
const keysOf = (made: Plan): Record<string, string> =>
  Object.fromEntries(made.steps.map((step) => [step.id, step.key]));

describe('plan', () => {
  it.each(Object.entries(examples))('of the example "%s" is the golden one', (name, spec) => {
    const made = plan(spec);
    expect(planSchema.parse(made)).toEqual(made);
    expect({ outline: outline(made), digest: planDigest(made) }).toMatchSnapshot(name);
  });

  it('is the same text for the same inputs', () => {
    for (const spec of Object.values(examples))
      expect(planText(plan(spec))).toBe(planText(plan(structuredClone(spec))));
  });

  it('puts a spec without scripts into one stage', () => {
    expect(plan(specWith({ files: [{ path: '/etc/motd', content: 'x' }] })).stages).toHaveLength(1);
  });

  it('puts a spec with scripts into three stages: service, tenant, seal', () => {
    const trusts = plan(specWith({ steps: [{ id: 'a', run: 'true' }] })).stages.map((stage) => stage.trust);
    expect(trusts).toEqual(['service', 'tenant', 'seal']);
  });

  it('never puts a tenant step beside another class', () => {
    for (const spec of Object.values(examples)) {
      const made = plan(spec);
      for (const stage of made.stages) {
        const trusts = stage.steps.map((id) => made.steps.find((step) => step.id === id)?.trust);
        if (trusts.includes('tenant')) expect(new Set(trusts)).toEqual(new Set(['tenant']));
      }
    }
  });

  it('makes the initramfs of the boot packages, and looks again after what may change it', () => {
    const refreshOf = (input: Parameters<typeof specWith>[0]) =>
      plan(specWith(input)).steps.find((step) => step.id === 'refresh');
    const tenant = { trust: 'tenant', scope: 'tenant', options: { since: 'initramfs', afterTenant: true } };
    expect(refreshOf({ files: [{ path: '/etc/initramfs-tools/modules', content: 'vfat\n' }] })).toMatchObject(tenant);
    expect(refreshOf({ steps: [{ id: 'one', run: 'true' }] })).toMatchObject({
      ...tenant,
      needs: ['one', 'initramfs'],
    });
    const motd = [{ path: '/etc/motd', content: 'x' }];
    expect(refreshOf({ files: motd })).toBeUndefined();
    const shared = { trust: 'service', scope: 'shared', needs: ['packages', 'initramfs'] };
    expect(refreshOf({ files: motd, packages: { install: ['curl'] } })).toMatchObject(shared);
    const made = plan(specWith({ files: motd, packages: { install: ['curl'] } }));
    expect(made.steps.find((step) => step.id === 'initramfs')).toMatchObject({ needs: ['kernel'], scope: 'shared' });
    const removed = plan(specWith({ packages: { install: ['curl'], remove: ['busybox'] } })).steps;
    expect(removed.filter(({ program }) => program === 'initramfs')).toMatchObject([{ needs: ['packages'] }]);
  });

  it('installs what brings hooks with the kernel, so that another package leaves the initramfs as it is', () => {
    const installs = (outputs: readonly { type: 'raw' | 'tar' }[], install: readonly string[]) => {
      const made = plan(specWith({ packages: { install: [...install] }, outputs: [...outputs] }));
      const installing = made.steps.filter(({ program }) => program === 'packages');
      return { made, names: installing.map(({ id, options }) => [id, options.install]) };
    };
    const one = installs([{ type: 'raw' }], ['curl', 'lvm2']);
    expect(one.names).toEqual([
      ['kernel', ['lvm2']],
      ['packages', ['curl']],
    ]);
    const two = installs([{ type: 'raw' }], ['curl', 'lvm2', 'tree']);
    const keyOf = ({ made }: typeof one) => made.steps.find(({ id }) => id === 'initramfs')?.key;
    expect(keyOf(two)).toBe(keyOf(one));
    expect(installs([{ type: 'raw' }], ['lvm2']).names).toEqual([['kernel', ['lvm2']]]);
    expect(installs([{ type: 'tar' }], ['curl', 'lvm2']).names).toEqual([['packages', ['curl', 'lvm2']]]);
  });

  it('makes folders, files and removals in one step, and the first boot after the services', () => {
    const ids = (members: Parameters<typeof specWith>[0]) =>
      plan(specWith({ ...members, outputs: [{ type: 'tar' }] })).steps.map((step) => step.id);
    const before = ['bootstrap', 'packages', 'system'];
    expect(ids({ directories: [{ path: '/srv/a' }] })).toEqual([...before, 'files', 'tar']);
    expect(ids({ remove: [{ path: '/srv/a' }] })).toEqual([...before, 'files', 'tar']);
    expect(ids({ rootAccount: {} })).toEqual([...before, 'users', 'tar']);
    const firstBoot = [{ name: 'one', run: 'true' }];
    expect(ids({ firstBoot, services: { mask: ['x'] } })).toEqual([...before, 'services', 'first-boot', 'tar']);
    expect(ids({ firstBoot: [], directories: [], remove: [] })).toEqual([...before, 'tar']);
  });

  it('gives pins to all that installs, and holds to the step of the user’s packages', () => {
    const pins = [{ package: 'curl', version: '8.*', priority: 990 }];
    const optionsOf = (made: Plan) =>
      made.steps
        .filter((step) => step.program === 'packages')
        .map(({ id, options }) => [id, options.pins ?? 'none', options.hold ?? 'none']);
    expect(optionsOf(plan(specWith({ packages: { pins, hold: ['bash'] } })))).toEqual([
      ['kernel', pins, 'none'],
      ['packages', pins, ['bash']],
    ]);
    expect(optionsOf(plan(specWith({})))).toEqual([['kernel', 'none', 'none']]);
  });

  it('installs sudo for whoever may use it', () => {
    const users = [{ name: 'ops', sudo: true as const }];
    const step = plan(specWith({ users })).steps.find(({ id }) => id === 'packages');
    expect(step?.options.install).toEqual(['sudo']);
  });

  it('looks at the initramfs again where something that it may be made of is removed', () => {
    const refreshed = (path: string) =>
      plan(specWith({ remove: [{ path }] })).steps.some((step) => step.id === 'refresh');
    expect(refreshed('/usr/local')).toBe(true);
    expect(refreshed('/etc/lvm')).toBe(true);
    expect(refreshed('/usr/share/doc')).toBe(false);
  });

  it('shares nothing that holds a byte of a tenant', () => {
    for (const spec of Object.values(examples)) {
      const shared = plan(spec).steps.filter((step) => step.scope === 'shared');
      expect(shared.every((step) => ['bootstrap', 'packages', 'initramfs', 'module'].includes(step.program))).toBe(
        true,
      );
      expect(shared.every((step) => step.trust !== 'tenant')).toBe(true);
      const open = new Set(shared.map((step) => step.id));
      expect(shared.flatMap((step) => step.needs).every((need) => open.has(need))).toBe(true);
    }
  });

  it('gives a step the tree of all that it needs and of nothing else', () => {
    const made = plan(examples['scripts side by side'] ?? specWith({}));
    const tree = (id: string): string[] => {
      const step = made.steps.find((candidate) => candidate.id === id);
      return step === undefined ? [] : ancestorsOf(made.steps, step).map((ancestor) => ancestor.id);
    };
    expect(tree('right')).toEqual(['bootstrap', 'packages', 'system']);
    expect(tree('join')).toEqual(['bootstrap', 'packages', 'system', 'left', 'right']);
  });
});

describe('keys', () => {
  const base = examples['declarative only'] ?? specWith({});
  const before = keysOf(plan(base));

  it('stay when only labels change', () => {
    expect(keysOf(plan({ ...base, name: 'other' }))).toEqual(before);
  });

  it('change with the address of the archive, which the image holds', () => {
    const moved = { suites: archive.suites.map((suite) => ({ ...suite, uri: 'http://mirror.invalid/debian' })) };
    const after = keysOf(makePlan({ spec: base, archive: moved, toolchain }));
    for (const [id, key] of Object.entries(after)) expect(key, id).not.toBe(before[id]);
  });

  it('change with the archive, the toolchain and the architecture, for every step', () => {
    const changed = { suites: archive.suites.map((suite) => ({ ...suite, indexes: { x: 'd'.repeat(64) } })) };
    const others = [
      makePlan({ spec: base, archive: changed, toolchain }),
      makePlan({ spec: base, archive, toolchain: 'd'.repeat(64) }),
      plan({ ...base, base: { ...base.base, architecture: 'arm64' } }),
    ];
    for (const other of others) {
      for (const [id, key] of Object.entries(keysOf(other))) expect(key, id).not.toBe(before[id]);
    }
  });

  it('change from the changed step on, and not before it', () => {
    const after = keysOf(plan({ ...base, files: base.files.map((file) => ({ ...file, content: 'other\n' })) }));
    const order = expandSpec(base).map((draft) => draft.id);
    const changed = order.filter((id) => after[id] !== before[id]);
    expect(changed).toEqual(['files', 'services', 'module.custom', 'iso', 'tar']);
  });

  it('do not depend on the id of a user step', () => {
    const one = plan(specWith({ steps: [{ id: 'one', run: 'true' }] }));
    const two = plan(specWith({ steps: [{ id: 'two', run: 'true' }] }));
    expect(keysOf(two).iso).toBe(keysOf(one).iso);
  });

  it('differ for scripts that differ (property)', () => {
    const keyOfScript = (run: string): string | undefined => keysOf(plan(specWith({ steps: [{ id: 's', run }] }))).s;
    const text = fc.string({ minLength: 1, maxLength: 40 }).map((body) => `echo ${JSON.stringify(body)}`);
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(keyOfScript(a) === keyOfScript(b)).toBe(a === b);
      }),
      { numRuns: 200 },
    );
  });
});
