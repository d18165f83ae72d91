import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkSpec } from '../../../core/spec/check.ts';
import { specLimits } from '../../../core/spec/limits.ts';
import { specErrorCodes } from '../../../core/spec/refusal.ts';
import { resolvedSpecSchema, specDigest } from '../../../core/spec/resolve.ts';
import { certificates } from './certificate-samples.ts';
import { everything, passwordHashes, publicKeys, sampleSpec } from './sample-spec.ts';

const word = fc.stringMatching(/^[b-z][b-z0-9]{3,10}$/).map((text) => `x${text}`);
const words = (maxLength: number) => fc.uniqueArray(word, { maxLength });
const perhaps = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

/** Specs whose fields are good, each at times left out. */
const anySpec = fc.record(
  {
    schemaVersion: fc.constant(1),
    name: word,
    base: fc.record({
      release: fc.constantFrom('bookworm', 'trixie'),
      architecture: fc.constantFrom('amd64', 'arm64'),
    }),
    packages: perhaps(fc.record({ install: words(20), recommends: fc.boolean() }, { requiredKeys: [] })),
    system: perhaps(
      fc.record({ hostname: word, timezone: fc.constantFrom('UTC', 'Europe/Berlin') }, { requiredKeys: [] }),
    ),
    groups: perhaps(words(5).map((names) => names.map((name) => ({ name: `g${name}` })))),
    users: perhaps(
      words(5).chain((names) =>
        fc.tuple(
          ...names.map((name) =>
            fc.record(
              {
                name: fc.constant(name),
                groups: words(4).map((groups) => groups.map((group) => `g${group}`)),
                sshKeys: fc.uniqueArray(fc.constantFrom(...Object.values(publicKeys))),
                passwordHash: fc.constantFrom(...Object.values(passwordHashes)),
                locked: fc.boolean(),
                sudo: fc.constantFrom(true, {}, { passwordless: true, commands: ['/bin/b', '/bin/a ""'] }),
              },
              { requiredKeys: ['name'] },
            ),
          ),
        ),
      ),
    ),
    files: perhaps(
      words(8).map((names) => names.map((name) => ({ path: `/srv/${name}`, content: name, mode: '0600' }))),
    ),
    services: perhaps(fc.record({ enable: words(5), mask: words(5).map((names) => names.map((name) => `m${name}`)) })),
    rootAccount: perhaps(fc.record({ sshKeys: fc.uniqueArray(fc.constantFrom(...Object.values(publicKeys))) })),
    directories: perhaps(words(4).map((names) => names.map((name) => ({ path: `/opt/${name}` })))),
    remove: perhaps(words(4).map((names) => names.map((name) => ({ path: `/usr/share/${name}`, ifPresent: true })))),
    firstBoot: perhaps(words(4).map((names) => names.map((name) => ({ name, run: 'true' })))),
    kernel: perhaps(fc.record({ cmdline: words(5) }, { requiredKeys: [] })),
    steps: perhaps(
      words(8).chain((ids) =>
        fc.tuple(
          ...ids.map((id, index) =>
            fc.record(
              { id: fc.constant(id), run: fc.constant('true'), needs: fc.subarray(ids.slice(0, index)) },
              { requiredKeys: ['id', 'run'] },
            ),
          ),
        ),
      ),
    ),
    ssh: perhaps(
      fc.record({ ports: fc.constant([22, 2_222]), allowUsers: fc.constant(['xops']) }, { requiredKeys: [] }),
    ),
    certificates: perhaps(fc.subarray([certificates.root, certificates.other])),
    cloudInit: perhaps(fc.record({ datasources: fc.constant(['Ec2', 'None']), network: fc.boolean() })),
    updates: perhaps(fc.record({ unattended: fc.constantFrom('security', 'all') })),
    outputs: perhaps(
      fc.subarray(
        [
          { type: 'iso' },
          { type: 'tar' },
          { type: 'oci', exposedPorts: ['80', '9/udp'] },
          { type: 'docker' },
          { type: 'qcow2', compression: 'none' },
          { type: 'ova', cpus: 1 },
          { type: 'netboot', baseUrl: 'http://boot.example' },
          { type: 'wsl' },
        ],
        {
          minLength: 1,
        },
      ),
    ),
  },
  { requiredKeys: ['schemaVersion', 'name', 'base'] },
);

