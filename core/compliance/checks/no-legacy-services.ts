import { check } from '../check.ts';
import { judged } from '../verdicts.ts';

/** Packages of Debian and Ubuntu whose programs send passwords or data in the clear, or are asked by anybody. */
export const legacyPackages: readonly string[] = [
  'telnet',
  'inetutils-telnet',
  'telnetd',
  'inetutils-telnetd',
  'telnetd-ssl',
  'rsh-client',
  'rsh-redone-client',
  'rsh-server',
  'rsh-redone-server',
  'ftp',
  'tnftp',
  'inetutils-ftp',
  'ftpd',
  'inetutils-ftpd',
  'vsftpd',
  'proftpd-core',
  'pure-ftpd',
  'tftp-hpa',
  'tftpd-hpa',
  'atftp',
  'atftpd',
  'nis',
  'ypbind-mt',
  'ypserv',
  'yp-tools',
  'talk',
  'talkd',
  'inetutils-talk',
  'inetutils-talkd',
  'rwho',
  'rwhod',
  'finger',
  'fingerd',
  'xinetd',
  'openbsd-inetd',
  'inetutils-inetd',
];

/** Nothing old that speaks in the clear. */
export const noLegacyServices = check({
  id: 'no-legacy-services',
  title: 'No telnet, rsh, ftp, tftp, nis, talk or inetd',
  severity: 'medium',
  tag: 'image',
  clauses: { base: ['Software'], hipaa: ['164.312(e)(1)'], 'pci-dss': ['2.2.4', '2.2.5'] },
  how: 'The installed packages are compared with a list.',
  remedy: 'Remove the packages; ssh, sftp and rsync over ssh do what they did.',
  judge({ found: { packages } }) {
    const wrong = packages.flatMap(({ name, version }) =>
      legacyPackages.includes(name) ? [`dpkg: ${name} ${version} is installed`] : [],
    );
    return judged(wrong, [`dpkg: none of ${packages.length} packages is on the list`]);
  },
});
