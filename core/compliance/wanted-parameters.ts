/** Values that are good for a kernel parameter, the first of them the best. */
export type WantedParameters = Readonly<Record<string, readonly [string, ...string[]]>>;

const both = (name: string, ...values: [string, ...string[]]) => ({
  [`net.ipv4.conf.all.${name}`]: values,
  [`net.ipv4.conf.default.${name}`]: values,
});

/** The kernel parameters that checks want to be set, by check: they judge by these, and remedies set them. */
export const wantedParameters = {
  'core-dumps-off': { 'fs.suid_dumpable': ['0'] },
  'address-randomisation': { 'kernel.randomize_va_space': ['2'] },
  'kernel-log-restricted': { 'kernel.dmesg_restrict': ['1'], 'kernel.kptr_restrict': ['2', '1'] },
  'network-parameters': {
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
  },
  'forwarding-off': { 'net.ipv4.ip_forward': ['0'], 'net.ipv6.conf.all.forwarding': ['0'] },
} as const satisfies Readonly<Record<string, WantedParameters>>;
