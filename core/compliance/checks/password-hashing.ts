import { check } from '../check.ts';
import { readFile } from '../readers/drop-ins.ts';
import { readPam } from '../readers/pam.ts';
import { seen } from '../readers/place.ts';
import { spacedSettings } from '../readers/settings.ts';
import { judged } from '../verdicts.ts';

const strong = new Set(['yescrypt', 'sha512crypt', 'bcrypt', 'scrypt', 'gost-yescrypt']);
/** Arguments of pam_unix that say how it hashes (pam_unix(8)). */
const hashes = ['md5', 'bigcrypt', 'sha256', 'sha512', 'blowfish', 'gost_yescrypt', 'yescrypt'];

/** Passwords are hashed with what costs an attacker. */
export const passwordHashing = check({
  id: 'password-hashing',
  title: 'Passwords are hashed with yescrypt, bcrypt or SHA-512',
  severity: 'high',
  tag: 'image',
  clauses: { base: ['Passwords'], hipaa: ['164.312(d)'], 'pci-dss': ['8.3.2'] },
  how: 'The hashes in /etc/shadow, ENCRYPT_METHOD of login.defs, and the argument of pam_unix in common-password.',
  remedy: 'Hash with yescrypt or SHA-512, and set ENCRYPT_METHOD YESCRYPT in /etc/login.defs.',
  judge({ tree, found: { accounts } }) {
    const method = spacedSettings(readFile(tree, 'etc/login.defs')).get('ENCRYPT_METHOD');
    const weak = accounts.flatMap(({ name, password, scheme }) =>
      password === 'set' && !strong.has(scheme ?? '')
        ? [`/etc/shadow: the password of ${name} is hashed with ${scheme ?? 'what is not known'}`]
        : [],
    );
    const told = seen('ENCRYPT_METHOD', method, 'shadow hashes with DES');
    const unix = readPam(tree, 'common-password').filter(
      ({ type, module }) => type === 'password' && module === 'pam_unix.so',
    );
    const modules = unix.flatMap(({ arguments: words, place }) => {
      const last = words.findLast((word) => hashes.includes(word));
      return last !== undefined && ['md5', 'bigcrypt', 'sha256'].includes(last)
        ? [`${place}: pam_unix.so hashes with ${last}`]
        : [];
    });
    const wrong = [...weak, ...(/^(?:YESCRYPT|SHA512|BCRYPT)$/.test(method?.value ?? '') ? [] : [told]), ...modules];
    return judged(wrong, [told]);
  },
});
