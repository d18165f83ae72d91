import { resolveCompliance } from '../compliance/settings.ts';
import { digestOf, type Sha256 } from '../digest.ts';
import { distributions } from '../distributions/registry.ts';
import { byCodeUnits } from '../text.ts';
import { resolveVulnerabilities } from '../vulnerabilities/policy.ts';
import { resolveConfiguration, resolveKernelModules } from './configuration/resolve.ts';
import { resolveDisk } from './disk-layout.ts';
import { resolveOutput } from './outputs.ts';
import { type ResolvedSpec, type ResolvedUser, type Spec, specSchema } from './schema.ts';
import { unitName } from './services.ts';
import { resolveSudo } from './sudo.ts';
import { resolveTests } from './tests.ts';

const sorted = (names: readonly string[]): string[] => [...names].sort(byCodeUnits);

/** A list that may be left out, or undefined where nothing is in it. */
const filled = <Entry>(list: readonly Entry[] | undefined): readonly Entry[] | undefined =>
  list === undefined || list.length === 0 ? undefined : list;

const byPath = (a: { readonly path: string }, b: { readonly path: string }): number => byCodeUnits(a.path, b.path);

function resolvePackages({ pins, hold, ...packages }: Spec['packages']): Spec['packages'] {
  const [pinned, held] = [filled(pins), filled(hold)];
  return {
    ...packages,
    install: sorted(packages.install),
    remove: sorted(packages.remove),
    ...(pinned && { pins: pinned.toSorted((a, b) => byCodeUnits(a.package, b.package)) }),
    ...(held && { hold: sorted(held) }),
  };
}

function resolveUser({ sudo, ...user }: Spec['users'][number]): ResolvedUser {
  return {
    ...user,
    home: user.home ?? `/home/${user.name}`,
    groups: sorted(user.groups),
    ...(sudo && { sudo: resolveSudo(sudo) }),
  };
}

/** Fills the defaults that depend on other fields and sorts the lists whose order means nothing. */
export function resolveSpec(spec: Spec): ResolvedSpec {
  const unitNames = (names: readonly string[]) => sorted(names.map(unitName));
  const {
    archives: _,
    directories,
    remove,
    firstBoot,
    tests: given,
    disk: divided,
    embedSpec,
    compliance,
    vulnerabilities,
    ...rest
  } = spec;
  const tests = resolveTests(given);
  const disk = resolveDisk(divided);
  const [folders, removals, scripts] = [filled(directories), filled(remove), filled(firstBoot)];
  return {
    ...rest,
    ...resolveConfiguration(spec),
    packages: resolvePackages(spec.packages),
    system: { ...spec.system, hostname: spec.system.hostname ?? spec.name },
    users: spec.users.map(resolveUser),
    ...(folders && { directories: folders.toSorted(byPath) }),
    files: spec.files.toSorted(byPath),
    ...(removals && { remove: removals.toSorted(byPath) }),
    services: {
      enable: unitNames(spec.services.enable),
      disable: unitNames(spec.services.disable),
      mask: unitNames(spec.services.mask),
    },
    ...(scripts && { firstBoot: [...scripts] }),
    kernel: {
      ...spec.kernel,
      package: spec.kernel.package ?? distributions[spec.base.distribution].kernelPackages[spec.base.architecture],
      ...(spec.kernel.modules && { modules: resolveKernelModules(spec.kernel.modules) }),
    },
    steps: spec.steps.map((step, index) => {
      const previous = spec.steps[index - 1]?.id;
      return { ...step, needs: sorted(step.needs ?? (previous === undefined ? [] : [previous])) };
    }),
    ...(embedSpec === true && { embedSpec }),
    ...(tests && { tests }),
    ...(compliance && { compliance: resolveCompliance(compliance) }),
    ...(vulnerabilities && { vulnerabilities: resolveVulnerabilities(vulnerabilities) }),
    ...(disk && { disk }),
    outputs: spec.outputs.map((output) => resolveOutput(spec.name, output)),
  };
}

/**
 * Parses a resolved spec where it comes back from a store. It checks the fields only: the rules between fields were
 * checked before it was stored (see check.ts).
 */
export const resolvedSpecSchema = specSchema.transform(resolveSpec);

/** The digest that plans and approvals bind to: SHA-256 of the resolved spec's canonical JSON. */
export function specDigest(spec: ResolvedSpec): Sha256 {
  return digestOf(spec);
}
