import { check } from '../check.ts';
import { readSshd, type SshdSettings } from '../readers/sshd.ts';
import { withoutSshd } from '../sshd-values.ts';
import { judged } from '../verdicts.ts';

/**
 * What is taken for strong: AES with 128 bits or more and ChaCha20; MACs of SHA-2; key exchanges of elliptic curves, of
 * groups of 3072 bits and more, and those that hold against quantum computers (NIST SP 800-52r2, 800-57 part 1 r5).
 */
const strong: Readonly<Record<string, RegExp>> = {
  Ciphers: /^(?:aes(?:128|192|256)-(?:ctr|gcm@openssh\.com)|chacha20-poly1305@openssh\.com)$/,
  MACs: /^hmac-sha2-(?:256|512)(?:-etm@openssh\.com)?$/,
  KexAlgorithms:
    /^(?:curve25519-sha256(?:@libssh\.org)?|ecdh-sha2-nistp(?:256|384|521)|diffie-hellman-group(?:15|16|17|18)-sha512|diffie-hellman-group-exchange-sha256|sntrup761x25519-sha512(?:@openssh\.com)?|mlkem768x25519-sha256|mlkem768nistp256-sha256|mlkem1024nistp384-sha384)$/,
};

/** What is on the line is encrypted with nothing weak. */
export const sshCryptography = check({
  id: 'ssh-cryptography',
  title: 'sshd speaks strong ciphers, MACs and key exchanges alone',
  severity: 'medium',
  tag: 'image',
  clauses: { base: ['SSH server'], hipaa: ['164.312(e)(2)(ii)'], 'pci-dss': ['2.2.7', '4.2.1'], soc2: ['CC6.7'] },
  how: 'Ciphers, MACs and KexAlgorithms are lists of known names, each of them on the list of strong ones. A list that adds to or takes from sshd’s own is not told by the image.',
  remedy: 'Name the algorithms in a drop-in of /etc/ssh/sshd_config.d.',
  judge(context) {
    const sshd = readSshd(context.tree);
    const wrong = Object.entries(strong).flatMap(([keyword, form]) => weakIn(sshd, keyword, form));
    const told = Object.keys(strong).map(
      (keyword) => `${sshd.global.get(keyword.toLowerCase())?.place ?? ''}: ${keyword} of strong algorithms alone`,
    );
    return withoutSshd(context) ?? judged(wrong, ['sshd: lists of strong algorithms', ...told]);
  },
});

function weakIn(sshd: SshdSettings, keyword: string, form: RegExp): string[] {
  const found = sshd.global.get(keyword.toLowerCase());
  if (found === undefined) return [`${keyword} is not set: sshd takes its own list`];
  if (/^[+^-]/.test(found.value))
    return [`${found.place}: ${keyword} ${found.value} changes sshd’s own list, which depends on its version`];
  const weak = found.value.split(',').filter((name) => !form.test(name.trim()));
  return weak.length === 0 ? [] : [`${found.place}: ${keyword} has ${weak.join(', ')}`];
}
