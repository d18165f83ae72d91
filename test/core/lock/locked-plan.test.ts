import { describe, expect, it } from 'vitest';
import { EngineError } from '../../../core/errors.ts';
import { type BuildLock, buildLockSchema, lockFile } from '../../../core/lock/build-lock.ts';
import { lockOfBuild } from '../../../core/lock/lock-of-build.ts';
import { lockedArchiveState } from '../../../core/lock/locked-archive-state.ts';
import { makePlan } from '../../../core/plan/make-plan.ts';
import { planSchema } from '../../../core/plan/plan.ts';
import { warmPlan } from '../../../core/plan/warm-plan.ts';
import type { ResolvedSpec, SpecInput } from '../../../core/spec/schema.ts';
import { archive, specWith, toolchain } from '../plan/plan-fixtures.ts';
import { sampleArchive } from '../spec/archive-samples.ts';
import { headerWith, lockOf, samplePackage } from './lock-samples.ts';

const members = {
  packages: { install: ['nginx', 'openssh-server'] },
  outputs: [{ type: 'iso' }, { type: 'tar' }],
} satisfies Partial<SpecInput>;
const spec = specWith(members);
const lock = lockOf(spec);

const planOf = (of: ResolvedSpec, given?: { lock: BuildLock; recorded: boolean; own?: boolean }, tools = toolchain) =>
  makePlan({
    spec: of,
    archive: given?.lock.archive ?? archive,
    toolchain: tools,
    lock: given && { own: true, ...given },
  });
const keysOf = (plan: ReturnType<typeof planOf>) => plan.steps.map(({ id, key }) => [id, key]);
const fieldsOf = (call: () => unknown) => {
  try {
    call();
  } catch (error) {
    if (error instanceof EngineError && error.code === 'lock.does_not_fit') return error.fields;
    throw error;
  }
  return [];
};

describe('the lock of a build', () => {
  it('is of its form, the same each time, and named by the digest of its file', () => {
    expect(buildLockSchema.parse(lock)).toEqual(lock);
    const { bytes, sha256 } = lockFile(lock);
    expect(lockFile(lockOf(spec))).toEqual({ bytes, sha256 });
    expect(JSON.parse(new TextDecoder().decode(bytes))).toEqual(lock);
    expect(lock.steps.map(({ step, trust }) => [step, trust])).toEqual([
      ['bootstrap', 'service'],
      ['kernel', 'service'],
      ['packages', 'service'],
    ]);
  });

  it('is not there where a layer does not tell what its step took', () => {
    const plan = planOf(spec);
    const headers = ['bootstrap', 'packages'].map((step) => [step, headerWith(step, [])] as const);
    expect(lockOfBuild(plan, new Map(headers))).toBeUndefined();
  });
});

describe('a plan from a recorded lock', () => {
  const recorded = { lock, recorded: true };

  it('has the keys of the build that was locked, whatever the archive has now', () => {
    const plan = planSchema.parse(planOf(spec, recorded));
    expect(keysOf(plan)).toEqual(keysOf(planOf(spec)));
    expect(plan.sourceDateEpoch).toBe(planOf(spec).sourceDateEpoch);
    const locked = plan.steps.filter(({ options }) => options.locked !== undefined);
    expect(locked.map(({ id }) => id)).toEqual(['bootstrap', 'kernel', 'packages']);
    expect(locked[2]?.options.locked).toEqual({ packages: lock.steps[2]?.packages });
  });

  it('keeps these packages under other tools, with the keys that those give', () => {
    const other = 'd'.repeat(64);
    expect(keysOf(planOf(spec, recorded, other))).toEqual(keysOf(planOf(spec, undefined, other)));
  });

  it('has the packages in the key of a step that was asked for something else, and of no other', () => {
    const fewer = specWith({ ...members, packages: { install: ['nginx'] } });
    const plan = planOf(fewer, recorded);
    const inputs = new Map(plan.steps.map((step) => [step.id, step.inputs]));
    expect([...inputs].filter(([, input]) => input.locked !== undefined).map(([id]) => id)).toEqual(['packages']);
    const plain = new Map(planOf(fewer).steps.map((step) => [step.id, step.key]));
    for (const { id, key } of plan.steps) {
      if (['bootstrap', 'kernel', 'initramfs'].includes(id)) expect([id, key]).toEqual([id, plain.get(id)]);
    }
    expect(plan.steps.find(({ id }) => id === 'packages')?.key).not.toBe(plain.get('packages'));
    // Locks that differ in what it may take give it other keys.
    const newer = samplePackage('nginx', { version: '2.0', sha256: 'f'.repeat(64) });
    const steps = lock.steps.map((step) => (step.step === 'packages' ? { ...step, packages: [newer] } : step));
    const other = planOf(fewer, { lock: { ...lock, steps }, recorded: true });
    expect(other.steps.find(({ id }) => id === 'packages')?.key).not.toBe(
      plan.steps.find(({ id }) => id === 'packages')?.key,
    );
  });

  it('changes its keys with what its steps that share nothing are asked for as any build does', () => {
    const more = specWith({ ...members, users: [{ name: 'ops' }] });
    expect(keysOf(planOf(more, recorded))).toEqual(keysOf(planOf(more)));
  });
});

