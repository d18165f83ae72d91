import type { ReleaseName } from '../../core/spec/releases.ts';
import type { SpecInput } from '../../core/spec/schema.ts';
import { passwordHashes } from '../core/spec/sample-spec.ts';

/** Size of its disks. */
export const formsDiskMiB = 2_048;

const disk = { sizeMiB: formsDiskMiB };

/** The releases beside that of everythingSpec. */
export type FormsRelease = Exclude<ReleaseName, 'trixie'>;

const debian = { distribution: 'debian', architecture: 'amd64' } as const;
// The usual kernel of Ubuntu brings the firmware of all hardware.
const ubuntu = { distribution: 'ubuntu', architecture: 'amd64' } as const;
const virtual = 'linux-image-virtual';

const bases: Readonly<Record<FormsRelease, { readonly base: SpecInput['base']; readonly kernel?: string }>> = {
  bookworm: { base: { ...debian, release: 'bookworm' } },
  // Whatever a mirror's copy of sid is as old as, this asks for that.
  sid: { base: { ...debian, release: 'sid', snapshot: '20261101T000000Z' } },
  jammy: { base: { ...ubuntu, release: 'jammy' }, kernel: virtual },
  noble: { base: { ...ubuntu, release: 'noble' }, kernel: virtual },
};

/**
 * A small system of a release, with the kernel of most machines, as every output: the forms that exclude those of
 * everythingSpec, and defaults where that has none.
 */
export function formsSpec(release: FormsRelease): SpecInput {
  const { base, kernel } = bases[release];
  return {
    schemaVersion: 1,
    name: 'forms',
    base,
    system: { hostname: 'forms-01' },
    users: [{ name: 'ops', passwordHash: passwordHashes.yescrypt }],
    files: [{ path: '/etc/motd', content: 'built here\n' }],
    kernel: {
      ...(kernel !== undefined && { package: kernel }),
      cmdline: ['console=tty0', 'console=ttyS0,115200', 'loglevel=3'],
    },
    outputs: [
      { type: 'iso' },
      { type: 'raw', ...disk },
      { type: 'qcow2', ...disk, compression: 'none' },
      { type: 'vmdk', ...disk, subformat: 'monolithicSparse' },
      { type: 'vhd', ...disk, subformat: 'fixed' },
      { type: 'vhdx', ...disk },
      { type: 'ova', ...disk },
      { type: 'oci', compression: 'zstd' },
      { type: 'docker' },
      { type: 'tar' },
      { type: 'netboot' },
      { type: 'wsl' },
    ],
  };
}
