import { quoted } from '../text.ts';
import {
  accountPlace,
  enterAccount,
  putGroup,
  putHome,
  putKeys,
  putName,
  putSudo,
  putUserField,
  readSudoRule,
} from './accounts.ts';
import type { DraftPath } from './draft.ts';
import { childrenOf, type Foreign, leavesOf, memberOf, textOf } from './foreign.ts';
import { putHash, putPassword, putPlainPassword } from './passwords.ts';
import { changed, custom, flag, given, list, none, object, type Rule, type Scope, text, word } from './rules.ts';

/** The user that cloud-init makes where it is told nothing else, by the distribution. */
export function defaultUser({ draft, document }: Scope): string {
  const named = memberOf(document, 'user');
  if (typeof named?.value === 'string') return named.value;
  return textOf(named, 'name') ?? String(draft.find(['base', 'distribution'])?.value);
}

/** The place of that user, who may do everything by sudo without a password. */
function enterDefaultUser(scope: Scope, from: Foreign): Scope {
  const name = defaultUser(scope);
  const at = accountPlace(scope, name);
  if (name !== 'root' && scope.draft.find([...at, 'name']) === undefined) {
    scope.draft.put(
      [...at, 'name'],
      name,
      from,
      changed(`the default user of cloud-init, ${name}, is made in the image`),
    );
    scope.draft.put([...at, 'sudo', 'passwordless'], true, from);
  }
  return { ...scope, at };
}

/** Whether the document has the default user made. */
function hasDefaultUser({ document }: Scope): boolean {
  const users = memberOf(document, 'users');
  if (users === undefined) return true;
  return childrenOf(users).some(({ value }) => value === 'default');
}

/** Reads what is meant for the default user. */
export function forDefaultUser(rule: Rule): Rule {
  return {
    ...rule,
    read(node, scope) {
      if (leavesOf(node).every((leaf) => leaf === node && Array.isArray(leaf.value))) {
        return scope.draft.say(node, 'taken', 'nothing is named');
      }
      if (!hasDefaultUser(scope)) {
        return scope.draft.say(node, 'dropped', '`users` has no default user: say it of one of them');
      }
      return rule.read(node, enterDefaultUser(scope, leavesOf(node)[0] ?? node));
    },
  };
}

const each = (item: Rule, delimiter: RegExp, says: string): Rule => ({
  says,
  items: item,
  read(node, scope) {
    if (Array.isArray(node.value) && node.value.length === 0) scope.draft.say(node, 'taken', 'nothing is named');
    else if (Array.isArray(node.value)) for (const one of childrenOf(node)) item.read(one, scope);
    else if (typeof node.value === 'string') {
      for (const part of node.value.split(delimiter)) {
        if (part.trim() !== '') item.read({ ...node, value: part.trim() }, scope);
      }
    } else scope.draft.say(node, 'dropped', 'a text or a list belongs here');
  },
});

const sudo: Rule = custom('`users[].sudo`, of rules that a spec can say', (node, scope) => {
  const lines = Array.isArray(node.value) ? childrenOf(node) : [node];
  if (node.value === false || node.value === null) return scope.draft.say(node, 'taken', 'no sudo is given');
  const rules = lines.map((line) => (typeof line.value === 'string' ? readSudoRule(line.value) : undefined));
  const sayable = rules.filter((rule) => rule !== undefined);
  const alike = sayable.every((rule) => rule.passwordless === sayable[0]?.passwordless);
  for (const [index, line] of lines.entries()) {
    const rule = rules[index];
    const whole = rules.find((one) => one !== undefined && one.commands === undefined);
    if (rule === undefined || !alike) {
      const note = 'a spec cannot say this rule: write it as a file of /etc/sudoers.d in `files`, with mode "0440"';
      scope.draft.say(line, 'dropped', note);
    } else putSudo(whole ?? rule, line, scope);
  }
  return undefined;
});

/** Puts a hash or a password, and that it is locked: cloud-init locks each that is not said to be open. */
function password(says: string, put: typeof putHash): Rule {
  return text(says, (value, node, scope) => {
    const isPut = put(value, node, scope, scope.at);
    const isOpen =
      memberOf(node.parent, 'lock_passwd')?.value === false || memberOf(node.parent, 'lock-passwd')?.value === false;
    const isNamed =
      memberOf(node.parent, 'lock_passwd') !== undefined || memberOf(node.parent, 'lock-passwd') !== undefined;
    if (isPut && !isOpen && !isNamed) {
      scope.draft.put(
        [...scope.at, 'locked'],
        true,
        node,
        changed('cloud-init locks a password unless `lock_passwd: false`'),
      );
    }
  });
}