describe('a lock that anybody may have written', () => {
  it.each([
    ['is none that this engine made', { lock, recorded: false }],
    [
      'is of a build from such a lock',
      { lock: { ...lock, steps: lock.steps.map((step) => ({ ...step, trust: 'tenant' as const })) }, recorded: true },
    ],
  ])('gives tenant code alone, and nothing to share, where it %s', (_, given) => {
    const plan = planSchema.parse(planOf(spec, given));
    for (const { id, trust, scope, produces } of plan.steps) {
      expect([id, scope]).toEqual([id, 'tenant']);
      if (produces === 'layer') expect([id, trust]).toEqual([id, 'tenant']);
    }
    const plain = new Set(planOf(spec).steps.map(({ key }) => key));
    expect(plan.steps.filter(({ key }) => plain.has(key))).toEqual([]);
    expect(plan.stages.filter((stage) => stage.trust === 'service')).toEqual([]);
    expect(plan.steps.find(({ id }) => id === 'bootstrap')?.inputs.locked).toMatch(/^[0-9a-f]{64}$/);
    expect(() => warmPlan(plan).steps.length).not.toThrow();
    expect(warmPlan(plan).steps).toEqual([]);
  });

  it('gives a step of the service nothing that a tenant’s step has put into it', () => {
    const site = { ...sampleArchive() };
    const state = {
      ...archive,
      extra: [
        {
          name: site.name,
          suites: site.suites.map((suite) => ({
            ...{ uri: site.url, suite, components: ['main'], date: 1 },
            indexes: { 'main/binary-amd64/Packages': 'e'.repeat(64) },
          })),
        },
      ],
    };
    const foreign = specWith({ ...members, archives: [site] });
    const made = lockOf(foreign, state);
    expect(made.steps.map(({ step, trust }) => [step, trust])).toEqual([
      ['bootstrap', 'service'],
      ['kernel', 'service'],
      ['packages', 'tenant'],
    ]);
    const evil = samplePackage('dbus', { version: '9', sha256: '9'.repeat(64) });
    const steps = made.steps.map((step) =>
      step.step === 'packages' ? { ...step, packages: [...step.packages, evil] } : step,
    );
    // Asked for another kernel's packages: its own first, and of the others none that a tenant may have named.
    const raw = specWith({ ...members, archives: [site], outputs: [{ type: 'iso' }] });
    const plan = planOf(raw, { lock: { ...made, steps }, recorded: true });
    expect(plan.steps.find(({ id }) => id === 'kernel')).toMatchObject({ trust: 'service', scope: 'shared' });
    expect(JSON.stringify(plan.steps.find(({ id }) => id === 'kernel')?.options)).not.toContain(evil.sha256);
    // Of another tenant's build: the same packages, but under no key that a build without a lock has.
    const stepOf = (of: ReturnType<typeof planOf>, id: string) => of.steps.find((step) => step.id === id);
    const [mine, theirs] = [true, false].map((own) => planOf(foreign, { lock: made, recorded: true, own }));
    const plainOf = makePlan({ spec: foreign, archive: state, toolchain });
    if (mine === undefined || theirs === undefined) throw new Error('two were planned');
    expect(stepOf(mine, 'packages')?.key).toBe(stepOf(plainOf, 'packages')?.key);
    expect(stepOf(theirs, 'packages')?.key).not.toBe(stepOf(plainOf, 'packages')?.key);
    expect(stepOf(theirs, 'kernel')?.key).toBe(stepOf(plainOf, 'kernel')?.key);
    // Without the archive the same lock is no lock of the service's.
    const without = fieldsOf(() =>
      lockedArchiveState({ places: () => archive.suites }, specWith(members), { ...made, steps }),
    );
    expect(without.map(({ path }) => path)).toEqual(['archives']);
    const plain = planOf(specWith(members), { lock: { ...made, steps }, recorded: true });
    expect(plain.steps.filter(({ scope }) => scope === 'shared')).toEqual([]);
  });
});

