import type { LayerIndexHeader } from '../../../core/builds/layer-index.ts';
import { sha256 } from '../../../core/digest.ts';
import { releaseNamed } from '../../../core/distributions/registry.ts';
import type { BuildLock } from '../../../core/lock/build-lock.ts';
import { lockOfBuild } from '../../../core/lock/lock-of-build.ts';
import type { ArchiveState } from '../../../core/plan/archive-state.ts';
import { makePlan } from '../../../core/plan/make-plan.ts';
import type { ArchivePackage } from '../../../core/plan/programs/archive-package.ts';
import { wantedPackages } from '../../../core/plan/programs/wanted-packages.ts';
import type { ResolvedSpec } from '../../../core/spec/schema.ts';
import { archive, toolchain } from '../plan/plan-fixtures.ts';

/** A package as an archive would have it. */
export function samplePackage(name: string, more: Partial<ArchivePackage> = {}): ArchivePackage {
  const path = `pool/main/${name[0]}/${name}/${name}_1.0_amd64.deb`;
  return {
    ...{ name, version: '1.0', architecture: 'amd64', sha256: sha256(name), size: 1_000, path, suite: 'trixie' },
    ...more,
  };
}

/** The header of the index of a layer whose step took packages. */
export const headerWith = (step: string, taken: readonly ArchivePackage[]): LayerIndexHeader => ({
  ...{ format: 'lbuild-layer-index/1', step, entries: 0, taken: [...taken] },
});

/** The lock of a build of a spec, whose steps took what the spec names and nothing that this needs. */
export function lockOf(spec: ResolvedSpec, state: ArchiveState = archive): BuildLock {
  const plan = makePlan({ spec, archive: state, toolchain });
  const { distribution } = releaseNamed(spec.base.release);
  const sample = (name: string) => samplePackage(name, { suite: spec.base.release });
  const headers = plan.steps.flatMap((step) => {
    if (step.program === 'bootstrap') return [headerWith(step.id, [sample('apt'), sample('bash')])];
    if (step.program !== 'packages') return [];
    return [headerWith(step.id, wantedPackages(step.options, distribution).map(sample))];
  });
  const lock = lockOfBuild(plan, new Map(headers.map((header) => [header.step, header])));
  if (lock === undefined) throw new Error('the headers make a lock');
  return lock;
}
