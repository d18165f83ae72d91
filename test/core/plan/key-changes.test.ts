import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ArchiveState } from '../../../core/plan/archive-state.ts';
import { keyOf } from '../../../core/plan/keys.ts';
import { planText } from '../../../core/plan/make-plan.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import { resolvedSpecSchema } from '../../../core/spec/resolve.ts';
import type { ResolvedSpec } from '../../../core/spec/schema.ts';
import { certificates } from '../spec/certificate-samples.ts';
import { archive, toolchain } from './plan-fixtures.ts';
import { closureOf, fullSpec, planOf, shuffled } from './random-spec.ts';

const runs = { numRuns: 40 };
const keysOf = (plan: Plan) => new Map(plan.steps.map((step) => [step.id, step.key]));
const first = <T>(list: readonly T[], change: (entry: T) => T): T[] =>
  list.map((entry, place) => (place === 0 ? change(entry) : entry));

interface SpecChange {
  readonly what: string;
  readonly to: (spec: ResolvedSpec) => ResolvedSpec;
  /** Steps whose own input it is, of those that the plan has; what is built on them follows. */
  readonly direct: (plan: Plan, spec: ResolvedSpec) => readonly string[];
}

const program = (plan: Plan, ...names: readonly string[]): string[] =>
  plan.steps.filter((step) => names.includes(step.program)).map((step) => step.id);