const lock: Rule = flag('`users[].locked`', (value, node, { draft, at }) => {
  if (value) draft.put([...at, 'locked'], true, node);
  else draft.say(node, 'taken', 'a password opens the account where there is one');
});

const noInactive = 'accounts do not expire: `chage` in a script of `steps` sets it';

const userMembers: Readonly<Record<string, Rule>> = {
  name: text('`users[].name`; root is `rootAccount`', putName),
  gecos: text('`users[].comment`', putUserField('comment')),
  passwd: password('`users[].passwordHash`', putHash),
  hashed_passwd: password('`users[].passwordHash`', putHash),
  'hashed-passwd': password('`users[].passwordHash`', putHash),
  plain_text_passwd: password('`users[].passwordHash`, hashed', putPlainPassword),
  'plain-text-passwd': password('`users[].passwordHash`, hashed', putPlainPassword),
  lock_passwd: lock,
  'lock-passwd': lock,
  ssh_authorized_keys: each(text('`users[].sshKeys`', putKeys), /\n/, '`users[].sshKeys`'),
  'ssh-authorized-keys': each(text('`users[].sshKeys`', putKeys), /\n/, '`users[].sshKeys`'),
  homedir: text('`users[].home`', putHome),
  shell: text('`users[].shell`', putUserField('shell')),
  sudo,
  groups: each(text('`users[].groups`; sudo is `users[].sudo`', putGroup), /,/, '`users[].groups`'),
  uid: word('`users[].uid`', (value, node, scope) => putUserField('uid')(Number(value), node, scope)),
  primary_group: none('each user has a group of its own name'),
  'primary-group': none('each user has a group of its own name'),
  no_user_group: none('each user has a group of its own name'),
  no_create_home: none('each user has a home folder'),
  no_log_init: none('the login databases of an image are empty'),
  system: none('accounts of the spec are those of people: a package, or adduser in a script of `steps`, makes others'),
  create_groups: none('name the groups in `groups`'),
  expiredate: none(noInactive),
  inactive: none(noInactive),
  ssh_import_id: none('keys are not fetched: give them in `sshKeys`'),
  ssh_redirect_user: none('the keys of a cloud are cloud-init’s to set: see `cloudInit`'),
  selinux_user: none('Debian starts without SELinux'),
  snapuser: none('snaps are not installed'),
  doas: none('doas is not set up: write /etc/doas.conf in `files`'),
};

const user = object(userMembers, { enter: (node, scope) => enterAccount('name', node, scope) });

/** `users`: names, the word default, and objects. */
export const usersRule: Rule = {
  says: '`users[]`; default is the default user of cloud-init',
  items: user,
  read(node, scope) {
    if (!Array.isArray(node.value)) return each(named, /,/, '').read(node, scope);
    if (node.value.length === 0) return scope.draft.say(node, 'taken', 'no users are named, the default one neither');
    for (const item of childrenOf(node)) (typeof item.value === 'string' ? named : user).read(item, scope);
    return undefined;
  },
};

const named: Rule = text('', (value, node, scope) => {
  if (value === 'default') enterDefaultUser(scope, node);
  else putName(value, node, { ...scope, at: accountPlace(scope, value) });
});

/** `user`, which changes the default user. */
export const defaultUserRule: Rule = {
  says: 'the default user of cloud-init, in `users[]`',
  members: userMembers,
  read(node, scope) {
    if (!hasDefaultUser(scope))
      return scope.draft.say(node, 'dropped', '`users` has no default user: say it of one of them');
    const inner = enterDefaultUser(scope, leavesOf(node)[0] ?? node);
    if (typeof node.value !== 'string') object(userMembers).read(node, inner);
    return undefined;
  },
};