/** Specs that are good: where kernel arguments have no output that takes them, the default one does. */
const goodSpec = anySpec.map((spec) => {
  const boots = spec.outputs?.some(({ type }) => type === 'iso' || type === 'netboot') ?? true;
  return boots || (spec.kernel?.cmdline?.length ?? 0) === 0 ? spec : { ...spec, outputs: undefined };
});

/** Puts a value at a random place of a tree. */
function replaced(tree: unknown, choices: readonly number[], value: unknown): unknown {
  const [choice, ...rest] = choices;
  if (choice === undefined || typeof tree !== 'object' || tree === null) return value;
  const keys = Object.keys(tree);
  const chosen = keys[choice % Math.max(1, keys.length)];
  if (chosen === undefined) return value;
  const member = replaced(Reflect.get(tree, chosen), rest, value);
  return Array.isArray(tree) ? tree.with(Number(chosen), member) : { ...tree, [chosen]: member };
}

/** What holds of every answer, whatever was asked. */
function expectSoundAnswer(input: unknown): void {
  const checked = checkSpec(input, everything);
  if (checked.ok) {
    expect(checkSpec(checked.spec, everything)).toEqual(checked);
    return;
  }
  expect(checked.errors.length).toBeGreaterThan(0);
  expect(checked.errors.length).toBeLessThanOrEqual(specLimits.errors.value);
  for (const { code, reason, remedy } of checked.errors) {
    expect(Object.keys(specErrorCodes)).toContain(code);
    expect(reason).not.toBe('');
    expect(remedy).not.toBe('');
    expect(reason).not.toMatch(/\p{Cc}/u);
  }
}

describe('checkSpec', () => {
  it('answers soundly and never throws, whatever JSON it is given', () => {
    fc.assert(fc.property(fc.jsonValue(), expectSoundAnswer), { numRuns: 300 });
  });

  it('answers soundly and never throws, whatever value it is given', () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withSet: true,
    });
    fc.assert(fc.property(anything, expectSoundAnswer), { numRuns: 300 });
  });

  it('answers soundly where any part of a good spec is replaced', () => {
    const part = fc.oneof(
      fc.jsonValue(),
      fc.string({ unit: 'binary' }),
      fc.constantFrom('..', '/', '\0', '__proto__', -1),
    );
    fc.assert(
      fc.property(goodSpec, fc.array(fc.nat(20), { minLength: 1, maxLength: 4 }), part, (spec, choices, value) =>
        expectSoundAnswer(replaced(spec, choices, value)),
      ),
      { numRuns: 400 },
    );
  });

  it('resolves a good spec to one that resolves to itself, also as a store gives it back', () => {
    fc.assert(
      fc.property(goodSpec, (spec) => {
        const first = checkSpec(spec, everything);
        if (!first.ok) throw new Error(JSON.stringify(first.errors));
        expect(checkSpec(first.spec, everything)).toEqual(first);
        expect(resolvedSpecSchema.parse(JSON.parse(JSON.stringify(first.spec)))).toEqual(first.spec);
        expect(first.spec.steps.every(({ needs }) => Array.isArray(needs))).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  it('gives specs that differ only in the order of unordered lists one digest', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(['alpha', 'beta', 'gamma', 'delta'], { minLength: 4 }), (names) => {
        const digests = [names, names.toSorted()].map((order) => {
          const checked = checkSpec(
            sampleSpec({
              packages: { install: order },
              services: { enable: order },
              files: order.map((name) => ({ path: `/srv/${name}`, content: name })),
            }),
            everything,
          );
          if (!checked.ok) throw new Error(JSON.stringify(checked.errors));
          return specDigest(checked.spec);
        });
        expect(digests[0]).toBe(digests[1]);
      }),
    );
  });
});
