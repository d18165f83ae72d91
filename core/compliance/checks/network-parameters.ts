import { check } from '../check.ts';
import { judgeParameters } from '../kernel-values.ts';
import { wantedParameters } from '../wanted-parameters.ts';

/** The network cannot talk the kernel into anything. */
export const networkParameters = check({
  id: 'network-parameters',
  title: 'The kernel takes no redirects, no source routes and no false addresses',
  severity: 'medium',
  tag: 'image',
  clauses: { base: ['Network'], 'pci-dss': ['1.4.3'] },
  how: 'Parameters of net.ipv4 and net.ipv6 as files of sysctl.d set them, for all interfaces and for those to come.',
  remedy:
    'Set rp_filter, accept_redirects, secure_redirects, send_redirects, accept_source_route and tcp_syncookies in `sysctl`.',
  judge: (context) => judgeParameters(context, wantedParameters['network-parameters']),
});
