import { type Ntp, ntpPath } from '../../../../core/spec/configuration/ntp.ts';
import { type ConfigurationFile, linesFile } from './configuration-file.ts';

/** A drop-in of timesyncd.conf(5). Without servers there is none: the distribution's own stay. */
export function ntpFiles({ servers }: Ntp): ConfigurationFile[] {
  if (servers.length === 0) return [];
  return [linesFile(ntpPath, 'system.ntp', ['[Time]', `NTP=${servers.join(' ')}`])];
}
