/**
 * users: adds users by editing the account files as data, as useradd(8) would; nothing of the tree is run.
 *
 *   users:
 *     - name: ops                 Required.
 *       uid: 1200                 Optional: the lowest free number from 1000.
 *       groups: [sudo]            Groups beside its own; each must exist (a package or `groups` makes it).
 *       shell: /bin/bash          Must be in the tree.
 *       home: /home/ops           Made with the content of /etc/skel where it is missing.
 *       comment: ""               GECOS text.
 *       sshKeys: ["ssh-ed25519 …"] Lines of ~/.ssh/authorized_keys, 0600.
 *       passwordHash: "$y$…"      Optional: without it the password is locked.
 *       mustChangePassword: true  Optional: the next login asks for a new password.
 *       locked: true              Optional: the password opens nothing, as after `passwd --lock`.
 *       sudo:                     Optional: /etc/sudoers.d/lbuild-NAME.
 *         passwordless: true
 *         commands: [/usr/bin/id] Optional: all where absent.
 *   root:                         Optional: sshKeys, passwordHash, mustChangePassword and locked of root.
 *
 * Each user has a group of its own name (made with the same number where that is free). The day of the last password
 * change is that of SOURCE_DATE_EPOCH. A user whom the tree already has, such as root, gets the given password hash,
 * groups and keys and keeps all else. Sub-ids are handed out where the tree keeps them (/etc/subuid).
 */
import { users as declaration } from '../../../core/plan/programs/customise.ts';
import type { OptionsOf, ProgramContext, ProgramOutcome, StepProgram } from '../contract.ts';
import { StepError } from '../step-error.ts';
import {
  type AccountTable,
  freeId,
  idsOf,
  needAccountTable,
  needFieldText,
  readAccountTable,
  rowOf,
  withMember,
  writeAccountTable,
} from './tree/account-table.ts';
import { makeHome, writeAuthorizedKeys } from './tree/home-folder.ts';
import { writeSudoers } from './tree/sudoers.ts';
import { existsInTree } from './tree/tree-file.ts';

type Options = OptionsOf<typeof declaration>;
type User = Options['users'][number];

interface Accounts {
  readonly passwd: AccountTable;
  readonly group: AccountTable;
  readonly shadow: AccountTable;
  readonly gshadow: AccountTable | undefined;
  readonly subuid: AccountTable | undefined;
  readonly subgid: AccountTable | undefined;
  readonly uids: Set<number>;
  readonly gids: Set<number>;
  /** Days since 1970, the unit of shadow(5). */
  readonly day: string;
}

/** Shells that only refuse a login need no program behind them. */
const refusingShells = ['/usr/sbin/nologin', '/sbin/nologin', '/bin/false', '/usr/bin/false'];

async function run(context: ProgramContext<Options>): Promise<ProgramOutcome> {
  const passwd = await needAccountTable(context, '/etc/passwd');
  const group = await needAccountTable(context, '/etc/group');
  const accounts: Accounts = {
    passwd,
    group,
    shadow: await needAccountTable(context, '/etc/shadow'),
    gshadow: await readAccountTable(context, '/etc/gshadow'),
    subuid: await readAccountTable(context, '/etc/subuid'),
    subgid: await readAccountTable(context, '/etc/subgid'),
    uids: idsOf(passwd),
    gids: idsOf(group),
    day: String(Math.floor(context.sourceDateEpoch / 86_400)),
  };
  await reserveIds(context, accounts);
  for (const [position, user] of context.options.users.entries()) {
    const field = `users[${position}]`;
    const isNew = rowOf(passwd, user.name) === undefined;
    if (isNew) addUser(accounts, user, field);
    setPassword(accounts, user.name, user, field);
    joinGroups(accounts, user, field);
    const row = rowOf(passwd, user.name) ?? [];
    const owner = { uid: Number(row[2]), gid: Number(row[3]) };
    const home = row[5] ?? user.home;
    if (isNew) await makeHome(context, home, owner);
    if (user.sshKeys.length > 0) await writeAuthorizedKeys(context, home, user.sshKeys, owner);
    if (user.sudo !== undefined) await writeSudoers(context, user.name, user.sudo, `${field}.sudo`);
  }
  if (context.options.root !== undefined) await setRoot(context, accounts, context.options.root);
  await save(context, accounts);
  return { facts: { users: String(context.options.users.length) } };
}

/** Checks what can be wrong before anything is written, and takes explicit numbers before free ones are given out. */
async function reserveIds(context: ProgramContext<Options>, accounts: Accounts): Promise<void> {
  for (const [position, user] of context.options.users.entries()) {
    const field = `users[${position}]`;
    const existing = rowOf(accounts.passwd, user.name);
    if (existing !== undefined) {
      if (user.uid !== undefined && existing[2] !== String(user.uid)) {
        throw new StepError(
          'step.failed',
          `${field}.uid: ${user.name} exists in the image with number ${existing[2]}; leave uid out or give that`,
        );
      }
      continue;
    }
    if (user.uid !== undefined) {
      if (accounts.uids.has(user.uid)) {
        throw new StepError('step.failed', `${field}.uid: ${user.uid} is another user's number`);
      }
      accounts.uids.add(user.uid);
    }
    if (!refusingShells.includes(user.shell) && !(await existsInTree(context, user.shell))) {
      throw new StepError(
        'step.failed',
        `${field}.shell: ${user.shell} is not in the image; install the package that holds it or choose another`,
      );
    }
  }
}