/** `groups`: a text, names, or names with members. */
export const groupsRule: Rule = each(
  custom('`groups[].name`; members are `users[].groups`', (node, scope) => {
    const { draft } = scope;
    const put = (name: string, from: Foreign): DraftPath => {
      const at = ['groups', draft.named(['groups'], name), 'name'];
      draft.put(at, name, from);
      return at;
    };
    if (typeof node.value === 'string') return void put(node.value, node);
    for (const group of childrenOf(node)) {
      const name = String(group.path.at(-1));
      const people = Array.isArray(group.value) ? childrenOf(group) : [group];
      for (const person of people) {
        put(name, person);
        if (typeof person.value !== 'string') continue;
        const at = accountPlace(scope, person.value);
        if (draft.find([...at, 'name']) === undefined) {
          draft.say(person, 'dropped', `there is no user ${quoted(person.value)} here who could be a member`);
        } else draft.add([...at, 'groups'], name, person);
      }
    }
    return undefined;
  }),
  /,/,
  '`groups[]`',
);

/** `password`, of the default user. */
export const defaultPasswordRule: Rule = forDefaultUser(
  text('`users[].passwordHash` of the default user', (value, node, scope) => {
    if (!putPassword(value, node, scope, scope.at)) return;
    sayExpiry(node, scope, memberOf(memberOf(scope.document, 'chpasswd'), 'expire')?.value);
  }),
);

/** Has a new password asked for, as cloud-init does unless it is told otherwise. */
function sayExpiry(node: Foreign, { draft, at }: Scope, expire: unknown): void {
  if (expire === false) return;
  draft.put([...at, 'mustChangePassword'], true, node, changed('cloud-init asks for a new one unless `expire: false`'));
}

/** Sets the password of an account, and says whether it could. */
function changePassword(name: string, value: string, kind: string | undefined, node: Foreign, scope: Scope): boolean {
  const { draft } = scope;
  const at = accountPlace(scope, name);
  if (name !== 'root' && draft.find([...at, 'name']) === undefined) {
    if (name !== defaultUser(scope) || !hasDefaultUser(scope)) {
      draft.say(node, 'dropped', `${quoted(name)} is no user of \`users\`: add one`);
      return false;
    }
    enterDefaultUser(scope, node);
  }
  if (kind === 'RANDOM' || (kind === undefined && /^(?:R|RANDOM)$/.test(value))) {
    draft.say(node, 'dropped', 'no password is made up: a script of `firstBoot` can make one and show it');
    return false;
  }
  const put = kind === 'text' ? putPlainPassword : kind === 'hash' ? putHash : putPassword;
  if (!put(value, node, scope, at)) return false;
  // A password that is set anew opens the account, whatever was said of the old one.
  if (draft.find([...at, 'locked']) !== undefined) draft.put([...at, 'locked'], false, node);
  sayExpiry(node, { ...scope, at }, memberOf(memberOf(scope.document, 'chpasswd'), 'expire')?.value);
  return true;
}

const passwordLine: Rule = text('`users[].passwordHash`', (value, node, scope) => {
  const [, name, secret] = /^([^:]+):(.*)$/.exec(value) ?? [];
  if (name === undefined || secret === undefined) return scope.draft.say(node, 'dropped', 'NAME:PASSWORD belongs here');
  changePassword(name, secret, undefined, node, scope);
  return undefined;
});

const passwordOf: Rule = {
  says: '`users[].passwordHash`',
  members: {
    name: given('the user of `users`'),
    type: given('what the password is: hash, text; RANDOM has none'),
    password: text('`users[].passwordHash`', () => undefined),
  },
  read(node, scope) {
    const [name, secret] = [textOf(node, 'name'), memberOf(node, 'password')];
    const kind = textOf(node, 'type') ?? 'hash';
    if (name === undefined) return scope.draft.say(node, 'dropped', 'an account without a name is none');
    const value = typeof secret?.value === 'string' ? secret.value : '';
    const from = secret ?? memberOf(node, 'name') ?? node;
    const isSet = changePassword(name, value, kind, from, scope);
    for (const child of childrenOf(node)) {
      const key = child.path.at(-1);
      if (key !== 'name' && key !== 'type') {
        if (key !== 'password') scope.draft.say(child, 'dropped', 'lbuild knows no such key here');
      } else if (isSet)
        scope.draft.say(child, 'taken', key === 'name' ? 'the user of `users`' : 'what the password is');
      else scope.draft.say(child, 'dropped', 'its password is left out');
    }
    return undefined;
  },
};

/** `chpasswd`. */
export const changePasswordsRule: Rule = object({
  expire: flag('`users[].mustChangePassword`', (value, node, { draft }) => {
    draft.say(node, 'taken', value ? 'of the passwords that are set here' : 'no new password is asked for');
  }),
  users: list(passwordOf),
  list: each(passwordLine, /\n/, '`users[].passwordHash`'),
});
