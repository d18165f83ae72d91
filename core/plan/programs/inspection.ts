import { z } from 'zod';
import { layerEntrySchema } from '../../builds/layer-index.ts';

/** How many of one kind of finding are listed; the rest is counted. */
export const mostFindings = 200;

const name = z.string().max(256);
const path = z.string().min(1).max(4096);
const count = z.number().int().min(0);

/** Paths of one kind, the first of them in order. `count` is of all. */
const pathsSchema = z.strictObject({ count, paths: z.array(path).max(mostFindings) });

/** How crypt(5) hashes, by the beginning of a hash. */
export const hashSchemes = [
  'yescrypt',
  'gost-yescrypt',
  'scrypt',
  'bcrypt',
  'sha512crypt',
  'sha256crypt',
  'sha1crypt',
  'md5crypt',
  'descrypt',
  'unknown',
] as const;

/**
 * An account, of passwd and shadow together. The hash is never told.
 * `password`: `none` has no entry in shadow; `empty` is opened by no password at all; `locked` has no hash that any
 * password gives; `set` has one, also where the account is locked by a `!` before it.
 */
const accountSchema = z.strictObject({
  name,
  uid: count,
  gid: count,
  home: z.string().max(4096),
  shell: z.string().max(4096),
  password: z.enum(['none', 'empty', 'locked', 'set']),
  scheme: z.enum(hashSchemes).optional().describe('Of a password that is set.'),
  lockedBefore: z.boolean().optional().describe('A `!` stands before its hash: no password opens it now.'),
  maximumDays: z.number().int().optional().describe('Days after which the password must be changed; absent: never.'),
  wellKnown: z
    .enum(['yes', 'no', 'untried'])
    .optional()
    .describe('Whether a password that is set is one that everybody tries; untried: its hash costs too much.'),
});
export type Account = z.infer<typeof accountSchema>;

/**
 * What one reading of an image’s tree found, as data: nothing of it is judged here, so that a stored build can be
 * judged again by checks that come later. It holds no password hash, no private key and no token.
 */
export const inspectionSchema = z.strictObject({
  format: z.literal('lbuild-inspection/1'),
  entries: z
    .array(layerEntrySchema)
    .max(60_000)
    .describe('Paths of the folders that checks look at, as the indexes of the layers have them; sorted.'),
  texts: z.record(path, z.string().max(262_144)).describe('Files that checks read, by their paths in `entries`.'),
  unread: z.array(path).max(1_000).describe('Such files that are larger than what is read, or no UTF-8.'),
  accounts: z.array(accountSchema).max(10_000),
  groups: z.array(z.strictObject({ name, gid: count, members: z.array(name).max(10_000) })).max(10_000),
  packages: z
    .array(z.strictObject({ name, version: name, architecture: name }))
    .max(20_000)
    .describe('Those whose state is installed.'),
  owners: z
    .record(path, name)
    .describe('The package that a unit or an executable with special rights belongs to, by path; absent: no package.'),
  worldWritable: pathsSchema.describe('Files that everybody may write, and folders without the sticky bit.'),
  unowned: pathsSchema.describe('Paths whose owner or group has no name in the image.'),
  privileged: z
    .array(z.strictObject({ path, mode: count, uid: count, gid: count, package: name.optional() }))
    .max(2_000)
    .describe('Executables with setuid, setgid or capabilities.'),
  changed: pathsSchema.describe('Files whose content is not what their package’s checksums say.'),
  unverified: pathsSchema.describe('Packages without checksums.'),
  secrets: z
    .strictObject({
      count,
      found: z.array(z.strictObject({ path, kind: name, line: count.optional() })).max(mostFindings),
    })
    .describe('Private keys and tokens, by kind; never their text.'),
});
export type Inspection = z.infer<typeof inspectionSchema>;

/** What an inspection lists: these folders with all that is below them, by paths relative to the root. */
export const inspectedFolders = [
  'boot',
  'etc',
  'root',
  'tmp',
  'usr/lib/audit',
  'usr/lib/modprobe.d',
  'usr/lib/sysctl.d',
  'usr/lib/systemd',
  'usr/local/lib/sysctl.d',
  'usr/local/lib/systemd',
  'var/lib/aide',
  'var/log',
  'var/spool/cron',
  'var/tmp',
] as const;

/**
 * Files whose text is read: a path, or the files of a folder by the end of their names. None of them is meant to hold a
 * secret; `etc/shadow` is read for `accounts` alone.
 */
export const inspectedTexts: readonly (string | { readonly folder: string; readonly ends: string })[] = [
  'etc/aide/aide.conf',
  'etc/apt/apt.conf',
  { folder: 'etc/apt/apt.conf.d', ends: '' },
  'etc/apt/sources.list',
  { folder: 'etc/apt/sources.list.d', ends: '.list' },
  { folder: 'etc/apt/sources.list.d', ends: '.sources' },
  'etc/audit/auditd.conf',
  { folder: 'etc/audit/rules.d', ends: '.rules' },
  'etc/bash.bashrc',
  'etc/chrony/chrony.conf',
  { folder: 'etc/chrony/conf.d', ends: '.conf' },
  { folder: 'etc/chrony/sources.d', ends: '.sources' },
  'etc/crypttab',
  'etc/default/ssh',
  'etc/default/useradd',
  'etc/fstab',
  'etc/issue',
  'etc/issue.net',
  'etc/login.defs',
  { folder: 'etc/modprobe.d', ends: '.conf' },
  { folder: 'usr/lib/modprobe.d', ends: '.conf' },
  'etc/motd',
  'etc/nftables.conf',
  { folder: 'etc/nftables.d', ends: '' },
  { folder: 'etc/pam.d', ends: '' },
  'etc/profile',
  { folder: 'etc/profile.d', ends: '.sh' },
  'etc/rsyslog.conf',
  { folder: 'etc/rsyslog.d', ends: '.conf' },
  'etc/security/faillock.conf',
  'etc/security/limits.conf',
  { folder: 'etc/security/limits.d', ends: '.conf' },
  'etc/security/pwhistory.conf',
  'etc/security/pwquality.conf',
  { folder: 'etc/security/pwquality.conf.d', ends: '.conf' },
  'etc/ssh/sshd_config',
  { folder: 'etc/ssh/sshd_config.d', ends: '' },
  'etc/ssl/openssl.cnf',
  'etc/sudoers',
  { folder: 'etc/sudoers.d', ends: '' },
  'etc/sysctl.conf',
  { folder: 'etc/sysctl.d', ends: '.conf' },
  { folder: 'usr/lib/sysctl.d', ends: '.conf' },
  { folder: 'usr/local/lib/sysctl.d', ends: '.conf' },
  'etc/systemd/coredump.conf',
  { folder: 'etc/systemd/coredump.conf.d', ends: '.conf' },
  { folder: 'usr/lib/systemd/coredump.conf.d', ends: '.conf' },
  'etc/systemd/journal-upload.conf',
  { folder: 'etc/systemd/journal-upload.conf.d', ends: '.conf' },
  'etc/systemd/journald.conf',
  { folder: 'etc/systemd/journald.conf.d', ends: '.conf' },
  { folder: 'usr/lib/systemd/journald.conf.d', ends: '.conf' },
  'etc/systemd/timesyncd.conf',
  { folder: 'etc/systemd/timesyncd.conf.d', ends: '.conf' },
  { folder: 'usr/lib/systemd/timesyncd.conf.d', ends: '.conf' },
  'etc/systemd/system/tmp.mount',
  { folder: 'etc/systemd/system/tmp.mount.d', ends: '.conf' },
  'usr/lib/systemd/system/tmp.mount',
];