/** Changes that can change bytes. */
const meaningful: readonly SpecChange[] = [
  {
    what: 'one more package',
    to: (spec) => ({ ...spec, packages: { ...spec.packages, install: [...spec.packages.install, 'zz-more'] } }),
    direct: () => ['packages'],
  },
  {
    what: 'recommended packages',
    to: (spec) => ({ ...spec, packages: { ...spec.packages, recommends: !spec.packages.recommends } }),
    direct: (plan) => program(plan, 'packages'),
  },
  {
    what: 'another kernel',
    to: (spec) => ({ ...spec, kernel: { ...spec.kernel, package: 'linux-image-rt-amd64' } }),
    direct: () => ['kernel'],
  },
  {
    what: 'the host name',
    to: (spec) => ({ ...spec, system: { ...spec.system, hostname: 'other' } }),
    direct: () => ['system', 'iso'],
  },
  {
    what: "a group's number",
    to: (spec) => ({ ...spec, groups: first(spec.groups, (group) => ({ ...group, gid: 4_242 })) }),
    direct: () => ['groups'],
  },
  {
    what: "a user's shell",
    to: (spec) => ({ ...spec, users: first(spec.users, (user) => ({ ...user, shell: '/bin/sh' })) }),
    direct: () => ['users'],
  },
  {
    what: 'a rule of the firewall',
    to: (spec) => ({ ...spec, firewall: { default: 'accept', forward: 'deny', allow: [], allowPing: true } }),
    direct: () => ['configuration'],
  },
  {
    what: 'a kernel module',
    to: (spec) => ({
      ...spec,
      kernel: { ...spec.kernel, modules: { load: spec.kernel.modules?.block ?? [], block: [] } },
    }),
    direct: () => ['kernel-modules'],
  },
  {
    what: 'an authority',
    to: (spec) => ({ ...spec, certificates: [certificates.other] }),
    direct: () => ['certificates'],
  },
  {
    what: "a file's content",
    to: (spec) => ({ ...spec, files: first(spec.files, (file) => ({ ...file, content: `${file.content}.` })) }),
    direct: () => ['files'],
  },
  {
    what: "a file's mode",
    to: (spec) => ({ ...spec, files: first(spec.files, (file) => ({ ...file, mode: '0600' })) }),
    direct: () => ['files'],
  },
  {
    what: 'a file in another form',
    to: (spec) => ({
      ...spec,
      files: first(spec.files, ({ content: _, ...file }) => ({ ...file, base64: 'AA==' })),
    }),
    direct: () => ['files'],
  },
  {
    what: 'a file that is an upload',
    to: (spec) => ({
      ...spec,
      files: first(spec.files, ({ content: _, ...file }) => ({ ...file, upload: 'a'.repeat(64) })),
    }),
    direct: () => ['files'],
  },
  {
    what: 'a folder',
    to: (spec) => ({ ...spec, directories: [{ path: '/srv', mode: '0700', owner: 'root', group: 'root' }] }),
    direct: () => ['files'],
  },
  {
    what: 'a removal',
    to: (spec) => ({ ...spec, remove: [{ path: '/usr/share/doc', ifPresent: false }] }),
    direct: () => ['files'],
  },
  {
    what: 'what a user may do',
    to: (spec) => ({ ...spec, users: first(spec.users, (user) => ({ ...user, sudo: { passwordless: true } })) }),
    direct: () => ['packages', 'users'],
  },
  {
    what: 'a locked account',
    to: (spec) => ({ ...spec, users: first(spec.users, (user) => ({ ...user, locked: true })) }),
    direct: () => ['users'],
  },
  {
    what: 'the account of root',
    to: (spec) => ({ ...spec, rootAccount: { locked: true, sshKeys: [] } }),
    direct: () => ['users'],
  },
  {
    what: 'a pin',
    to: (spec) => ({
      ...spec,
      packages: { ...spec.packages, pins: [{ package: 'curl', version: '8.*', priority: 990 }] },
    }),
    direct: (plan) => program(plan, 'packages'),
  },
  {
    what: 'a held package',
    to: (spec) => ({ ...spec, packages: { ...spec.packages, hold: ['bash'] } }),
    direct: () => ['packages'],
  },
  {
    what: 'one more service',
    to: (spec) => ({ ...spec, services: { ...spec.services, mask: ['zz.service'] } }),
    direct: () => ['services'],
  },
  {
    what: 'a script',
    to: (spec) => ({ ...spec, steps: first(spec.steps, (step) => ({ ...step, run: `${step.run} again` })) }),
    direct: (_plan, spec) => spec.steps.slice(0, 1).map((step) => step.id),
  },
  {
    what: "a script's network",
    to: (spec) => ({ ...spec, steps: first(spec.steps, (step) => ({ ...step, network: !step.network })) }),
    direct: (_plan, spec) => spec.steps.slice(0, 1).map((step) => step.id),
  },
  {
    what: 'a kernel argument',
    to: (spec) => ({ ...spec, kernel: { ...spec.kernel, cmdline: [...spec.kernel.cmdline, 'quiet'] } }),
    direct: () => ['iso', 'netboot'],
  },
  {
    what: 'the address of a network boot',
    to: (spec) => ({
      ...spec,
      outputs: spec.outputs.map((output) =>
        output.type === 'netboot' ? { ...output, baseUrl: 'http://other.example/' } : output,
      ),
    }),
    direct: () => ['netboot'],
  },
  {
    what: 'the level of compression of a network boot',
    to: (spec) => ({
      ...spec,
      outputs: spec.outputs.map((output) => (output.type === 'netboot' ? { ...output, compressionLevel: 19 } : output)),
    }),
    direct: () => ['module.whole'],
  },
  {
    what: 'a volume label',
    to: (spec) => ({
      ...spec,
      outputs: spec.outputs.map((output) => (output.type === 'iso' ? { ...output, label: 'OTHER' } : output)),
    }),
    direct: () => ['iso'],
  },
];

/** Changes of one option of a container image. */
const imageChanges: readonly (readonly [what: string, types: readonly ('oci' | 'docker')[], change: object])[] = [
  ['the compression of layers', ['oci'], { compression: 'zstd' }],
  ['the name of an image', ['oci', 'docker'], { name: 'other' }],
  ['the tag of an image', ['oci', 'docker'], { tag: 'other' }],
  ['an entrypoint', ['oci', 'docker'], { entrypoint: ['/bin/other'] }],
  ['a command', ['oci', 'docker'], { cmd: ['other'] }],
  ['a variable', ['oci', 'docker'], { env: { MODE: 'two' } }],
  ['a user', ['oci', 'docker'], { user: 'other' }],
  ['a folder', ['oci', 'docker'], { workdir: '/srv' }],
  ['a port', ['oci', 'docker'], { exposedPorts: ['80/tcp'] }],
  ['a label', ['oci', 'docker'], { labels: { note: 'two' } }],
];
const ofImages: readonly SpecChange[] = imageChanges.map(([what, types, change]) => ({
  what,
  to: (spec) => {
    const chosen = (type: string) => types.some((one) => one === type);
    return {
      ...spec,
      outputs: spec.outputs.map((output) => (chosen(output.type) ? { ...output, ...change } : output)),
    };
  },
  direct: () => types,
}));

