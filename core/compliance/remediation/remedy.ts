import type { TreeChange } from '../../plan/programs/remediate.ts';
import { bootSets } from '../../spec/capabilities.ts';
import type { PlacedRefusal } from '../../spec/configuration/rules.ts';
import type { FieldPath } from '../../spec/field-path.ts';
import type { ResolvedSpec, Spec } from '../../spec/schema.ts';
import { unitName } from '../../spec/services.ts';
import { quoted } from '../../text.ts';
import type { WantedParameters } from '../wanted-parameters.ts';

/** What a remedy is made for: a spec as it was taken, or as it is planned. */
export interface RemedyCase<Values = Readonly<Record<string, unknown>>, Given extends Spec | ResolvedSpec = Spec> {
  readonly spec: Given;
  /** Parameters of the check, with what the spec has tailored. */
  readonly values: Values;
  /** An output has a kernel that takes arguments. */
  readonly boots: boolean;
}

/**
 * How a check is made to pass, in terms of the spec and as changes of the tree. Pure. What the spec says itself is never
 * overridden: `contradictions` tells where it says the opposite, and `amend` fills in what it leaves open.
 */
export interface Remedy<Values = Readonly<Record<string, unknown>>> {
  /** It is about a running system: nothing of it is done where every output is a container. */
  readonly system?: true;
  contradictions?(found: RemedyCase<Values>): readonly PlacedRefusal[];
  /** The spec with what makes the check pass: a spec that has it comes back as it is. */
  amend?(found: RemedyCase<Values>): Spec;
  changes?(found: RemedyCase<Values, ResolvedSpec>): readonly TreeChange[];
}

/** Whether an output boots a kernel of the image. */
export const bootsKernel = ({ outputs }: Pick<Spec, 'outputs'>): boolean =>
  bootSets(outputs.map(({ type }) => type)).length > 0;

/** A setting of the spec that keeps a check from passing. */
export const contradiction = (at: FieldPath, reason: string, remedy: string): PlacedRefusal => ({
  ...{ at, code: 'spec.contradiction', reason, remedy },
});

/** The spec with packages that it installs in any case. */
export function withPackages(spec: Spec, ...names: readonly string[]): Spec {
  const missing = names.filter((name) => !spec.packages.install.includes(name));
  if (missing.length === 0) return spec;
  return { ...spec, packages: { ...spec.packages, install: [...spec.packages.install, ...missing] } };
}

/** Entries of the spec by which a unit that has to start does not. */
export function unitStopped({ services }: Spec, unit: string): PlacedRefusal[] {
  return (['disable', 'mask'] as const).flatMap((list) =>
    services[list].flatMap((name, index) =>
      unitName(name) === unit
        ? contradiction(['services', list, index], `${quoted(name)} has to start`, 'Remove it here.')
        : [],
    ),
  );
}

/** The remedy of checks that kernel parameters be set: to the first of the values that are good. */
export function parameters(wanted: WantedParameters): Remedy {
  return {
    system: true,
    contradictions: ({ spec: { sysctl = {} } }) =>
      Object.entries(wanted).flatMap(([name, values]) => {
        const given = Object.hasOwn(sysctl, name) ? sysctl[name] : undefined;
        if (given === undefined || values.includes(given)) return [];
        const remedy = `Set it to ${values.map((value) => `"${value}"`).join(' or ')}, or leave it out.`;
        return contradiction(['sysctl', name], `the value is to be ${values.join(' or ')}`, remedy);
      }),
    amend: ({ spec }) => {
      const set = spec.sysctl ?? {};
      const missing = Object.entries(wanted).filter(([name]) => !Object.hasOwn(set, name));
      if (missing.length === 0) return spec;
      return { ...spec, sysctl: { ...set, ...Object.fromEntries(missing.map(([name, [value]]) => [name, value])) } };
    },
  };
}

/** A drop-in of the SSH server’s, where the image has one. What the spec’s own section and files say comes before it. */
export function sshDropIn(check: string, ...lines: readonly string[]): TreeChange {
  return {
    kind: 'write',
    path: `/etc/ssh/sshd_config.d/90-lbuild-${check}.conf`,
    ...{ text: lines.map((line) => `${line}\n`).join(''), mode: 0o644, ifThere: '/etc/ssh/sshd_config' },
  };
}
