import { describe, expect, it } from 'vitest';
import { checkSpec } from '../../../core/spec/check.ts';
import { specErrorCodes } from '../../../core/spec/refusal.ts';
import { acceptedFragments } from './accepted-fragments.ts';
import { archiveRefusals } from './archive-refusals.ts';
import { betweenRefusals } from './between-refusals.ts';
import { bootTestBetweenRefusals, bootTestRefusals } from './boot-test-refusals.ts';
import { configurationConflicts } from './configuration-conflicts.ts';
import { configurationRefusals } from './configuration-refusals.ts';
import { diskLayoutRefusals, diskLayoutsTaken } from './disk-layout-refusals.ts';
import { diskRefusals } from './disk-refusals.ts';
import { distributionRefusals } from './distribution-refusals.ts';
import { fieldRefusals } from './field-refusals.ts';
import { imageRefusals } from './image-refusals.ts';
import { outputBetweenRefusals, outputRefusals } from './output-refusals.ts';
import { everything, sampleSpec } from './sample-spec.ts';
import { systemRefusals } from './system-refusals.ts';
import { treeRefusals } from './tree-refusals.ts';

const errorsOf = (input: unknown, abilities = everything) => {
  const checked = checkSpec(input, abilities);
  return checked.ok ? [] : checked.errors;
};
const alone = [
  ...[...fieldRefusals, ...imageRefusals, ...diskRefusals, ...outputRefusals, ...systemRefusals, ...treeRefusals],
  ...[...configurationRefusals, ...configurationConflicts, ...bootTestRefusals, ...archiveRefusals],
  ...diskLayoutRefusals,
  ...distributionRefusals,
];
const rows = [...alone, ...betweenRefusals, ...outputBetweenRefusals, ...bootTestBetweenRefusals];

describe('a spec is refused for', () => {
  it.each(rows)('%s', (_what, fragment, path, code) => {
    const errors = errorsOf(sampleSpec(fragment));
    const error = errors.find((candidate) => candidate.path === path && candidate.code === code);
    expect(error, JSON.stringify(errors)).toBeDefined();
    for (const { reason, remedy } of errors) {
      expect(reason).not.toBe('');
      expect(remedy).not.toBe('');
    }
  });

  it.each(alone)('nothing else beside %s', (_what, fragment) => {
    expect(errorsOf(sampleSpec(fragment))).toHaveLength(1);
  });

  it('an architecture and an output that this installation cannot build', () => {
    const spec = sampleSpec({
      base: { release: 'trixie', architecture: 'arm64' },
      outputs: [{ type: 'iso' }, { type: 'tar' }],
    });
    const errors = errorsOf(spec, { architectures: ['amd64'], outputs: ['iso'] });
    expect(errors.map(({ path, code }) => [path, code])).toEqual([
      ['base.architecture', 'spec.unsupported_architecture'],
      ['outputs[1].type', 'spec.unsupported_output'],
    ]);
    expect(errorsOf(spec)).toEqual([]);
  });

  it.each(diskLayoutsTaken)('nothing: %s', (_what, fragment) => {
    expect(errorsOf(sampleSpec(fragment))).toEqual([]);
  });

  it('every code that the catalogue holds', () => {
    // What only the control plane knows is refused in test/functions/api/suite-uploads.ts and suite-template-uses.ts.
    const uploads = ['spec.unfinished_upload', 'spec.unknown_upload', 'spec.unknown_secret'];
    const templates = ['spec.unknown_parameter', 'spec.unknown_template'];
    const elsewhere = ['spec.too_many_errors', ...uploads, ...templates];
    const seen = new Set<string>([...rows.map(([, , , code]) => code), ...elsewhere]);
    expect(Object.keys(specErrorCodes).filter((code) => !seen.has(code))).toEqual([]);
  });
});

