import type { SpecInput } from '../../core/spec/schema.ts';
import { passwordHashes } from '../core/spec/sample-spec.ts';

/** Size of its disks. */
export const formsDiskMiB = 2_048;

const disk = { sizeMiB: formsDiskMiB };

/**
 * A small system of the older release, with the kernel of most machines, as every output: the forms that exclude those
 * of everythingSpec, and defaults where that has none.
 */
export function formsSpec(): SpecInput {
  return {
    schemaVersion: 1,
    name: 'forms',
    base: { distribution: 'debian', release: 'bookworm', architecture: 'amd64' },
    system: { hostname: 'forms-01' },
    users: [{ name: 'ops', passwordHash: passwordHashes.yescrypt }],
    files: [{ path: '/etc/motd', content: 'built here\n' }],
    kernel: { cmdline: ['console=tty0', 'console=ttyS0,115200', 'loglevel=3'] },
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
