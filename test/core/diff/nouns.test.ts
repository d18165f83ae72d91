import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ArtifactRecord } from '../../../core/builds/build-record.ts';
import type { LayerEntry } from '../../../core/builds/layer-index.ts';
import { pairArtifacts } from '../../../core/diff/artifact-changes.ts';
import { kernelReleases } from '../../../core/diff/kernel.ts';
import { packageChanges } from '../../../core/diff/package-changes.ts';
import { serviceChanges } from '../../../core/diff/service-changes.ts';
import { TreeDraft, type TreeNode } from '../../../core/diff/tree.ts';
import { allChanges } from '../../../core/plan/option-change.ts';
import { specWith } from '../plan/plan-fixtures.ts';

type Made = Omit<LayerEntry, 'path' | 'type'> & { readonly type?: LayerEntry['type'] };

/** A tree of these paths, with the folders that they stand in. */
function treeOf(paths: Readonly<Record<string, Made>>): TreeNode {
  const draft = new TreeDraft();
  const folders = new Set<string>();
  for (const [path, made] of Object.entries(paths)) {
    const names = path.split('/');
    for (let depth = 1; depth < names.length; depth += 1) {
      const folder = names.slice(0, depth).join('/');
      if (!folders.has(folder)) draft.put('test', { path: folder, type: 'directory' });
      folders.add(folder);
    }
    draft.put('test', { path, type: 'file', ...made });
  }
  return draft.root;
}
const link = (target: string): Made => ({ type: 'symlink', target });
const units = 'etc/systemd/system';
const vendor = 'usr/lib/systemd/system';

describe('services', () => {
  const installed = { [`${vendor}/ssh.service`]: { size: 400 }, [`${vendor}/getty@.service`]: { size: 400 } };
  it.each([
    ['enabled by a link', 'ssh.service', { [`${units}/multi-user.target.wants/ssh.service`]: link('/x') }, 'enabled'],
    ['enabled by need', 'ssh.service', { [`${units}/a.target.requires/ssh.service`]: link('/x') }, 'enabled'],
    ['enabled by an alias', 'ssh.service', { [`${units}/sshd.service`]: link(`/${vendor}/ssh.service`) }, 'enabled'],
    ['masked', 'ssh.service', { [`${units}/ssh.service`]: link('/dev/null') }, 'masked'],
    ['masked by an empty file', 'ssh.service', { [`${units}/ssh.service`]: { size: 0 } }, 'masked'],
    [
      'masked though enabled',
      'ssh.service',
      {
        [`${units}/ssh.service`]: link('/dev/null'),
        [`${units}/multi-user.target.wants/ssh.service`]: link('/x'),
      },
      'masked',
    ],
    [
      'made of a template',
      'getty@tty9.service',
      { [`${units}/getty.target.wants/getty@tty9.service`]: link('/x') },
      'enabled',
    ],
  ] as const)('a unit that becomes %s', (_name, unit, links, state) => {
    const [before, after] = [treeOf(installed), treeOf({ ...installed, ...links })];
    expect(serviceChanges(before, after)).toEqual([{ unit, before: 'disabled', after: state }]);
    expect(serviceChanges(after, before)).toEqual([{ unit, before: state, after: 'disabled' }]);
    expect(serviceChanges(after, after)).toEqual([]);
  });

  it('a unit that comes with its link was absent; one that comes without is a file', () => {
    const wants = { [`${units}/multi-user.target.wants/nginx.service`]: link(`/${vendor}/nginx.service`) };
    const after = treeOf({ [`${vendor}/nginx.service`]: {}, [`${vendor}/other.service`]: {}, ...wants });
    expect(serviceChanges(treeOf({}), after)).toEqual([{ unit: 'nginx.service', before: 'absent', after: 'enabled' }]);
  });

  it('what is no unit, no link, or elsewhere means nothing', () => {
    const odd = {
      [`${units}/multi-user.target.wants/README`]: link('/x'),
      [`${units}/multi-user.target.wants/ssh.service`]: { size: 5 },
      [`${units}/display`]: link('/dev/null'),
      [`${units}/own.service`]: { size: 5 },
      [`${vendor}/multi-user.target.wants/dbus.service`]: link('/x'),
    };
    expect(serviceChanges(treeOf({}), treeOf(odd))).toEqual([]);
  });
});

