import { quoted } from '../text.ts';
import { enterAccount, putGroup, putHome, putKeys, putName, putUserField } from './accounts.ts';
import { diskRule, fileSystemsRule } from './blueprint-disk.ts';
import type { DraftPath } from './draft.ts';
import { firewallRule } from './firewall.ts';
import { type Foreign, memberOf, textOf } from './foreign.ts';
import { putPassword } from './passwords.ts';
import {
  changed,
  custom,
  flag,
  given,
  into,
  list,
  none,
  number,
  object,
  type Reader,
  type Rule,
  type Scope,
  text,
  top,
  word,
} from './rules.ts';
import { newScript, scriptName } from './scripts.ts';
import { putCertificates, putKeyboard, putLocale, putMode, putOwner } from './texts.ts';
import { putUnit } from './units.ts';

const user: Rule = object(
  {
    name: text('`users[].name`; root is `rootAccount`', putName),
    description: text('`users[].comment`', putUserField('comment')),
    password: text('`users[].passwordHash`; in clear it is hashed', (value, node, scope) =>
      putPassword(value, node, scope, scope.at),
    ),
    key: text('`users[].sshKeys`', putKeys),
    home: text('`users[].home`', putHome),
    shell: text('`users[].shell`', putUserField('shell')),
    groups: list(text('`users[].groups`; wheel is `users[].sudo`', putGroup)),
    uid: number('`users[].uid`', putUserField('uid')),
    gid: none('each user has a group of its own name, whose number follows'),
    expiredate: none('accounts do not expire: `chage --expiredate` in a script of `steps` sets it'),
    force_password_reset: flag('`users[].mustChangePassword`', (value, node, { draft, at }) => {
      if (value) draft.put([...at, 'mustChangePassword'], true, node);
      else draft.say(node, 'taken', 'no new password is asked for');
    }),
  },
  { enter: (node, scope) => enterAccount('name', node, scope) },
);

const sshKey: Rule = object(
  {
    user: text('`users[].name`', (value, node, scope) => {
      if (value === 'root') scope.draft.say(node, 'taken', 'root, who has `rootAccount`');
      else scope.draft.put([...scope.at, 'name'], value, node);
    }),
    key: text('`users[].sshKeys`', putKeys),
  },
  { enter: (node, scope) => enterAccount('user', node, scope) },
);

/** An entry of a list of the spec that a path names. */
const enterPath =
  (field: 'files' | 'directories') =>
  (_node: Foreign, scope: Scope): Scope => ({ ...scope, at: [field, scope.draft.item()] });

const ownership = {
  user: custom('`owner`', (node, scope) => ownerRule('owner').read(node, scope)),
  group: custom('`group`', (node, scope) => ownerRule('group').read(node, scope)),
  mode: text('`mode`', putMode),
};

function ownerRule(field: 'owner' | 'group'): Rule {
  return word(`\`${field}\``, (value, node, scope) => {
    const name = typeof node.value === 'number' ? node.value : value;
    putOwner(field)(name, node, scope);
  });
}

const directory: Rule = object(
  {
    path: text('`directories[].path`', into('path')),
    ...ownership,
    ensure_parents: flag('needs none: folders above are made', (value, node, { draft }) =>
      draft.say(node, value ? 'taken' : 'changed', 'folders above it that are missing are made'),
    ),
  },
  { enter: enterPath('directories') },
);

const elsewhere = 'the engine reads no files of yours: `lbuild uploads add FILE`, and name it by `files[].upload`';

const file: Rule = object(
  {
    path: text('`files[].path`', into('path')),
    data: text('`files[].content`', into('content')),
    uri: none(elsewhere),
    ...ownership,
  },
  {
    enter(node, scope) {
      const inner = enterPath('files')(node, scope);
      if (memberOf(node, 'uri') !== undefined && memberOf(node, 'data') === undefined) {
        scope.draft.say(node, 'dropped', elsewhere);
        return undefined;
      }
      // A file without data is an empty one.
      const path = memberOf(node, 'path');
      if (path !== undefined && memberOf(node, 'data') === undefined) {
        inner.draft.put([...inner.at, 'content'], '', path);
      }
      return inner;
    },
  },
);

