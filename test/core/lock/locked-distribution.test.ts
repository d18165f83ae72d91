import { expect, it } from 'vitest';
import {
  distributionNames,
  distributions,
  releaseNamed,
  releaseNamesOf,
} from '../../../core/distributions/registry.ts';
import { EngineError } from '../../../core/errors.ts';
import { buildLockSchema } from '../../../core/lock/build-lock.ts';
import { lockedArchiveState } from '../../../core/lock/locked-archive-state.ts';
import { makePlan } from '../../../core/plan/make-plan.ts';
import { wantedPackages } from '../../../core/plan/programs/wanted-packages.ts';
import { resolvedSpecSchema } from '../../../core/spec/resolve.ts';
import type { ResolvedSpec, SpecInput } from '../../../core/spec/schema.ts';
import { archive, specWith, toolchain } from '../plan/plan-fixtures.ts';
import { lockOf } from './lock-samples.ts';

const fieldsOf = (call: () => unknown) => {
  try {
    call();
  } catch (error) {
    if (error instanceof EngineError && error.code === 'lock.does_not_fit') return error.fields;
    throw error;
  }
  return [];
};
const specOn = (distribution: string, more: Partial<SpecInput> = {}): ResolvedSpec => {
  const name = distributionNames.find((one) => one === distribution) ?? 'debian';
  const base = { distribution: name, release: releaseNamesOf(name).at(-1), architecture: 'amd64' };
  return resolvedSpecSchema.parse({ ...specWith({}), kernel: {}, ...more, base });
};

it.each(distributionNames)('a lock of %s has its packages and its name, and gives the keys of its build', (name) => {
  const spec = specOn(name, { packages: { install: ['nginx'] }, outputs: [{ type: 'iso' }, { type: 'raw' }] });
  const lock = lockOf(spec);
  expect(buildLockSchema.parse(lock).base).toEqual(spec.base);
  expect(lock.base.distribution).toBe(name);
  const { all, live, disk } = distributions[name].bootPackages;
  const wanted = [...new Set([distributions[name].kernelPackages.amd64, ...all, ...live, ...disk])].sort();
  expect(lock.steps.find(({ step }) => step === 'kernel')?.packages.map((one) => one.name)).toEqual(wanted);
  const keysOf = (lockedBy?: typeof lock) =>
    makePlan({ spec, archive, toolchain, lock: lockedBy && { lock: lockedBy, recorded: true, own: true } }).steps.map(
      ({ id, key }) => [id, key],
    );
  expect(keysOf(lock)).toEqual(keysOf());
  // One boot package less, and it is no lock of this spec: the step asks for all that the distribution says.
  const steps = lock.steps.map((step) => ({
    ...step,
    request: 'a'.repeat(64),
    packages: step.packages.filter((one) => one.name !== live[0]),
  }));
  expect(fieldsOf(() => keysOf({ ...lock, steps }))).toMatchObject([
    { path: 'packages', reason: `the lock has no package "${live[0]}", which the spec needs` },
  ]);
});

it('is refused where it is of another distribution', () => {
  const places = () => archive.suites.map(({ uri, suite, components }) => ({ uri, suite, components }));
  const lock = lockOf(specOn('ubuntu'));
  const fields = fieldsOf(() => lockedArchiveState({ places }, specOn('debian'), lock));
  expect(fields.map(({ path, code }) => [path, code])).toEqual([
    ['base.distribution', 'lock.does_not_fit'],
    ['base.release', 'lock.does_not_fit'],
  ]);
});

it('must have what lets the root of a disk grow', () => {
  const base = { release: 'trixie', architecture: 'amd64' } as const;
  const plain = specWith({ base, outputs: [{ type: 'raw' }] });
  const growing = specWith({ base, outputs: [{ type: 'raw' }], disk: { growth: 'first-boot' } });
  const planOf = (lock: ReturnType<typeof lockOf>) =>
    makePlan({ spec: growing, archive, toolchain, lock: { lock, recorded: true, own: true } });
  expect(fieldsOf(() => planOf(lockOf(plain)))).toMatchObject([
    { path: 'packages', reason: 'the lock has no package "systemd-repart", which the spec needs' },
  ]);
  const installing = planOf(lockOf(growing)).steps.filter(({ program }) => program === 'packages');
  const { distribution } = releaseNamed('trixie');
  expect(installing.flatMap(({ options }) => wantedPackages(options, distribution))).toContain('systemd-repart');
});
