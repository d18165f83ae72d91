import { check } from '../check.ts';
import { judgeParameters } from '../kernel-values.ts';
import { wantedParameters } from '../wanted-parameters.ts';

/** The machine is no way between networks. */
export const forwardingOff = check({
  id: 'forwarding-off',
  title: 'Nothing is passed on between networks',
  severity: 'medium',
  tag: 'image',
  clauses: { base: ['Network'], 'pci-dss': ['1.4.1', '1.4.2'] },
  how: 'net.ipv4.ip_forward and net.ipv6.conf.all.forwarding are set to 0.',
  remedy: 'Set both to "0" in `sysctl`; a router or a host of containers needs a waiver.',
  judge: (context) => judgeParameters(context, wantedParameters['forwarding-off']),
});