const script: Rule = object(
  {
    type: text('custom needs none; satellite and aap have none', (value, node, { draft }) => {
      if (value === 'custom') draft.say(node, 'taken', 'it is a script');
      else
        draft.say(
          node,
          'dropped',
          `${quoted(value)} has no counterpart: write what it does as a script of \`firstBoot\``,
        );
    }),
    name: text('`firstBoot[].name`', (value, node, { draft, at }) => {
      const isScript = ['contents', 'custom_contents'].some((key) => memberOf(node.parent, key) !== undefined);
      if (!isScript) return draft.say(node, 'dropped', 'there is no script that it could be the name of');
      const name = scriptName(draft, 'firstBoot', value);
      draft.put(
        [...at, 'name'],
        name,
        node,
        name === value ? {} : changed('names have lower-case letters, digits and `-`'),
      );
    }),
    contents: text('`firstBoot[].run`', into('run')),
    custom_contents: text('`firstBoot[].run`', into('run')),
    ignore_failure: flag('`firstBoot[].ignoreFailure`', into('ignoreFailure')),
    after: none('scripts run in their order; `network: true` waits for the network'),
    before: none('scripts run in their order, before the system is up'),
    command: none('Satellite registers RPM systems'),
    cacerts: list(text('`certificates`', putCertificates)),
    job_template_url: none('call it with curl in a script of `firstBoot` that has `network: true`'),
    host_config_key: none('keep it out of the image: whoever has the image can read it'),
  },
  {
    enter(node, scope) {
      const at: DraftPath = newScript(scope.draft);
      const body = memberOf(node, 'contents') ?? memberOf(node, 'custom_contents');
      if (memberOf(node, 'name') === undefined && body !== undefined) {
        scope.draft.put([...at, 'name'], scriptName(scope.draft, 'firstBoot', 'script'), body);
      }
      // A script waits for nothing unless it says so; osbuild's run when the network is up.
      if (body !== undefined) scope.draft.put([...at, 'network'], true, body);
      return { ...scope, at };
    },
  },
);

/** Members of sudo without a password, which a blueprint says for its installer alone. */
const sudoers = text('`users[].sudo` of users that the blueprint names', (value, node, scope) => {
  const users = memberOf(memberOf(scope.document, 'customizations'), 'user')?.value;
  const isNamed = Array.isArray(users) && users.some((one) => textOf({ path: [], value: one }, 'name') === value);
  if (!isNamed || value === 'root') {
    const note = `${quoted(value)} is no user of the blueprint: say it in \`users[].sudo\` of each user`;
    return scope.draft.say(node, 'dropped', note);
  }
  const place = scope.draft.named(['users'], value);
  scope.draft.put(['users', place, 'sudo', 'passwordless'], true, node);
  return undefined;
});

const kernelName: Reader<string> = (value, node, scope) => {
  const { draft } = scope;
  const found = draft.find(['base', 'architecture'])?.value;
  if (value === 'kernel' || value === 'kernel-core') return draft.say(node, 'taken', 'the kernel of the distribution');
  if (value !== 'kernel-rt' || draft.find(['base', 'distribution'])?.value === 'ubuntu') {
    return draft.say(
      node,
      'dropped',
      `there is no ${quoted(value)} here: \`kernel.package\` takes a package linux-image-…`,
    );
  }
  const here = `linux-image-rt-${String(found)}`;
  draft.put(['kernel', 'package'], here, node, changed(`${value} is called ${here} here`));
  return undefined;
};

