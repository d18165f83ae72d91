import type { ArchiveState } from '../../../core/plan/archive-state.ts';
import { resolvedSpecSchema } from '../../../core/spec/resolve.ts';
import type { ResolvedSpec, SpecInput } from '../../../core/spec/schema.ts';
import { passwordHashes } from '../spec/sample-spec.ts';

const digestOfLetter = (letter: string): string => letter.repeat(64);

export const archive: ArchiveState = {
  suites: [
    {
      uri: 'http://archive.invalid/debian',
      suite: 'trixie',
      components: ['main'],
      indexes: { 'main/binary-amd64/Packages': digestOfLetter('a') },
      date: 1_763_716_544,
    },
    {
      uri: 'http://archive.invalid/debian',
      suite: 'trixie-updates',
      components: ['main'],
      indexes: { 'main/binary-amd64/Packages': digestOfLetter('b') },
      date: 1_764_000_000,
    },
  ],
};

export const toolchain = digestOfLetter('c');

/** A resolved spec: the smallest one with what the test gives on top. */
export function specWith(members: Partial<SpecInput>): ResolvedSpec {
  return resolvedSpecSchema.parse({
    schemaVersion: 1,
    name: 'example',
    base: { release: 'trixie', architecture: 'amd64' },
    ...members,
  });
}

/** Packages, and two scripts after each other. */
export const twoScripts = (hostname: string): ResolvedSpec =>
  specWith({
    system: { hostname },
    packages: { install: ['nginx'] },
    steps: [
      { id: 'first', run: 'echo 1' },
      { id: 'second', run: 'echo 2' },
    ],
    outputs: [{ type: 'tar' }],
  });

export const examples: Record<string, ResolvedSpec> = {
  smallest: specWith({}),
  'declarative only': specWith({
    packages: { install: ['openssh-server'] },
    system: { timezone: 'Europe/Berlin', locale: 'de_DE.UTF-8', keyboard: 'de' },
    groups: [{ name: 'deploy' }],
    users: [{ name: 'ops', groups: ['sudo', 'deploy'] }],
    files: [{ path: '/etc/motd', content: 'hello\n' }],
    services: { enable: ['ssh'] },
    outputs: [{ type: 'iso' }, { type: 'tar' }],
  }),
  'scripts in a chain': specWith({
    steps: [
      { id: 'one', run: 'true' },
      { id: 'two', run: 'true' },
    ],
    outputs: [{ type: 'iso' }, { type: 'tar' }],
  }),
  'scripts side by side': specWith({
    steps: [
      { id: 'left', run: 'true', needs: [] },
      { id: 'right', run: 'true', needs: [] },
      { id: 'join', run: 'true', needs: ['left', 'right'] },
    ],
    outputs: [{ type: 'tar' }],
  }),
  'tar without a kernel': specWith({ outputs: [{ type: 'tar' }] }),
  'accounts and first boot': specWith({
    packages: {
      install: ['curl'],
      pins: [{ package: 'curl', version: '8.*', priority: 1_001 }],
      hold: ['curl'],
    },
    users: [{ name: 'ops', sudo: { passwordless: true, commands: ['/usr/bin/id'] }, locked: true }],
    rootAccount: { locked: true },
    directories: [{ path: '/srv/data', mode: '2775' }],
    files: [{ path: '/srv/data/bytes', base64: 'AAE=' }],
    remove: [{ path: '/usr/share/doc', ifPresent: true }],
    services: { mask: ['cron'] },
    firstBoot: [{ name: 'hello', run: 'echo hello' }],
    outputs: [{ type: 'iso' }, { type: 'raw' }],
  }),
  'container images': specWith({
    steps: [
      { id: 'left', run: 'true', needs: [] },
      { id: 'right', run: 'true', needs: [] },
    ],
    outputs: [{ type: 'oci', compression: 'zstd' }, { type: 'docker' }],
  }),
  'its spec in the image': specWith({
    users: [{ name: 'ops', passwordHash: passwordHashes.yescrypt }],
    embedSpec: true,
    outputs: [{ type: 'iso' }, { type: 'oci' }],
  }),
  'its spec and scripts in the image': specWith({
    steps: [
      { id: 'left', run: 'true', needs: [] },
      { id: 'right', run: 'true', needs: [] },
    ],
    embedSpec: true,
    outputs: [{ type: 'iso' }, { type: 'docker' }],
  }),
  'disks of every form': specWith({
    packages: { install: ['openssh-server'] },
    outputs: [
      { type: 'raw', sizeMiB: 2_048 },
      { type: 'qcow2', compression: 'none' },
      { type: 'vmdk' },
      { type: 'vhd', subformat: 'fixed' },
      { type: 'vhdx', label: 'EDGE' },
      { type: 'ova', cpus: 4, memoryMiB: 4_096 },
    ],
  }),
  'network boot and WSL': specWith({
    packages: { install: ['openssh-server'] },
    users: [{ name: 'ops' }],
    steps: [{ id: 'site', run: 'true' }],
    outputs: [{ type: 'netboot', baseUrl: 'http://boot.example/edge' }, { type: 'wsl' }],
  }),
};
