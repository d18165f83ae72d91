import { describe, expect, it } from 'vitest';
import type { ArchiveState, ExtraArchive } from '../../../core/plan/archive-state.ts';
import { makePlan } from '../../../core/plan/make-plan.ts';
import { planSchema } from '../../../core/plan/plan.ts';
import { specArchiveState } from '../../../core/plan/spec-archive-state.ts';
import { warmPlan } from '../../../core/plan/warm-plan.ts';
import type { SpecInput } from '../../../core/spec/schema.ts';
import { sampleArchive } from '../spec/archive-samples.ts';
import { archive, specWith, toolchain } from './plan-fixtures.ts';

const site = sampleArchive();
const extra = (digest = 'd', more: Partial<ExtraArchive['suites'][number]> = {}): ExtraArchive[] => [
  {
    name: 'site',
    suites: [
      {
        ...{ uri: site.url, suite: 'stable', components: ['main'], date: 2_000_000_000 },
        indexes: { 'main/binary-amd64/Packages': digest.repeat(64) },
        ...more,
      },
    ],
  },
];
const full = {
  packages: { install: ['nginx', 'cryptsetup-initramfs'] },
  users: [{ name: 'ops' }],
  files: [{ path: '/etc/motd', content: 'x' }],
  services: { mask: ['cron'] },
  outputs: [{ type: 'iso' }, { type: 'tar' }],
} satisfies Partial<SpecInput>;
const planOf = (members: Partial<SpecInput>, state: ArchiveState = { ...archive, extra: extra() }) =>
  makePlan({ spec: specWith(members), archive: state, toolchain });
const withArchive = (more: object = {}) => ({ ...full, archives: [{ ...site, ...more }] });
const keysOf = (...given: Parameters<typeof planOf>) =>
  new Map(planOf(...given).steps.map(({ id, key }) => [id, key] as const));

describe('the plan of a spec that names an archive', () => {
  it('runs its packages, and what runs in the tree after them, as the tenant’s code', () => {
    const plan = planSchema.parse(planOf(withArchive()));
    const trust = Object.fromEntries(plan.steps.map((step) => [step.id, `${step.trust} ${step.scope}`]));
    expect(trust).toMatchObject({
      ...{ bootstrap: 'service shared', kernel: 'service shared', initramfs: 'service shared' },
      ...{ packages: 'tenant tenant', system: 'tenant tenant', users: 'tenant tenant', files: 'tenant tenant' },
      ...{ configuration: 'tenant tenant', services: 'tenant tenant', refresh: 'tenant tenant' },
      ...{ iso: 'seal tenant', tar: 'seal tenant' },
    });
    for (const { id, scope, needs } of plan.steps) {
      if (scope === 'shared') expect([id, needs.includes('packages')]).toEqual([id, false]);
    }
    for (const { steps, trust: of } of plan.stages) {
      const classes = new Set(steps.map((id) => plan.steps.find((step) => step.id === id)?.trust === 'tenant'));
      expect([steps, classes.size]).toEqual([steps, 1]);
      expect(of === 'tenant').toBe(steps.includes('packages'));
    }
  });

  it('shares the base with every other build, to the byte of a key, and no layer with its own bytes', () => {
    // A package that brings hooks comes with the kernel where the distribution's archive is the only one.
    const packages = { install: ['nginx'] };
    const plain = keysOf({ ...full, packages }, archive);
    const named = planOf({ ...withArchive(), packages });
    const shared = named.steps.filter(({ scope }) => scope === 'shared');
    expect(shared.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['bootstrap', 'kernel', 'initramfs', 'module.bootstrap', 'module.kernel']),
    );
    for (const { id, key } of shared) expect([id, key]).toEqual([id, plain.get(id)]);
    expect(planOf(withArchive()).steps.find(({ id }) => id === 'kernel')?.options).toMatchObject({ install: [] });
    expect(warmPlan(named).steps.map(({ id }) => id)).not.toContain('packages');
    const custom = named.steps.find(({ id }) => id === 'module.custom');
    expect(custom).toMatchObject({ scope: 'tenant', trust: 'seal' });
    expect(named.steps.map(({ id }) => id)).not.toContain('module.packages');
  });

  it('has each index of the archive in the key of its packages, and not in those of the base', () => {
    const changed = (state: ArchiveState, members = withArchive()) => {
      const before = keysOf(withArchive());
      return [...keysOf(members, state)].filter(([id, key]) => before.get(id) !== key).map(([id]) => id);
    };
    const after = changed({ ...archive, extra: extra('e') });
    expect(after[0]).toBe('packages');
    expect(after).not.toContain('initramfs');
    expect(changed({ ...archive, extra: extra() }, withArchive({ priority: 100 }))[0]).toBe('packages');
    const step = planOf(withArchive()).steps.find(({ id }) => id === 'packages');
    expect(step?.inputs['archive.site.stable.main/binary-amd64/Packages']).toBe('d'.repeat(64));
  });

  it('keeps the source date of the distribution’s archive, whatever another says of its own', () => {
    expect(planOf(withArchive()).sourceDateEpoch).toBe(planOf(full, archive).sourceDateEpoch);
  });

  it('is that of data alone where the archive is for the image only', () => {
    const plan = planOf(withArchive({ for: 'image' }), archive);
    expect(plan.steps.filter(({ trust }) => trust === 'tenant')).toEqual([]);
    expect(plan.archive).not.toHaveProperty('extra');
    expect(plan.steps.find(({ id }) => id === 'packages')?.options).not.toHaveProperty('archives');
    expect(plan.steps.find(({ id }) => id === 'configuration')?.options.archives).toHaveLength(1);
    const built = planOf(withArchive({ for: 'build' }));
    expect(built.steps.map(({ id }) => id)).not.toContain('configuration');
  });

  it('makes the initial RAM file system of a tree with kernel modules in the script environment', () => {
    const plan = planOf({ ...withArchive(), kernel: { modules: { load: ['dummy'] } } });
    const step = plan.steps.find(({ id }) => id === 'initramfs');
    expect(step).toMatchObject({ trust: 'tenant', scope: 'tenant', options: { afterTenant: true } });
  });
});