/** Puts the words of a kernel's command line. */
export const putArguments: Reader<string> = (value, node, { draft }) => {
  const words = value.split(/\s+/).filter((one) => one !== '');
  if (words.length === 0) draft.say(node, 'taken', 'no arguments');
  for (const one of words) draft.add(['kernel', 'cmdline'], one, node);
};

const server = text('`system.ntp.servers`', (value, node, { draft }) => {
  draft.add(['system', 'ntp', 'servers'], value, node);
});

/** `customizations`. */
export const customizationsRule: Rule = object({
  hostname: text('`system.hostname`', top('system', 'hostname')),
  kernel: object({
    name: text('`kernel.package`', kernelName),
    append: text('`kernel.cmdline`', putArguments),
  }),
  sshkey: list(sshKey),
  user: list(user),
  group: list(
    object(
      { name: text('`groups[].name`', into('name')), gid: number('`groups[].gid`', into('gid')) },
      { enter: (_node, scope) => ({ ...scope, at: ['groups', scope.draft.item()] }) },
    ),
  ),
  timezone: object({ timezone: text('`system.timezone`', top('system', 'timezone')), ntpservers: list(server) }),
  locale: object({
    languages: list(
      text('`system.locale`: the first', (value, node, scope) => {
        if (node.path.at(-1) === 0) putLocale(value, node, scope);
        else scope.draft.say(node, 'dropped', 'one locale is made: a step makes more with locale-gen');
      }),
    ),
    keyboard: text('`system.keyboard`', putKeyboard),
  }),
  firewall: firewallRule,
  services: object({
    enabled: list(text('`services.enable`, by the names of Debian', putUnit('enable'))),
    disabled: list(text('`services.disable`', putUnit('disable'))),
    masked: list(text('`services.mask`', putUnit('mask'))),
  }),
  filesystem: fileSystemsRule,
  disk: diskRule,
  directories: list(directory),
  files: list(file),
  cacerts: object({ pem_certs: list(text('`certificates`', putCertificates)) }),
  firstboot: object({ scripts: list(script) }),
  iso: object({
    volume_id: text('`outputs[].label` of an ISO', (value, node, { draft }) => {
      const iso = draft.named(['outputs'], 'iso');
      draft.put(['outputs', iso, 'type'], 'iso', node);
      draft.put(['outputs', iso, 'label'], value, node);
    }),
    application_id: none('an ISO has the name of the engine there'),
    publisher: none('an ISO has the name of the engine there'),
  }),
  installer: object({
    'sudo-nopasswd': list(sudoers),
    unattended: none('an ISO is a live system, and installs nothing'),
    kickstart: none('an ISO is a live system, and installs nothing'),
    modules: none('an ISO is a live system, and installs nothing'),
    'menu-timeout': none('an ISO is a live system, and installs nothing'),
  }),
  installation_device: none('an ISO is a live system: write a disk image to the device instead'),
  partitioning_mode: text('raw needs none', (value, node, { draft }) => {
    if (value === 'raw') draft.say(node, 'taken', 'partitions are as `disk` says');
    else draft.say(node, 'dropped', 'LVM is not used: partitions are as `disk` says');
  }),
  fips: none('no release here is validated for it'),
  openscap: none('profiles of SCAP are not applied: write what they demand as files, sysctl and services'),
  fdo: none('FIDO device onboarding is not set up: install what does it by `packages.install` and `files`'),
  ignition: none('Ignition configures other distributions: `cloudInit` or `firstBoot` do what it does'),
  repositories: none(
    'archives of RPM packages cannot be used: name one of Debian packages in `archives`, with its key',
  ),
  rpm: none('there is no RPM here'),
  rhsm: none('there are no subscriptions here'),
  dnf: none('there is no DNF here'),
  selinux: none('Debian starts without SELinux: AppArmor is what it has'),
  'containers-storage': none('no containers are put into images: a script of `firstBoot` pulls them'),
  minimal: given('the minimal system is what an image begins with'),
});
