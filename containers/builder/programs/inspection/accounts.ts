import type { Account, Inspection } from '../../../../core/plan/programs/inspection.ts';

/** An account with its hash, which stays in the builder. */
export interface KnownAccount {
  readonly account: Account;
  readonly hash: string | undefined;
}

const mostAccounts = 10_000;

/** How crypt(5) hashes, by what a hash begins with. */
const schemes: readonly (readonly [RegExp, NonNullable<Account['scheme']>])[] = [
  [/^\$y\$/, 'yescrypt'],
  [/^\$gy\$/, 'gost-yescrypt'],
  [/^\$7\$/, 'scrypt'],
  [/^\$2[abxy]\$/, 'bcrypt'],
  [/^\$6\$/, 'sha512crypt'],
  [/^\$5\$/, 'sha256crypt'],
  [/^\$sha1/, 'sha1crypt'],
  [/^\$1\$/, 'md5crypt'],
  [/^[./0-9A-Za-z]{13}$/, 'descrypt'],
  [/^[$_]/, 'unknown'],
];

const schemeOf = (hash: string) => schemes.find(([form]) => form.test(hash))?.[1];

const rowsOf = (text: string): string[][] =>
  text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .slice(0, mostAccounts)
    .map((line) => line.split(':'));

const numberOf = (text: string | undefined): number | undefined =>
  /^[0-9]{1,10}$/.test(text ?? '') ? Number(text) : undefined;

/**
 * The accounts of passwd(5) and shadow(5). A name that stands twice is told twice, as is one without a number, with the
 * number that nobody has.
 */
export function readAccounts(passwd: string, shadow: string): KnownAccount[] {
  const hashes = new Map<string, string[]>();
  for (const row of rowsOf(shadow)) if (!hashes.has(row[0] ?? '')) hashes.set(row[0] ?? '', row);
  return rowsOf(passwd).map(([name = '', field = '', uid, gid, , home = '', shell = '']) => {
    const entry = hashes.get(name);
    // By passwd(5), `x` says that the hash is in shadow; anything else is the hash itself.
    const written = field === 'x' ? entry?.[1] : field;
    const maximumDays = numberOf(entry?.[4]);
    const account: Account = {
      name: name.slice(0, 256),
      uid: numberOf(uid) ?? 4_294_967_295,
      gid: numberOf(gid) ?? 4_294_967_295,
      home: home.slice(0, 4_096),
      shell: shell.trim().slice(0, 4_096),
      ...passwordOf(written),
      ...(maximumDays === undefined ? {} : { maximumDays }),
    };
    return { account, hash: account.password === 'set' ? written?.replace(/^!+/, '') : undefined };
  });
}

function passwordOf(written: string | undefined): Pick<Account, 'password' | 'scheme' | 'lockedBefore'> {
  if (written === undefined) return { password: 'none' };
  if (written === '') return { password: 'empty' };
  const hash = written.replace(/^!+/, '');
  const scheme = schemeOf(hash);
  if (scheme === undefined) return { password: 'locked' };
  return { password: 'set', scheme, ...(hash === written ? {} : { lockedBefore: true }) };
}

/** The groups of group(5). */
export function readGroups(text: string): Inspection['groups'] {
  return rowsOf(text).map(([name = '', , gid, members = '']) => ({
    name: name.slice(0, 256),
    gid: numberOf(gid) ?? 4_294_967_295,
    members: members.split(',').filter((member) => member !== ''),
  }));
}