describe('a lock that does not fit', () => {
  const places = () => archive.suites.map(({ uri, suite, components }) => ({ uri, suite, components }));
  const stateOf = (of: Partial<SpecInput>, given = lock, known = places) =>
    fieldsOf(() => lockedArchiveState({ places: known }, specWith({ ...members, ...of }), given));

  it('fits its own spec', () => {
    expect(lockedArchiveState({ places }, spec, lock)).toEqual(lock.archive);
    expect(planOf(spec, { lock, recorded: true }).steps.length).toBeGreaterThan(5);
  });

  it.each([
    ['base.release', { base: { release: 'bookworm', architecture: 'amd64' } }, 'the lock is of "trixie"'],
    ['base.architecture', { base: { release: 'trixie', architecture: 'arm64' } }, 'the lock is of "amd64"'],
    ['archives', { archives: [sampleArchive()] }, 'other archives'],
  ] satisfies [string, Partial<SpecInput>, string][])('is refused at %s', (path, of, reason) => {
    expect(stateOf(of)).toMatchObject([
      {
        path,
        code: 'lock.does_not_fit',
        reason: expect.stringContaining(reason),
        remedy: expect.stringMatching(/\.$/),
      },
    ]);
  });

  it('is refused where it is of archives at other addresses: they would be asked, and stand in the image', () => {
    const suites = lock.archive.suites.map((suite) => ({ ...suite, uri: 'http://169.254.169.254/latest' }));
    const forged = { ...lock, archive: { suites } };
    expect(stateOf({}, forged)).toMatchObject([{ path: 'lock', reason: expect.stringContaining('another address') }]);
  });

  it.each([
    ['packages.install[1]', { packages: { install: ['nginx', 'zsh'] } }, 'no package "zsh"'],
    ['kernel.package', { kernel: { package: 'linux-image-rt-amd64' } }, 'no package "linux-image-rt-amd64"'],
    ['packages', { system: { timezone: 'Europe/Berlin' } }, 'no package "tzdata", which the spec needs'],
    [
      'packages.pins[0]',
      { packages: { install: ['nginx'], pins: [{ package: 'nginx', version: '2.*', priority: 1_001 }] } },
      'the lock has nginx 1.0',
    ],
  ] satisfies [string, Partial<SpecInput>, string][])('is refused at %s, for what it has not', (path, of, reason) => {
    for (const recorded of [true, false]) {
      const fields = fieldsOf(() => planOf(specWith({ ...members, ...of }), { lock, recorded }));
      expect(fields).toMatchObject([
        {
          path,
          code: 'lock.does_not_fit',
          reason: expect.stringContaining(reason),
          remedy: expect.stringMatching(/\.$/),
        },
      ]);
    }
  });

  it.each([-1, 4_102_444_801])('is no lock with the date %d', (date) => {
    const suites = lock.archive.suites.map((suite) => ({ ...suite, date }));
    expect(buildLockSchema.safeParse({ ...lock, archive: { suites } }).success).toBe(false);
  });

  it('is no lock with a path, a name or a suite that could be anything else', () => {
    for (const more of [
      { path: '../../etc/passwd.deb' },
      { path: 'pool/../../x.deb' },
      { path: 'pool/a b.deb' },
      { name: 'x\nPin: release *' },
      { version: '1.0\n\nPackage: evil' },
      { suite: 'trixie main\nURIs: http://evil' },
      { sha256: 'A'.repeat(64) },
    ]) {
      const steps = [{ ...lock.steps[0], packages: [{ ...samplePackage('apt'), ...more }] }];
      expect([more, buildLockSchema.safeParse({ ...lock, steps }).success]).toEqual([more, false]);
    }
  });
});

/** Measured of a real image: 79 packages in 21,451 bytes. */
describe('the size of a lock', () => {
  it('is some 250 bytes a package', () => {
    const packages = Array.from({ length: 400 }, (_, number) => samplePackage(`libexample${number}-common`));
    const steps = lock.steps.map((step) => (step.step === 'packages' ? { ...step, packages } : step));
    const bytes = lockFile({ ...lock, steps }).bytes.length;
    expect(bytes / 400).toBeGreaterThan(180);
    expect(bytes / 400).toBeLessThan(300);
  });
});
