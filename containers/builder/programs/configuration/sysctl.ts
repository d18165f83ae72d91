import { type Sysctl, sysctlPath } from '../../../../core/spec/configuration/sysctl.ts';
import { byCodeUnits } from '../../../../core/text.ts';
import { type ConfigurationFile, linesFile } from './configuration-file.ts';

/** A file of sysctl.d(5), sorted by name. */
export function sysctlFiles(parameters: Sysctl): ConfigurationFile[] {
  const lines = Object.entries(parameters)
    .sort(([a], [b]) => byCodeUnits(a, b))
    .map(([name, value]) => `${name} = ${value}`);
  return [linesFile(sysctlPath, 'sysctl', lines)];
}
