import { check } from '../check.ts';
import { minimumTls } from '../readers/openssl.ts';
import { fail, notApplicable, pass } from '../verdicts.ts';

/** No TLS that is broken. */
export const tlsFloor = check({
  id: 'tls-floor',
  title: 'OpenSSL speaks TLS 1.2 and later alone',
  severity: 'medium',
  tag: 'image',
  clauses: { base: ['Cryptography'], hipaa: ['164.312(e)(2)(ii)'], 'pci-dss': ['4.2.1'], soc2: ['CC6.7'] },
  how: 'MinProtocol of the default section in /etc/ssl/openssl.cnf is TLSv1.2 or TLSv1.3.',
  remedy: 'Set MinProtocol = TLSv1.2 in the section that system_default names.',
  judge({ tree, found }) {
    if (!found.packages.some(({ name }) => /^libssl[0-9]/.test(name))) return notApplicable('the image has no OpenSSL');
    const setting = minimumTls(tree);
    if (setting === undefined)
      return fail('/etc/ssl/openssl.cnf: MinProtocol is not set: what the library was built with holds');
    const told = `${setting.place}: MinProtocol ${setting.value}`;
    return /^TLSv1\.[23]$/.test(setting.value) ? pass(told) : fail(told);
  },
});
