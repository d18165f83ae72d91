import type { LayerIndexHeader } from '../builds/layer-index.ts';
import { findRelease } from '../distributions/registry.ts';
import { type ArchiveSuite, publicAddress } from '../plan/archive-state.ts';
import type { Plan } from '../plan/plan.ts';
import { architectures } from '../spec/releases.ts';
import { type BuildLock, buildLockSchema, installs, type LockedStep } from './build-lock.ts';
import { requestsOf } from './requests.ts';

/** A lock is read by whoever may read the build, and sent elsewhere. */
function withoutPasswords({ uri, snapshot, ...suite }: ArchiveSuite): ArchiveSuite {
  const at = snapshot === undefined ? {} : { snapshot: publicAddress(snapshot) };
  return { ...suite, uri: publicAddress(uri), ...at };
}

/**
 * The lock of a build, from its plan and the headers of the layers' indexes that its steps have.
 * @returns undefined where a layer is from before indexes told what a step took from archives
 */
export function lockOfBuild(plan: Plan, headers: ReadonlyMap<string, LayerIndexHeader>): BuildLock | undefined {
  const requests = requestsOf(plan.steps);
  const steps: LockedStep[] = [];
  for (const { id, program, trust } of plan.steps) {
    if (!installs(program)) continue;
    const packages = headers.get(id)?.taken;
    const request = requests.get(id);
    if (packages === undefined || request === undefined) return undefined;
    steps.push({ step: id, trust: trust === 'service' ? 'service' : 'tenant', request, packages });
  }
  const architecture = architectures.find((name) => name === plan.architecture);
  // A steps' header is bounded by its own schema: what is not of this form tenant code wrote.
  return buildLockSchema.safeParse({
    format: 'lbuild-lock/1',
    base: { distribution: findRelease(plan.release)?.distribution.name, release: plan.release, architecture },
    archive: { ...plan.archive, suites: plan.archive.suites.map(withoutPasswords) },
    steps,
  }).data;
}
