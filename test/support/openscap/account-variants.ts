import type { Change, Changed } from './change-tree.ts';
import type { Expected, Row, Variant } from './comparison.ts';

const shadowGroup = 42;

interface Database {
  readonly path: string;
  readonly id: string;
  readonly mode: number;
  readonly gid: number;
  readonly backup: boolean;
}

const databases: readonly Database[] = [
  ...['passwd', 'group'].map((name) => ({ name, mode: 0o644, gid: 0 })),
  ...['shadow', 'gshadow'].map((name) => ({ name, mode: 0o640, gid: shadowGroup })),
].flatMap(({ name, mode, gid }) => [
  { path: `etc/${name}`, id: `etc_${name}`, mode, gid, backup: false },
  { path: `etc/${name}-`, id: `backup_etc_${name}`, mode, gid, backup: true },
]);
const ofHashes = databases.filter(({ gid }) => gid === shadowGroup);
const present = (paths: readonly string[]) => databases.filter(({ path }) => paths.includes(path));

const row =
  (expected: Expected) =>
  ({ path, id }: Database): Row => ({
    ...{ check: 'account-file-modes', path, expected },
    definitions: [`file_permissions_${id}`, `file_owner_${id}`, `file_groupowner_${id}`],
  });

/** These databases with their usual modes and owners, the backups made, and something laid over. */
function databasesWith(some: readonly Database[], over: (database: Database) => object): Change {
  return Object.fromEntries(
    some.map((database): [string, Changed] => {
      const { path, mode, gid, backup } = database;
      return [path, { ...(backup ? { text: 'kept\n' } : {}), mode, uid: 0, gid, ...over(database) }];
    }),
  );
}

const every = (name: string, over: (database: Database) => object, expected: Expected, some = databases): Variant => ({
  name,
  change: databasesWith(some, over),
  rows: some.map(row(expected)),
});

/** user::rw-, user:65534:r--, group::r--, mask::r--, other::---, version 2 of acl(5). */
const letsNobodyRead = Buffer.from(
  '02000000' + '01000600ffffffff' + '02000400feff0000' + '04000400ffffffff' + '10000400ffffffff' + '20000000ffffffff',
  'hex',
).toString('base64');

export const accountVariants: readonly Variant[] = [
  { name: 'as it was built', change: {}, rows: databases.map(row('pass')) },
  every('with the backups that useradd leaves', () => ({}), 'pass'),
  every('others may write', ({ mode }) => ({ mode: mode | 0o002 }), 'fail'),
  every('others may read hashes', () => ({ mode: 0o644 }), 'fail', ofHashes),
  every('their group may write', ({ mode }) => ({ mode: mode | 0o020 }), 'fail'),
  every('root alone may read', () => ({ mode: 0o400 }), 'pass'),
  every('with setuid', ({ mode }) => ({ mode: mode | 0o4000 }), 'fail'),
  every('of another owner', () => ({ uid: 1 }), 'fail'),
  every('of another group that may read', () => ({ gid: 100 }), 'fail'),
  every('of the group root', () => ({ gid: 0 }), { ours: 'pass', theirs: 'fail', why: 'stricter-group' }, ofHashes),
  every('of another group that may do nothing', () => ({ mode: 0o600, gid: 100 }), {
    ...{ ours: 'pass', theirs: 'fail', why: 'group-without-rights' },
  }),
  {
    name: 'the group 42 has another name',
    change: { 'etc/group': { replace: ['shadow:x:42:', 'ops:x:42:'] } },
    rows: present(['etc/shadow', 'etc/gshadow']).map(row({ ours: 'fail', theirs: 'pass', why: 'number-of-group' })),
  },
  {
    name: 'a link to a file that others may read',
    change: { 'etc/real/shadow': { text: 'root:*:1::::::\n', mode: 0o644 }, 'etc/shadow': { link: 'real/shadow' } },
    rows: present(['etc/shadow']).map(row({ ours: 'fail', theirs: 'pass', why: 'link-followed' })),
  },
  {
    name: 'not there',
    change: { 'etc/shadow': null },
    rows: present(['etc/shadow']).map(row({ ours: 'fail', theirs: 'pass', why: 'missing' })),
  },
  {
    name: 'an access control list for the account nobody',
    change: { 'etc/shadow': { xattrs: { 'system.posix_acl_access': letsNobodyRead } } },
    rows: present(['etc/shadow']).map(row({ ours: 'fail', theirs: 'pass', why: 'access-list' })),
  },
];
