import type { RefusalRow } from './field-refusals.ts';

const raw = [{ type: 'raw' }];
const disk = (divided: object, ...outputs: object[]) => ({
  disk: divided,
  outputs: outputs.length > 0 ? outputs : raw,
});
const partition = (...partitions: object[]) => disk({ partitions });
const mounted = (mountPoint: unknown) => partition({ mountPoint, sizeMiB: 64 });
const first = 'disk.partitions[0]';

const mountPoints: readonly RefusalRow[] = [
  ['a partition at the root', mounted('/'), `${first}.mountPoint`, 'spec.path_forbidden'],
  ['a partition at no absolute path', mounted('var'), `${first}.mountPoint`, 'spec.path_relative'],
  ['a partition at a path with ..', mounted('/var/../etc'), `${first}.mountPoint`, 'spec.path_traversal'],
  ['a partition at /boot', mounted('/boot'), `${first}.mountPoint`, 'spec.path_forbidden'],
  ['a second EFI partition', mounted('/boot/efi'), `${first}.mountPoint`, 'spec.path_forbidden'],
  ['a partition at /usr', mounted('/usr'), `${first}.mountPoint`, 'spec.path_forbidden'],
  ['a partition below /usr/lib', mounted('/usr/lib/modules'), `${first}.mountPoint`, 'spec.path_forbidden'],
  ['a partition at /etc', mounted('/etc'), `${first}.mountPoint`, 'spec.path_forbidden'],
  ['a partition below /run', mounted('/run/user'), `${first}.mountPoint`, 'spec.path_forbidden'],
  ['a partition at a path that ends in a slash', mounted('/var/'), `${first}.mountPoint`, 'spec.invalid_value'],
  ['a partition at a path with a space', mounted('/srv/a b'), `${first}.mountPoint`, 'spec.invalid_value'],
  ['a partition at a path of two lines', mounted('/srv\n/etc'), `${first}.mountPoint`, 'spec.invalid_value'],
  ['a partition at a path of 256', mounted(`/${'a'.repeat(255)}`), `${first}.mountPoint`, 'spec.too_large'],
  ['a partition at a number', mounted(7), `${first}.mountPoint`, 'spec.invalid_value'],
];

