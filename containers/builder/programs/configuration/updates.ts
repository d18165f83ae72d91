import { periodicPath, type Updates, upgradesPath } from '../../../../core/spec/configuration/updates.ts';
import type { ProgramContext } from '../../contract.ts';
import { type ConfigurationFile, linesFile } from './configuration-file.ts';

type Distribution = Pick<ProgramContext<unknown>['distribution'], 'unattendedUpgrades'>;

/** Files of apt.conf(5). Lists add up in it, so the package's own are cleared first. */
export function updatesFiles(
  { unattended, automaticReboot, rebootTime }: Updates,
  { unattendedUpgrades }: Distribution,
): ConfigurationFile[] {
  const often = unattended === 'none' ? '0' : '1';
  const periodic = [`APT::Periodic::Update-Package-Lists "${often}";`, `APT::Periodic::Unattended-Upgrade "${often}";`];
  const files = [linesFile(periodicPath, 'updates', periodic, '//')];
  if (unattended === 'none') return files;
  const list = 'Unattended-Upgrade::Origins-Pattern';
  const upgrades = [
    ...[list, ...unattendedUpgrades.otherLists].map((name) => `#clear ${name};`),
    `${list}:: "${unattended === 'all' ? 'origin=*' : unattendedUpgrades.securityOrigin}";`,
    `Unattended-Upgrade::Automatic-Reboot "${automaticReboot}";`,
    ...(rebootTime === undefined ? [] : [`Unattended-Upgrade::Automatic-Reboot-Time "${rebootTime}";`]),
  ];
  return [...files, linesFile(upgradesPath, 'updates', upgrades, '//')];
}