describe('an archive with credentials', () => {
  const credentials = { username: 'ci', password: { secret: 'site' } };
  const planWith = (version: number, more: object = {}) =>
    makePlan({
      spec: specWith(withArchive({ credentials, ...more })),
      archive: { ...archive, extra: extra() },
      toolchain,
      secretVersions: new Map([['site', version]]),
    });
  const optionsOf = (id: string, plan = planWith(3)) => plan.steps.find((step) => step.id === id)?.options;

  it('is in the plan by user, name of the secret and version, for the step alone that takes packages from it', () => {
    expect(planSchema.parse(planWith(3)).steps.map(({ id, options }) => [id, options.secrets])).toContainEqual([
      'packages',
      [{ name: 'site', version: 3 }],
    ]);
    expect(optionsOf('packages')).toMatchObject({ archives: [{ credentials }] });
    for (const { id, options } of planWith(3).steps) {
      if (id !== 'packages') expect([id, JSON.stringify(options).includes('credentials')]).toEqual([id, false]);
    }
  });

  it('makes another step of another version, and none below it', () => {
    const keys = (version: number) => new Map(planWith(version).steps.map(({ id, key }) => [id, key]));
    const [before, after] = [keys(3), keys(4)];
    expect(after.get('packages')).not.toBe(before.get('packages'));
    for (const id of ['bootstrap', 'kernel']) expect(after.get(id)).toBe(before.get(id));
  });

  it('is in the image as one without', () => {
    const plain = planOf(withArchive()).steps.find(({ id }) => id === 'configuration')?.options;
    expect(optionsOf('configuration')).toEqual(plain);
  });

  it('needs its secret only where packages are taken from it', () => {
    const image = makePlan({ spec: specWith(withArchive({ credentials, for: 'image' })), archive, toolchain });
    expect(JSON.stringify(image.steps)).not.toContain('"secret"');
    expect(() => planOf(withArchive({ credentials }))).toThrow('the secret site has no version');
  });
});

describe('the state of all archives of a spec', () => {
  const secretOf = () => Promise.reject(new Error('nobody asks for a secret'));
  const source = () => {
    const asked: string[] = [];
    return {
      asked,
      places: () => archive.suites,
      state: async () => {
        asked.push('own');
        return archive;
      },
      extra: async (archives: readonly { readonly name: string }[]) => {
        asked.push(...archives.map(({ name }) => name));
        return extra();
      },
    };
  };

  it('asks an archive of the spec only where the build takes packages from it', async () => {
    const port = source();
    expect(await specArchiveState(port, specWith(withArchive({ for: 'image' })), { secretOf })).toEqual(archive);
    expect(await specArchiveState(port, specWith(withArchive()), { secretOf })).toEqual({ ...archive, extra: extra() });
    expect(port.asked).toEqual(['own', 'own', 'site']);
  });

  it('goes on with the state before where the archives are the same, and asks anew where they are not', async () => {
    const port = source();
    const before = { ...archive, extra: extra('f') };
    expect(await specArchiveState(port, specWith(withArchive()), { before, secretOf })).toEqual(before);
    expect(port.asked).toEqual([]);
    const elsewhere = { ...archive, extra: extra('f', { uri: 'https://other.example' }) };
    expect(await specArchiveState(port, specWith(withArchive()), { before: elsewhere, secretOf })).toEqual({
      ...archive,
      extra: extra(),
    });
    expect(await specArchiveState(port, specWith(full), { before, secretOf })).toEqual(archive);
    expect(port.asked).toEqual(['site']);
  });
});
