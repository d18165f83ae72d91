import { type CloudInit, cloudInitPath } from '../../../../core/spec/configuration/cloud-init.ts';
import { type ConfigurationFile, linesFile } from './configuration-file.ts';

/**
 * Settings of cloud-init in YAML. The data sources stand in one line, by hand: ds-identify, which decides at boot whether
 * cloud-init runs at all, is a shell script that reads that line and knows no other form. All words are of the schema.
 */
export function cloudInitFiles({ datasources, network, preserveHostname }: CloudInit): ConfigurationFile[] {
  const lines = [
    `datasource_list: [ ${datasources.join(', ')} ]`,
    ...(network ? [] : ['network: {config: disabled}']),
    ...(preserveHostname ? ['preserve_hostname: true'] : []),
  ];
  return [linesFile(cloudInitPath, 'cloudInit', lines)];
}
