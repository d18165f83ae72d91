import { z } from 'zod';
import { sectionsOf } from '../../spec/configuration/sections.ts';
import { patternText } from '../../spec/refusal.ts';
import { unitName } from '../../spec/services.ts';
import { check } from '../check.ts';
import { readUnits } from '../readers/units.ts';
import { judged, withoutSystem } from '../verdicts.ts';

/**
 * Packages of the minimal system of Debian and Ubuntu, of what boots it, and of ssh and AppArmor: what they start every
 * image is expected to start.
 */
const usual = new Set([
  ...[
    'systemd',
    'systemd-sysv',
    'systemd-resolved',
    'systemd-timesyncd',
    'systemd-repart',
    'libpam-systemd',
    'udev',
    'dbus',
    'dbus-system-bus-common',
  ],
  ...[
    'dbus-user-session',
    'apt',
    'dpkg',
    'cron',
    'cron-daemon-common',
    'anacron',
    'util-linux',
    'e2fsprogs',
    'kmod',
    'procps',
  ],
  ...[
    'logrotate',
    'man-db',
    'openssh-server',
    'ifupdown',
    'console-setup',
    'keyboard-configuration',
    'initramfs-tools',
  ],
  ...['live-boot', 'live-tools', 'apparmor', 'rsyslog', 'netplan.io', 'netplan-generator', 'networkd-dispatcher'],
  ...['ubuntu-pro-client', 'ubuntu-release-upgrader-core', 'update-notifier-common', 'motd-news-config', 'base-files'],
]);

const unitText = patternText({
  pattern: /^[A-Za-z0-9_][A-Za-z0-9:_.\\@-]*$/,
  maxLength: 247,
  what: 'the name of a systemd unit',
  remedy: 'Give a unit such as ssh, ssh.socket or getty@tty2.service.',
});

/** What starts is what the spec is for. */
export const servicesOfSpec = check({
  id: 'services-of-spec',
  title: 'What starts is in the minimal system, or the spec asks for it',
  severity: 'medium',
  tag: 'image',
  clauses: { 'pci-dss': ['2.2.4'], soc2: ['CC6.8'] },
  how: 'Units that start are of packages of the minimal system, of `services.enable`, of sections of the spec, of packages that `packages.install` names, or named in `tailoring`.',
  remedy: 'Name the unit in `services.enable`, or disable it in `services.disable`.',
  parameters: z.strictObject({
    allow: z
      .array(unitText.describe('Name of a unit.'))
      .max(200)
      .default([])
      .describe('Units that are expected beside these.'),
  }),
  judge({ spec, tree, found, values }) {
    const asked = new Set([
      ...spec.services.enable,
      ...sectionsOf(spec).flatMap(({ enable }) => enable),
      ...values.allow.map(unitName),
    ]);
    const named = new Set([...spec.packages.install, ...sectionsOf(spec).flatMap(({ packages }) => packages)]);
    const { enabled } = readUnits(tree);
    const wrong = [...enabled].flatMap(([unit, link]) => {
      const file = ['etc/systemd/system', 'usr/local/lib/systemd/system', 'usr/lib/systemd/system']
        .map((folder) => `${folder}/${unit.replace(/@[^.]*\./, '@.')}`)
        .find((path) => tree.find(path) !== undefined);
      const owner = file === undefined ? undefined : found.owners[tree.find(file)?.path ?? file];
      // What the engine itself writes is for what the spec asks; a mount of /tmp is another check’s matter.
      if (asked.has(unit) || unit.startsWith('lbuild-') || unit === 'tmp.mount') return [];
      if (owner !== undefined && (usual.has(owner) || named.has(owner))) return [];
      return [`${link}: ${unit} starts${owner === undefined ? '' : `, of the package ${owner}`}`];
    });
    return withoutSystem(spec) ?? judged(wrong, [`${enabled.size} units start, all of them expected`]);
  },
});
