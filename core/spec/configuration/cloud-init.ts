import { z } from 'zod';
import { repeatedNames, ruledValue } from './rules.ts';
import type { SectionEffects } from './section.ts';

/** Data sources of cloud-init 22.4 (Debian 12) and 25.1 (Debian 13), by the names that `datasource_list` has for them. */
const datasources = [
  ...([
    'NoCloud',
    'ConfigDrive',
    'LXD',
    'OpenNebula',
    'DigitalOcean',
    'Azure',
    'OVF',
    'VMware',
    'MAAS',
    'GCE',
  ] as const),
  ...(['OpenStack', 'AliYun', 'Vultr', 'Ec2', 'CloudSigma', 'CloudStack', 'SmartOS', 'Bigstep', 'Scaleway'] as const),
  ...(['Hetzner', 'IBMCloud', 'Oracle', 'Exoscale', 'RbxCloud', 'UpCloud', 'NWCS', 'None'] as const),
] as const;

/** What sets a machine up at its first boot, by cloud-init. */
export const cloudInitSchema = ruledValue(
  z
    .strictObject({
      datasources: z
        .array(z.enum(datasources).describe('Data source.'))
        .min(1)
        .describe(
          'Where cloud-init looks for what a machine is to be, in this order, such as NoCloud or Ec2. `None` last: go on without.',
        ),
      network: z
        .boolean()
        .default(true)
        .describe('Let cloud-init configure the network. False: the image does so itself.'),
      preserveHostname: z
        .boolean()
        .default(false)
        .describe('Keep the host name of the image, whatever the data source says.'),
    })
    .describe('What sets a machine up at its first boot, by cloud-init.'),
  ({ datasources: names }) => repeatedNames(names, (index) => ['datasources', index], 'Name each data source once.'),
);
export type CloudInit = z.output<typeof cloudInitSchema>;

/** Behind 90_dpkg.cfg, in which `dpkg-reconfigure cloud-init` names data sources too: of two files the later wins. */
export const cloudInitPath = '/etc/cloud/cloud.cfg.d/95-lbuild.cfg';

export function cloudInitEffects(_cloudInit: CloudInit): SectionEffects {
  return { packages: ['cloud-init'], paths: [cloudInitPath], enable: [], disable: [] };
}
