import fc from 'fast-check';
import type { ArchiveState } from '../../../core/plan/archive-state.ts';
import { makePlan } from '../../../core/plan/make-plan.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import type { ResolvedSpec, SpecInput } from '../../../core/spec/schema.ts';
import { certificates } from '../spec/certificate-samples.ts';
import { archive, specWith, toolchain } from './plan-fixtures.ts';

const word = fc.stringMatching(/^[b-y][b-y0-9]{2,7}$/);
const words = (minLength: number, maxLength: number) => fc.uniqueArray(word, { minLength, maxLength });

/** User steps with needs among those before them. */
const steps = words(1, 8).chain((ids) =>
  fc.tuple(
    ...ids.map((id, index) =>
      fc.record({
        id: fc.constant(`u-${id}`),
        run: word.map((text) => `echo ${text}`),
        network: fc.boolean(),
        needs: fc.subarray(ids.slice(0, index).map((other) => `u-${other}`)),
        timeoutSeconds: fc.integer({ min: 1, max: 3_600 }),
      }),
    ),
  ),
);

const outputs: NonNullable<SpecInput['outputs']> = [
  { type: 'iso', label: 'FIXED' },
  { type: 'tar' },
  { type: 'oci', name: 'fixed', env: { MODE: 'one' } },
  { type: 'docker', name: 'fixed', labels: { note: 'one' } },
  { type: 'netboot', baseUrl: 'http://fixed.example/' },
];

/** Specs in which every section has something, as the tests of keys change one thing in each. */
export const fullSpec: fc.Arbitrary<ResolvedSpec> = fc
  .record({
    name: word,
    release: fc.constantFrom('bookworm' as const, 'trixie' as const),
    install: words(1, 6),
    recommends: fc.boolean(),
    groups: words(1, 3),
    users: words(1, 3),
    files: words(1, 4),
    enable: words(1, 3),
    cmdline: words(0, 2),
    block: words(0, 2),
    steps: fc.option(steps, { nil: [] }),
    outputs: fc.subarray(outputs, { minLength: 1 }),
  })
  .map((parts) =>
    specWith({
      name: parts.name,
      base: { release: parts.release, architecture: 'amd64' },
      packages: { install: parts.install, recommends: parts.recommends },
      system: { hostname: 'fixed' },
      groups: parts.groups.map((name) => ({ name: `group-${name}` })),
      users: parts.users.map((name) => ({ name: `user-${name}` })),
      files: parts.files.map((name) => ({ path: `/srv/${name}`, content: name })),
      services: { enable: parts.enable },
      kernel: { cmdline: parts.cmdline, modules: { block: parts.block } },
      firewall: { allow: [{ port: '22' }] },
      certificates: [certificates.root],
      steps: parts.steps,
      outputs: parts.outputs,
    } satisfies Partial<SpecInput>),
  );

export function planOf(spec: ResolvedSpec, state: ArchiveState = archive, tools = toolchain): Plan {
  return makePlan({ spec, archive: state, toolchain: tools });
}

/** The value with the members of all its objects in another order. */
export function shuffled(value: unknown, seed: number): unknown {
  if (Array.isArray(value)) return value.map((entry) => shuffled(entry, seed));
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, member]) => [name, shuffled(member, seed + 1)] as const);
  const turn = seed % Math.max(1, members.length);
  return Object.fromEntries([...members.slice(turn), ...members.slice(0, turn)].reverse());
}

/** Some steps and all that needs them, directly or not. */
export function closureOf(plan: Plan, direct: readonly string[]): string[] {
  const found = new Set(direct);
  for (const step of plan.steps) if (step.needs.some((need) => found.has(need))) found.add(step.id);
  return plan.steps.map((step) => step.id).filter((id) => found.has(id));
}