function addUser(accounts: Accounts, user: User, field: string): void {
  const name = needFieldText(`${field}.name`, user.name);
  const uid = user.uid ?? freeId(accounts.uids);
  accounts.uids.add(uid);
  const own = rowOf(accounts.group, name);
  const gid = own === undefined ? (accounts.gids.has(uid) ? freeId(accounts.gids) : uid) : Number(own[2]);
  if (own === undefined) {
    accounts.gids.add(gid);
    accounts.group.rows.push([name, 'x', String(gid), '']);
    accounts.gshadow?.rows.push([name, '!', '', '']);
  }
  const comment = needFieldText(`${field}.comment`, user.comment);
  const home = needFieldText(`${field}.home`, user.home);
  const shell = needFieldText(`${field}.shell`, user.shell);
  accounts.passwd.rows.push([name, 'x', String(uid), String(gid), comment, home, shell]);
  accounts.shadow.rows.push([name, '!', accounts.day, '0', '99999', '7', '', '', '']);
  for (const table of [accounts.subuid, accounts.subgid]) if (table !== undefined) addSubIds(table, name);
}

/** SUB_UID_MIN and SUB_UID_COUNT of Debian's login.defs. */
const firstSubId = 100_000;
const subIdCount = 65_536;

function addSubIds(table: AccountTable, name: string): void {
  if (rowOf(table, name) !== undefined) return;
  const ends = table.rows.map((row) => Number(row[1]) + Number(row[2])).filter(Number.isInteger);
  table.rows.push([name, String(Math.max(firstSubId, ...ends)), String(subIdCount)]);
}

async function setRoot(
  context: ProgramContext<Options>,
  accounts: Accounts,
  root: NonNullable<Options['root']>,
): Promise<void> {
  setPassword(accounts, 'root', root, 'rootAccount');
  const row = rowOf(accounts.passwd, 'root') ?? [];
  const owner = { uid: Number(row[2]), gid: Number(row[3]) };
  if (root.sshKeys.length > 0) await writeAuthorizedKeys(context, row[5] ?? '/root', root.sshKeys, owner);
}

/** What a spec says of an account's password. */
type Password = Pick<User, 'passwordHash' | 'mustChangePassword' | 'locked'>;

/** Sets hash, lock and day in shadow(5). A day of 0 asks for a new password; `!` before a hash locks it. */
function setPassword(accounts: Accounts, name: string, password: Password, field: string): void {
  const { passwordHash, mustChangePassword, locked } = password;
  if (passwordHash === undefined && mustChangePassword !== true && locked !== true) return;
  const row = rowOf(accounts.shadow, name);
  if (row === undefined) throw new StepError('step.failed', `${field}: ${name} has no line in /etc/shadow`);
  if (passwordHash !== undefined) {
    row[1] = needFieldText(`${field}.passwordHash`, passwordHash);
    row[2] = accounts.day;
  }
  if (locked === true && row[1]?.startsWith('!') !== true) row[1] = `!${row[1] ?? ''}`;
  if (mustChangePassword === true) row[2] = '0';
}

function joinGroups(accounts: Accounts, user: User, field: string): void {
  for (const [position, name] of user.groups.entries()) {
    const row = rowOf(accounts.group, name);
    if (row === undefined) {
      throw new StepError(
        'step.failed',
        `${field}.groups[${position}]: the image has no group ${name}; add it under groups, or the package that makes it`,
      );
    }
    row[3] = withMember(row[3] ?? '', user.name);
    const shadowRow = accounts.gshadow === undefined ? undefined : rowOf(accounts.gshadow, name);
    if (shadowRow !== undefined) shadowRow[3] = withMember(shadowRow[3] ?? '', user.name);
  }
}

async function save(context: ProgramContext<Options>, accounts: Accounts): Promise<void> {
  await writeAccountTable(context, '/etc/passwd', accounts.passwd);
  await writeAccountTable(context, '/etc/group', accounts.group);
  await writeAccountTable(context, '/etc/shadow', accounts.shadow);
  if (accounts.gshadow !== undefined) await writeAccountTable(context, '/etc/gshadow', accounts.gshadow);
  if (accounts.subuid !== undefined) await writeAccountTable(context, '/etc/subuid', accounts.subuid);
  if (accounts.subgid !== undefined) await writeAccountTable(context, '/etc/subgid', accounts.subgid);
}

export const users: StepProgram<typeof declaration.options> = { declaration, run };
