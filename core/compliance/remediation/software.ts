import type { TreeChange } from '../../plan/programs/remediate.ts';
import { quoted } from '../../text.ts';
import { aideUnit } from '../checks/file-integrity.ts';
import { legacyPackages } from '../checks/no-legacy-services.ts';
import { contradiction, type Remedy, unitStopped, withPackages } from './remedy.ts';

/** Each machine makes the database of itself: what is made in the build would tell of the first boot’s own changes. */
const makeDatabase = `[Unit]
Description=Make the database that AIDE compares the system with
ConditionPathExists=!/var/lib/aide/aide.db
RequiresMountsFor=/var/lib/aide
After=local-fs.target

[Service]
Type=exec
Nice=19
CPUSchedulingPolicy=idle
IOSchedulingClass=idle
ExecStart=/usr/sbin/aideinit -y -f

[Install]
WantedBy=multi-user.target
`;

/** Remedies of software, by check. */
export const softwareRemedies = {
  'tls-floor': {
    // The package has the file, and the link by which the library finds it.
    amend: ({ spec }) => withPackages(spec, 'openssl'),
    changes: () => [{ kind: 'tls-floor', minimum: 'TLSv1.2' }],
  } satisfies Remedy,

  'file-integrity': {
    system: true,
    contradictions: ({ spec }) => unitStopped(spec, 'dailyaidecheck.timer'),
    // The timer is of aide-common, whose package starts it.
    amend: ({ spec }) => withPackages(spec, 'aide', 'aide-common'),
    changes: () => [
      ...([
        { kind: 'write', path: `/etc/systemd/system/${aideUnit}`, text: makeDatabase, mode: 0o644 },
        {
          ...({ kind: 'link', path: `/etc/systemd/system/multi-user.target.wants/${aideUnit}` } as const),
          target: `/etc/systemd/system/${aideUnit}`,
        },
      ] satisfies TreeChange[]),
    ],
  } satisfies Remedy,

  'no-legacy-services': {
    contradictions: ({ spec: { packages } }) =>
      packages.install.flatMap((name, index) =>
        legacyPackages.includes(name)
          ? contradiction(['packages', 'install', index], `${quoted(name)} speaks in the clear`, 'Remove it.')
          : [],
      ),
  } satisfies Remedy,

  'security-updates': {
    system: true,
    contradictions: ({ spec: { updates } }) =>
      updates?.unattended === 'none'
        ? [contradiction(['updates', 'unattended'], 'security updates are to come by themselves', 'Leave it out.')]
        : [],
    amend: ({ spec }) =>
      spec.updates === undefined ? { ...spec, updates: { unattended: 'security', automaticReboot: false } } : spec,
  } satisfies Remedy,
} as const;
