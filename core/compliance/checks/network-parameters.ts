import { check } from '../check.ts';
import { judgeParameters } from '../kernel-values.ts';

const both = (name: string, ...values: string[]) => ({
  [`net.ipv4.conf.all.${name}`]: values,
  [`net.ipv4.conf.default.${name}`]: values,
});

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
  judge: (context) =>
    judgeParameters(context, {
      ...both('rp_filter', '1', '2'),
      ...both('accept_redirects', '0'),
      ...both('secure_redirects', '0'),
      ...both('send_redirects', '0'),
      ...both('accept_source_route', '0'),
      'net.ipv6.conf.all.accept_redirects': ['0'],
      'net.ipv6.conf.default.accept_redirects': ['0'],
      'net.ipv6.conf.all.accept_source_route': ['0'],
      'net.ipv4.tcp_syncookies': ['1'],
      'net.ipv4.icmp_echo_ignore_broadcasts': ['1'],
    }),
});