describe('packages', () => {
  const stanza = (name: string, version: string, status = 'install ok installed', architecture = 'amd64') => {
    return { name, version, architecture, status };
  };
  it('come, go and change their version; what left only its configuration is gone', () => {
    const before = [stanza('a', '1'), stanza('b', '1'), stanza('c', '1'), stanza('d', '1', 'install ok unpacked')];
    const after = [
      stanza('a', '1'),
      stanza('b', '1:2'),
      stanza('c', '1', 'deinstall ok config-files'),
      stanza('e', '3'),
    ];
    expect(packageChanges(before, after)).toEqual([
      { name: 'b', architecture: 'amd64', before: '1', after: '1:2' },
      { name: 'c', architecture: 'amd64', before: '1', after: undefined },
      { name: 'd', architecture: 'amd64', before: '1', after: undefined },
      { name: 'e', architecture: 'amd64', before: undefined, after: '3' },
    ]);
  });

  it('of another architecture are others', () => {
    const libraries = [stanza('lib', '1'), stanza('lib', '1', 'install ok installed', 'i386')];
    expect(packageChanges([stanza('lib', '1')], libraries)).toEqual([
      { name: 'lib', architecture: 'i386', before: undefined, after: '1' },
    ]);
  });

  it('are none between a database and itself, and the same from the other side', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd');
    const version = fc.constantFrom('1', '2');
    const status = fc.constantFrom('install ok installed', 'deinstall ok config-files');
    const database = fc
      .uniqueArray(fc.record({ name, version, status, architecture: fc.constantFrom('amd64', 'all') }), {
        selector: (one) => `${one.name}:${one.architecture}`,
      })
      .map((list) => list.map((one) => ({ ...one })));
    fc.assert(
      fc.property(database, database, (one, other) => {
        expect(packageChanges(one, one)).toEqual([]);
        const swapped = packageChanges(one, other).map(({ before, after, ...rest }) => {
          return { ...rest, before: after, after: before };
        });
        expect(packageChanges(other, one)).toEqual(swapped);
      }),
    );
  });
});

it('kernels are told by their images, the newest last', () => {
  const tree = treeOf({
    'boot/vmlinuz-6.12.9-amd64': {},
    'boot/vmlinuz-6.12.48+deb13-amd64': {},
    'boot/vmlinuz': link('x'),
    'boot/initrd.img-6.12.9-amd64': {},
  });
  expect(kernelReleases(tree)).toEqual(['6.12.9-amd64', '6.12.48+deb13-amd64']);
  expect(kernelReleases(treeOf({}))).toEqual([]);
});

it('artifacts are told apart by their step, whatever their names', () => {
  const artifact = (step: string, name: string): ArtifactRecord => {
    return { step, name, type: 'tar', size: 1, sha256: 'a'.repeat(64), mediaType: 'x/y' };
  };
  const [one, other] = [artifact('tar', 'one.tar.zst'), artifact('tar', 'other.tar.zst')];
  expect(pairArtifacts([one], [artifact('iso', 'x.iso'), other])).toEqual([
    { step: 'iso', before: undefined, after: artifact('iso', 'x.iso') },
    { step: 'tar', before: one, after: other },
  ]);
});

describe('specs', () => {
  const hash = (letter: string) => `$6$salt$${letter.repeat(86)}`;
  const one = specWith({
    packages: { install: ['curl', 'vim'] },
    users: [{ name: 'ops', passwordHash: hash('a') }],
    files: [{ path: '/etc/motd', content: 'one\n' }],
    steps: [{ id: 'setup', run: 'true' }],
  });
  const other = specWith({
    name: 'other',
    packages: { install: ['curl', 'nano'] },
    users: [
      { name: 'ops', passwordHash: hash('b'), shell: '/bin/sh' },
      { name: 'second', passwordHash: hash('c') },
    ],
    files: [{ path: '/etc/motd', content: 'two\n' }],
    steps: [{ id: 'setup', run: 'false' }],
  });

  it('differ field by field, and no password hash is shown', () => {
    const changes = allChanges(one, other);
    expect(changes.map(({ path, before, after }) => [path, before, after])).toEqual(
      expect.arrayContaining([
        ['.name', 'example', 'other'],
        ['.packages.install', 'vim', 'nano'],
        ['.users[ops].shell', '/bin/bash', '/bin/sh'],
        ['.users[ops].passwordHash', '(hidden)', '(hidden)'],
        ['.users[second]', undefined, expect.stringContaining('"passwordHash":"(hidden)"')],
        ['.files[/etc/motd].content', 'one\n', 'two\n'],
        ['.steps[setup].run', 'true', 'false'],
      ]),
    );
    expect(JSON.stringify(changes)).not.toContain('$6$');
  });

  it('do not differ from themselves, and are the same from the other side', () => {
    expect(allChanges(one, structuredClone(one))).toEqual([]);
    const byPath = (changes: ReturnType<typeof allChanges>) => changes.toSorted((a, b) => (a.path < b.path ? -1 : 1));
    const swapped = allChanges(one, other).map(({ path, before, after }) => ({ path, before: after, after: before }));
    expect(byPath(allChanges(other, one))).toEqual(byPath(swapped));
  });
});
