import type { TreeChange } from '../../plan/programs/remediate.ts';
import { contradiction, type Remedy } from './remedy.ts';

const wantedMounts = ['nodev', 'noexec', 'nosuid'] as const;

const limited = (mode: number, groups: readonly string[], ...paths: readonly string[]): TreeChange[] =>
  paths.map((path) => ({ kind: 'mode', path, mode, groups: [...groups] }));

/** As systemd has it, and noexec. */
const temporaryMount = `[Unit]
Description=Temporary Directory /tmp
ConditionPathIsSymbolicLink=!/tmp
DefaultDependencies=no
Conflicts=umount.target
Before=local-fs.target umount.target
After=swap.target

[Mount]
What=tmpfs
Where=/tmp
Type=tmpfs
Options=mode=1777,strictatime,nosuid,nodev,noexec,size=50%%,nr_inodes=1m

[Install]
WantedBy=local-fs.target
`;

const othersWrite = (mode: string): boolean => (Number.parseInt(mode, 8) & 0o002) !== 0;
const isSticky = (mode: string): boolean => (Number.parseInt(mode, 8) & 0o1000) !== 0;

/** Remedies of file systems and modes, by check. */
export const fileRemedies = {
  'temporary-folder': {
    system: true,
    contradictions: ({ spec }) =>
      (spec.disk?.partitions ?? []).flatMap(({ mountPoint, options }, index) => {
        const missing = options === undefined ? [] : wantedMounts.filter((option) => !options.includes(option));
        if (mountPoint !== '/tmp' || missing.length === 0) return [];
        const at = ['disk', 'partitions', index, 'options'];
        return contradiction(at, `/tmp is to be mounted ${missing.join(', ')}, too`, 'Add them, or leave it out.');
      }),
    amend: ({ spec }) => {
      const partitions = spec.disk?.partitions ?? [];
      if (!partitions.some(({ mountPoint, options }) => mountPoint === '/tmp' && options === undefined)) return spec;
      const mounted = partitions.map((partition) =>
        partition.mountPoint === '/tmp' ? { ...partition, options: [...wantedMounts] } : partition,
      );
      return { ...spec, disk: { ...spec.disk, partitions: mounted } };
    },
    changes: ({ spec }) => [
      // apt runs what it takes out of packages to ask questions.
      {
        ...({ kind: 'write', path: '/etc/apt/apt.conf.d/90lbuild-temporary', mode: 0o644 } as const),
        ...{ text: 'APT::ExtractTemplates::TempDir "/var/tmp";\n', ifThere: '/etc/apt/apt.conf.d' },
      },
      ...(spec.disk?.partitions?.some(({ mountPoint }) => mountPoint === '/tmp') === true
        ? []
        : ([
            { kind: 'write', path: '/etc/systemd/system/tmp.mount', text: temporaryMount, mode: 0o644 },
            {
              ...({ kind: 'link', path: '/etc/systemd/system/local-fs.target.wants/tmp.mount' } as const),
              target: '/etc/systemd/system/tmp.mount',
            },
          ] satisfies TreeChange[])),
    ],
  } satisfies Remedy,

  'account-file-modes': {
    changes: () => [
      ...limited(0o644, [], ...['/etc/passwd', '/etc/passwd-', '/etc/group', '/etc/group-', '/etc/shells']),
      ...limited(0o640, ['shadow'], ...['/etc/shadow', '/etc/shadow-', '/etc/gshadow', '/etc/gshadow-']),
      ...limited(0o600, [], '/etc/security/opasswd'),
    ],
  } satisfies Remedy,

  'cron-modes': {
    changes: () => [
      ...limited(0o600, [], '/etc/crontab'),
      ...limited(
        0o700,
        [],
        ...['d', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'].map((name) => `/etc/cron.${name}`),
      ),
      ...limited(0o1730, ['crontab'], '/var/spool/cron/crontabs'),
    ],
  } satisfies Remedy,

  'boot-menu-modes': {
    changes: () => limited(0o600, [], '/boot/grub/grub.cfg', '/boot/grub/user.cfg'),
  } satisfies Remedy,

  'no-world-writable': {
    contradictions: ({ spec: { files, directories = [] } }) => [
      ...files.flatMap(({ mode }, index) =>
        othersWrite(mode)
          ? contradiction(
              ['files', index, 'mode'],
              'nobody but owner and group is to write it',
              'Give it another mode.',
            )
          : [],
      ),
      ...directories.flatMap(({ mode }, index) =>
        othersWrite(mode) && !isSticky(mode)
          ? contradiction(['directories', index, 'mode'], 'everybody may write it', 'Give it another mode, or 1777.')
          : [],
      ),
    ],
    changes: () => [{ kind: 'not-for-all' }],
  } satisfies Remedy,
} as const;
