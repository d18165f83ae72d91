import type { Refusal } from './refusal.ts';

/** Forms of crypt(5) hashes that are accepted: yescrypt, SHA-512, SHA-256 and bcrypt; parameters, salt, digest. */
const acceptedHashes = [
  /^\$y\$[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{1,86}\$[./A-Za-z0-9]{43}$/,
  /^\$6\$(?:rounds=[1-9][0-9]{3,8}\$)?[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{86}$/,
  /^\$5\$(?:rounds=[1-9][0-9]{3,8}\$)?[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{43}$/,
  /^\$2b\$[0-9]{2}\$[./A-Za-z0-9]{53}$/,
];

/** Judges a password hash by its form. No message repeats the value: it may be a password. */
export function passwordHashRefusal(text: string): Refusal | undefined {
  if (acceptedHashes.some((form) => form.test(text))) return undefined;
  return {
    code: 'spec.plain_password',
    reason: 'the value is not a complete crypt(5) hash of the kinds $y$, $6$, $5$ or $2b$; a plain password is refused',
    remedy: 'Give the output of `mkpasswd --method=yescrypt`, and change a password that you sent in plain.',
  };
}