/** What a divided disk refuses. */
export const diskLayoutRefusals: readonly RefusalRow[] = [
  ...mountPoints,
  ['a layout of a live system', { disk: { swap: { sizeMiB: 64 } } }, 'disk.swap', 'spec.unsupported_option'],
  [
    'a layout of a container',
    disk({ partitions: [{ mountPoint: '/var', sizeMiB: 64 }] }, { type: 'oci' }, { type: 'tar' }),
    'disk.partitions',
    'spec.unsupported_option',
  ],
  ['encryption', disk({ encryption: 'luks2' }), 'disk.encryption', 'spec.unsupported_option'],
  ['logical volumes', disk({ volumes: 'lvm' }), 'disk.volumes', 'spec.unsupported_option'],
  ['a root of btrfs', disk({ root: { fileSystem: 'btrfs' } }), 'disk.root.fileSystem', 'spec.unsupported_option'],
  [
    'a partition of btrfs',
    partition({ mountPoint: '/var', fileSystem: 'btrfs', sizeMiB: 512 }),
    `${first}.fileSystem`,
    'spec.unsupported_option',
  ],
  ['a root of vfat', disk({ root: { fileSystem: 'vfat' } }), 'disk.root.fileSystem', 'spec.invalid_value'],
  [
    'a partition of xfs',
    partition({ mountPoint: '/var', fileSystem: 'xfs', sizeMiB: 512 }),
    `${first}.fileSystem`,
    'spec.invalid_value',
  ],
  ['a partition without a size', partition({ mountPoint: '/var' }), first, 'spec.missing'],
  [
    'a partition with a size and a share',
    partition({ mountPoint: '/var', sizeMiB: 64, share: 10 }),
    `${first}.share`,
    'spec.invalid_value',
  ],
  [
    'a partition that is too small',
    partition({ mountPoint: '/var', sizeMiB: 63 }),
    `${first}.sizeMiB`,
    'spec.invalid_value',
  ],
  ['a share of nothing', partition({ mountPoint: '/var', share: 0 }), `${first}.share`, 'spec.invalid_value'],
  ['a share of half a percent', partition({ mountPoint: '/var', share: 0.5 }), `${first}.share`, 'spec.invalid_value'],
  [
    'an unknown mount option',
    partition({ mountPoint: '/var', sizeMiB: 64, options: ['exec,suid'] }),
    `${first}.options[0]`,
    'spec.invalid_value',
  ],
  [
    'a mount option given twice',
    partition({ mountPoint: '/var', sizeMiB: 64, options: ['nodev', 'nodev'] }),
    `${first}.options[1]`,
    'spec.duplicate_name',
  ],
  [
    'a mount point given twice',
    partition({ mountPoint: '/var', sizeMiB: 64 }, { mountPoint: '/var', share: 10 }),
    'disk.partitions[1].mountPoint',
    'spec.duplicate_name',
  ],
  [
    'a partition below a vfat',
    partition({ mountPoint: '/srv/a', sizeMiB: 64 }, { mountPoint: '/srv', fileSystem: 'vfat', sizeMiB: 64 }),
    `${first}.mountPoint`,
    'spec.path_conflict',
  ],
  [
    'a mount point that is a file',
    { ...mounted('/srv'), files: [{ path: '/srv', content: '' }] },
    `${first}.mountPoint`,
    'spec.path_conflict',
  ],
  [
    'a swap file that is a file of the spec',
    { ...disk({ swap: { sizeMiB: 64, kind: 'file' } }), files: [{ path: '/swapfile', content: '' }] },
    'disk.swap.kind',
    'spec.path_conflict',
  ],
  [
    'seventeen partitions',
    partition(...Array.from({ length: 17 }, (_, at) => ({ mountPoint: `/srv/${at}`, sizeMiB: 64 }))),
    'disk.partitions',
    'spec.too_many',
  ],
  ['a small EFI partition', disk({ efi: { sizeMiB: 63 } }), 'disk.efi.sizeMiB', 'spec.invalid_value'],
  ['a small root', disk({ root: { sizeMiB: 255 } }), 'disk.root.sizeMiB', 'spec.invalid_value'],
  ['swap without a size', disk({ swap: {} }), 'disk.swap.sizeMiB', 'spec.missing'],
  ['swap in a cloud', disk({ swap: { sizeMiB: 64, kind: 'zram' } }), 'disk.swap.kind', 'spec.invalid_value'],
  ['growth at each boot', disk({ growth: 'always' }), 'disk.growth', 'spec.invalid_value'],
  ['a field of a layout that is none', disk({ tmp: '1G' }), 'disk.tmp', 'spec.unknown_key'],
  [
    'shares that leave the root nothing',
    partition({ mountPoint: '/var', share: 60 }, { mountPoint: '/home', share: 40 }),
    'disk.partitions',
    'spec.contradiction',
  ],
  [
    'shares of more than there is',
    disk({ root: { sizeMiB: 2_048 }, partitions: [60, 41].map((share, at) => ({ mountPoint: `/srv/${at}`, share })) }),
    'disk.partitions',
    'spec.contradiction',
  ],
  [
    'partitions larger than the disk',
    disk({ partitions: [{ mountPoint: '/var', sizeMiB: 1_000 }] }, { type: 'raw' }, { type: 'qcow2', sizeMiB: 1_322 }),
    'outputs[1].sizeMiB',
    'spec.contradiction',
  ],
  [
    'a share that is too small on its disk',
    disk({ partitions: [{ mountPoint: '/var', share: 5 }] }, { type: 'raw', sizeMiB: 1_346 }),
    'outputs[0].sizeMiB',
    'spec.contradiction',
  ],
  [
    'partitions larger than any disk',
    disk({ partitions: [{ mountPoint: '/var', sizeMiB: 51_000 }] }),
    'disk',
    'spec.contradiction',
  ],
  [
    'a swap file that fills the root',
    disk({ root: { sizeMiB: 1_024 }, swap: { sizeMiB: 769, kind: 'file' } }),
    'disk.swap.sizeMiB',
    'spec.contradiction',
  ],
];

/** The least sizes that are taken: one MiB more than in the rows above. */
export const diskLayoutsTaken: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
  [
    'a disk as large as its partitions and the least root',
    disk({ partitions: [{ mountPoint: '/var', sizeMiB: 1_000 }] }, { type: 'qcow2', sizeMiB: 1_323 }),
  ],
  [
    'a disk of which the share is enough',
    disk({ partitions: [{ mountPoint: '/var', share: 5 }] }, { type: 'raw', sizeMiB: 1_347 }),
  ],
  ['a swap file beside the least root', disk({ root: { sizeMiB: 1_024 }, swap: { sizeMiB: 768, kind: 'file' } })],
  [
    'shares of all that the root leaves',
    disk({ root: { sizeMiB: 2_048 }, partitions: [{ mountPoint: '/srv', share: 100 }] }),
  ],
  ['a partition below /usr/local', mounted('/usr/local')],
  ['a layout beside an output that is no disk', disk({ growth: 'first-boot' }, { type: 'iso' }, { type: 'ova' })],
  ['a layout that says nothing, of anything', disk({}, { type: 'tar' })],
];
