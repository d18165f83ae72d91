import { passwordHashRefusal } from '../spec/password-hash.ts';
import type { DraftPath } from './draft.ts';
import type { Foreign } from './foreign.ts';
import { changed, type Scope } from './rules.ts';

/** What stands in /etc/shadow where no password opens an account, or a hash is locked. */
const lockMark = /^(?:!!?|\*)/;

/** Forms of hashes that crypt(5) has and a spec does not take. */
const otherHash = /^\$(?:[1257]|2[axy]|3|md5|sha1|gy|sm3[^$]*)[$,]|^[./A-Za-z0-9]{13}$|^_[./A-Za-z0-9]{19}$/;

/** The same algorithm under another prefix: all of them are what $2b$ says (crypt(5)), but for $2x$. */
const sameBcrypt = /^\$2[ay]\$(?=\d\d\$[./A-Za-z0-9]{53}$)/;

/** Puts a hash that the document has, and says whether it could. No note repeats it. */
export function putHash(hash: string, node: Foreign, { draft }: Scope, account: DraftPath): boolean {
  const plain = hash.replace(lockMark, '');
  if (plain !== hash) {
    draft.put([...account, 'locked'], true, node, changed('the mark before it locks the password'));
    if (plain === '') return false;
  }
  if (passwordHashRefusal(plain) === undefined) {
    draft.put([...account, 'passwordHash'], plain, node);
  } else if (sameBcrypt.test(plain)) {
    const note = 'the hash is given as $2b$, which is the same algorithm';
    draft.put([...account, 'passwordHash'], plain.replace(sameBcrypt, '$2b$'), node, changed(note));
  } else {
    draft.say(
      node,
      'dropped',
      'it is no hash that is accepted here ($y$, $6$, $5$ or $2b$): make a new one with `mkpasswd --method=yescrypt`',
    );
    return false;
  }
  return true;
}

/** Puts the hash of a password in clear, which is never repeated, and says whether it could. */
export function putPlainPassword(
  plain: string,
  node: Foreign,
  { draft, settings }: Scope,
  account: DraftPath,
): boolean {
  if (plain === '') {
    draft.say(node, 'dropped', 'an empty password opens no account here');
    return false;
  }
  const hash = plain.includes('\0') ? undefined : settings.hashPassword(plain);
  if (hash === undefined) {
    const note =
      'it cannot be hashed whole, since bcrypt takes 72 bytes: hash it with `mkpasswd --method=yescrypt` and give `passwordHash`';
    draft.say(node, 'dropped', note);
    return false;
  }
  const note = 'the password in clear is hashed (bcrypt); whoever has this file knows it';
  draft.put([...account, 'passwordHash'], hash, node, changed(note));
  return true;
}

/** Puts what is a hash or a password in clear, told apart by its form, and says whether it could. */
export function putPassword(value: string, node: Foreign, scope: Scope, account: DraftPath): boolean {
  const plain = value.replace(lockMark, '');
  // A word of letters and digits may be a hash of DES, and is a password much more often.
  const isHash =
    plain === '' ? value !== '' : /^\$(?:y|6|5|2b)\$/.test(plain) || (plain.startsWith('$') && otherHash.test(plain));
  return isHash ? putHash(value, node, scope, account) : putPlainPassword(value, node, scope, account);
}