describe('the errors of a spec', () => {
  it('come all at once, those of fields and those between fields', () => {
    const errors = errorsOf({
      schemaVersion: 1,
      base: { release: 'trixi', architecture: 'amd64' },
      packages: { install: ['zsh', 'Bad'], remove: ['zsh'] },
      users: [{ name: 'ops' }, { name: 'ops', uid: 'x' }],
      files: [
        { path: '/etc/shadow', content: '' },
        { path: 'motd', content: '' },
      ],
      steps: [{ id: 'a', run: 'true', needs: ['b'] }, { id: 'b' }],
      extra: 1,
    });
    expect(errors.map(({ path, code }) => `${path} ${code}`).sort()).toEqual(
      [
        'name spec.missing',
        'base.release spec.unsupported_release',
        'packages.install[1] spec.invalid_value',
        'packages.remove[0] spec.duplicate_name',
        'users[1].name spec.duplicate_name',
        'users[1].uid spec.invalid_value',
        'files[0].path spec.path_forbidden',
        'files[1].path spec.path_relative',
        'steps[0].needs[0] spec.circular_needs',
        'steps[1].run spec.missing',
        'extra spec.unknown_key',
      ].sort(),
    );
  });

  it.each([
    ['pakages', { pakages: {} }, 'packages'],
    ['sshkeys', { users: [{ name: 'ops', sshkeys: [] }] }, 'sshKeys'],
    ['ssh_keys', { users: [{ name: 'ops', ssh_keys: [] }] }, 'sshKeys'],
    ['password', { users: [{ name: 'ops', password: 'x' }] }, 'passwordHash'],
    ['lable', { outputs: [{ type: 'iso', lable: 'X' }] }, 'label'],
    ['trixi', { base: { release: 'trixi', architecture: 'amd64' } }, 'trixie'],
    [
      'a need sit',
      {
        steps: [
          { id: 'site', run: 'true' },
          { id: 'b', run: 'true', needs: ['sit'] },
        ],
      },
      'site',
    ],
  ])('name what was meant by %s', (_mistyped, fragment, meant) => {
    expect(errorsOf(sampleSpec(fragment)).map(({ remedy }) => remedy)).toEqual([
      expect.stringContaining(`Did you mean ${meant}?`),
    ]);
  });

  it('are at most 100, the last of which says how many more there are', () => {
    const errors = errorsOf(sampleSpec({ files: Array.from({ length: 150 }, () => ({ path: 'x', content: 1 })) }));
    // 150 paths, 150 contents, 149 repetitions of the first path.
    expect(errors).toHaveLength(100);
    expect(errors.at(-1)).toMatchObject({
      path: '',
      code: 'spec.too_many_errors',
      reason: expect.stringContaining('350'),
    });
  });

  it('never repeat what may be a secret', () => {
    const secret = 'hunter2-hunter2';
    const errors = errorsOf(
      sampleSpec({
        users: [{ name: 'ops', passwordHash: secret, password: secret, sshKeys: [`PRIVATE KEY ${secret}`] }],
        files: [{ path: '/srv/x', content: `${secret}\0` }],
      }),
    );
    expect(errors).toHaveLength(4);
    expect(JSON.stringify(errors)).not.toContain(secret);
  });

  it.each([
    ['a list', []],
    ['null', null],
    ['nothing', undefined],
    ['a text', 'name: x'],
    ['a number', 1],
  ])('say that %s is no spec', (_what, input) => {
    expect(errorsOf(input)).toEqual([
      expect.objectContaining({ path: '', code: expect.stringMatching(/^spec\.(missing|invalid_value)$/) }),
    ]);
  });
});

describe('a hostile input', () => {
  const nested = (depth: number) => {
    let value: unknown = 'x';
    for (let level = 0; level < depth; level++) value = [value];
    return value;
  };
  const bomb = () => {
    let value: unknown = 'x';
    for (let level = 0; level < 12; level++) value = Array.from({ length: 100 }, () => value);
    return value;
  };
  const circle: Record<string, unknown> = {};
  circle.packages = circle;

  it.each([
    ['deep nesting', nested(100_000)],
    ['aliases of aliases', bomb()],
    ['a circle', circle],
    ['a huge list', { packages: { install: Array.from({ length: 1_000_000 }, () => 'x') } }],
    ['a huge text', { name: 'x'.repeat(10_000_000) }],
    ['a huge key', { ['x'.repeat(300_000)]: 1 }],
    ['many keys', Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`k${index}`, 1]))],
  ])('of %s gets one error soon', { timeout: 10_000 }, (_what, fragment) => {
    expect(errorsOf(typeof fragment === 'object' ? sampleSpec({ ...fragment }) : fragment)).toEqual([
      expect.objectContaining({ code: 'spec.too_large' }),
    ]);
  });

  it('may have 256 KB and no byte more', () => {
    const file = (path: string, bytes: number) => ({ path, content: 'x'.repeat(bytes) });
    const spec = (last: number) => sampleSpec({ files: [file('/srv/a', 131_000), file('/srv/b', last)] });
    const room = 262_144 - JSON.stringify(spec(0)).length;
    expect(errorsOf(spec(room))).toEqual([]);
    expect(errorsOf(spec(room + 1))).toEqual([expect.objectContaining({ path: '', code: 'spec.too_large' })]);
  });

  it('with objects of other kinds is refused', () => {
    expect(errorsOf(sampleSpec({ name: new Date(0) })).map(({ path }) => path)).toContain('name');
    expect(errorsOf(sampleSpec({ system: new Map() })).map(({ path }) => path)).toContain('system');
  });
});

describe('a spec may have', () => {
  it.each(acceptedFragments)('%s', (_what, fragment) => {
    expect(errorsOf(sampleSpec(fragment))).toEqual([]);
  });
});
