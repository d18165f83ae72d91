import { periodicPath, type Updates, upgradesPath } from '../../../../core/spec/configuration/updates.ts';
import { type ConfigurationFile, linesFile } from './configuration-file.ts';

/** Patterns of the origins that are taken from. Debian 11 and later name the security suite CODENAME-security. */
const origins = {
  // The code name stays a variable: an image that is upgraded to the next release keeps its updates.
  security: [`origin=Debian,codename=\${distro_codename}-security,label=Debian-Security`],
  all: ['origin=*'],
} as const;

/** Files of apt.conf(5). Lists add up in it, so the package's own is cleared first. */
export function updatesFiles({ unattended, automaticReboot, rebootTime }: Updates): ConfigurationFile[] {
  const often = unattended === 'none' ? '0' : '1';
  const periodic = [`APT::Periodic::Update-Package-Lists "${often}";`, `APT::Periodic::Unattended-Upgrade "${often}";`];
  const files = [linesFile(periodicPath, 'updates', periodic, '//')];
  if (unattended === 'none') return files;
  const list = 'Unattended-Upgrade::Origins-Pattern';
  const upgrades = [
    `#clear ${list};`,
    ...origins[unattended].map((pattern) => `${list}:: "${pattern}";`),
    `Unattended-Upgrade::Automatic-Reboot "${automaticReboot}";`,
    ...(rebootTime === undefined ? [] : [`Unattended-Upgrade::Automatic-Reboot-Time "${rebootTime}";`]),
  ];
  return [...files, linesFile(upgradesPath, 'updates', upgrades, '//')];
}