describe('a key changes', () => {
  it.each([...meaningful, ...ofImages])(
    'with $what, and with it the keys of all that is built on that, and no other',
    (change) => {
      fc.assert(
        fc.property(fullSpec, (spec) => {
          const plan = planOf(spec);
          const before = keysOf(plan);
          const after = keysOf(planOf(change.to(spec)));
          expect([...after.keys()]).toEqual([...before.keys()]);
          const changed = [...before.keys()].filter((id) => after.get(id) !== before.get(id));
          const direct = change.direct(plan, spec).filter((id) => before.has(id));
          expect(changed).toEqual(closureOf(plan, direct));
        }),
        runs,
      );
    },
  );

  it.each<[string, (state: ArchiveState) => ArchiveState, string]>([
    [
      'the digest of an index',
      ({ suites }) => ({
        suites: suites.map((suite) => ({ ...suite, indexes: { 'main/binary-amd64/Packages': '0'.repeat(64) } })),
      }),
      toolchain,
    ],
    [
      'the address',
      ({ suites }) => ({ suites: suites.map((suite) => ({ ...suite, uri: 'http://b.invalid' })) }),
      toolchain,
    ],
    ['one suite less', ({ suites }) => ({ suites: suites.slice(1) }), toolchain],
    ['the date', ({ suites }) => ({ suites: suites.map((suite) => ({ ...suite, date: suite.date + 1 })) }), toolchain],
    ['the toolchain', (state) => state, 'd'.repeat(64)],
  ])('of every step with %s of the archive or the builder', (_what, change, tools) => {
    fc.assert(
      fc.property(fullSpec, (spec) => {
        const before = keysOf(planOf(spec));
        for (const [id, key] of keysOf(planOf(spec, change(archive), tools))) expect(key, id).not.toBe(before.get(id));
      }),
      runs,
    );
  });

  it('not with the name of the image, nor with the ids of user steps but where these stand in a history', () => {
    fc.assert(
      fc.property(fullSpec, (spec) => {
        const plan = planOf(spec);
        const rename = (id: string) => (spec.steps.some((step) => step.id === id) ? `other-${id}` : id);
        const other = planOf({
          ...spec,
          name: 'other',
          steps: spec.steps.map((step) => ({ ...step, id: rename(step.id), needs: step.needs.map(rename) })),
        });
        const after = keysOf(other);
        const told = spec.steps.length > 0 ? ['oci', 'docker'] : [];
        const changed = plan.steps.filter((step) => after.get(rename(step.id)) !== step.key).map((step) => step.id);
        expect(changed).toEqual(plan.steps.map((step) => step.id).filter((id) => told.includes(id)));
      }),
      runs,
    );
  });

  it('not with the order of members, nor of lists whose order means nothing', () => {
    fc.assert(
      fc.property(fullSpec, fc.nat(50), (spec, seed) => {
        const other = resolvedSpecSchema.parse(
          shuffled({ ...spec, files: spec.files.toReversed(), packages: spec.packages }, seed),
        );
        expect(planText(planOf(other))).toBe(planText(planOf(spec)));
      }),
      runs,
    );
  });

  it('with nothing but its inputs, which name no stage', () => {
    fc.assert(
      fc.property(fullSpec, (spec) => {
        const plan = planOf(spec);
        const keys = keysOf(plan);
        for (const step of plan.steps) {
          expect(keyOf(step.inputs)).toBe(step.key);
          const parents = Object.entries(step.inputs).filter(([name]) => name.startsWith('needs.'));
          expect(parents).toEqual(step.needs.toSorted().map((need) => [`needs.${need}`, keys.get(need)]));
          expect(Object.keys(step.inputs).filter((name) => name.startsWith('stage'))).toEqual([]);
        }
      }),
      runs,
    );
  });
});
