import { digestOf, type Sha256 } from '../digest.ts';
import { byCodeUnits } from '../text.ts';
import { resolveConfiguration } from './configuration/resolve.ts';
import { resolveOutput } from './outputs.ts';
import { type ResolvedSpec, type Spec, specSchema } from './schema.ts';
import { unitName } from './services.ts';

const sorted = (names: readonly string[]): string[] => [...names].sort(byCodeUnits);

/** Fills the defaults that depend on other fields and sorts the lists whose order means nothing. */
export function resolveSpec(spec: Spec): ResolvedSpec {
  const unitNames = (names: readonly string[]) => sorted(names.map(unitName));
  return {
    ...spec,
    ...resolveConfiguration(spec),
    packages: { ...spec.packages, install: sorted(spec.packages.install), remove: sorted(spec.packages.remove) },
    system: { ...spec.system, hostname: spec.system.hostname ?? spec.name },
    users: spec.users.map((user) => ({
      ...user,
      home: user.home ?? `/home/${user.name}`,
      groups: sorted(user.groups),
    })),
    files: [...spec.files].sort((a, b) => byCodeUnits(a.path, b.path)),
    services: {
      enable: unitNames(spec.services.enable),
      disable: unitNames(spec.services.disable),
      mask: unitNames(spec.services.mask),
    },
    kernel: { ...spec.kernel, package: spec.kernel.package ?? `linux-image-${spec.base.architecture}` },
    steps: spec.steps.map((step, index) => {
      const previous = spec.steps[index - 1]?.id;
      return { ...step, needs: sorted(step.needs ?? (previous === undefined ? [] : [previous])) };
    }),
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
