import { leastMiB } from '../spec/disk-layout.ts';
import { quoted } from '../text.ts';
import { putKeys } from './accounts.ts';
import { putBase } from './base.ts';
import { assumeDisk } from './blueprint-disk.ts';
import { filesRule } from './cloud-init-files.ts';
import { modulesWithout } from './cloud-init-none.ts';
import { packageRules } from './cloud-init-packages.ts';
import {
  changePasswordsRule,
  defaultPasswordRule,
  defaultUserRule,
  forDefaultUser,
  groupsRule,
  usersRule,
} from './cloud-init-users.ts';
import { childrenOf, type Foreign, leavesOf, memberOf, textOf } from './foreign.ts';
import { changed, custom, flag, given, list, none, object, type Rule, type Scope, text, top } from './rules.ts';
import { newScript, scriptName, shellCommand } from './scripts.ts';
import { putCertificates, putKeyboard, putLocale, putSize, readFlag } from './texts.ts';

/** A command as cloud-init runs it; undefined of what is none. */
function commandOf({ value }: Foreign): string | undefined {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const words = value.filter((one) => typeof one === 'string' || typeof one === 'number' || typeof one === 'boolean');
  return words.length === value.length ? shellCommand(words.map(String)) : undefined;
}

/** Commands that run when a machine boots, as one script of its first boot. */
function commands(name: string, network: boolean, note: string): Rule {
  return custom(`\`firstBoot[]\`: one script${note === '' ? '' : `, ${note}`}`, (node, scope) => {
    const { draft } = scope;
    const items = Array.isArray(node.value) ? childrenOf(node) : [node];
    const lines: string[] = [];
    const from: Foreign[] = [];
    for (const item of items) {
      const command = commandOf(item);
      if (command === undefined) draft.say(item, 'dropped', 'a command, or a list of its words belongs here');
      else {
        lines.push(command);
        from.push(item);
      }
    }
    if (lines.length === 0) return;
    const at = newScript(draft);
    const told = note === '' ? {} : changed(note);
    draft.put([...at, 'name'], scriptName(draft, 'firstBoot', name), from, told);
    // By /bin/sh without -e: a command that fails ends nothing, as cloud-init has it.
    draft.put([...at, 'run'], `#!/bin/sh\n${lines.join('\n')}\n`, from, told);
    if (network) draft.put([...at, 'network'], true, from, told);
    draft.put([...at, 'ignoreFailure'], true, from, told);
  });
}

const hostname: Rule = text('`system.hostname`', (value, node, { draft, document }) => {
  const prefers =
    memberOf(document, 'prefer_fqdn_over_hostname')?.value === true && textOf(document, 'fqdn') !== undefined;
  if (prefers) draft.say(node, 'dropped', '`prefer_fqdn_over_hostname` has the `fqdn` taken');
  else draft.put(['system', 'hostname'], value, node);
});

const fqdn: Rule = text('`system.hostname`', (value, node, { draft, document }) => {
  const prefers = memberOf(document, 'prefer_fqdn_over_hostname')?.value === true;
  if (!prefers && textOf(document, 'hostname') !== undefined) {
    return draft.say(node, 'dropped', '`hostname` is the host name: write the full one into /etc/hosts by `files`');
  }
  const short = prefers ? value : (value.split('.')[0] ?? value);
  draft.put(
    ['system', 'hostname'],
    short,
    node,
    short === value ? {} : changed('the host name is its first part, as cloud-init has it'),
  );
  return undefined;
});

const servers = (note: string): Rule =>
  list(
    text('`system.ntp.servers`', (value, node, { draft }) => {
      draft.add(['system', 'ntp', 'servers'], value, node, note === '' ? {} : changed(note));
    }),
  );

const ntp: Rule = object({
  enabled: flag('`system.ntp.enabled`', top('system', 'ntp', 'enabled')),
  servers: servers(''),
  pools: servers('a pool is asked as a server is'),
  peers: none('systemd-timesyncd has no peers: install chrony and write its file'),
  allow: none('systemd-timesyncd serves nobody: install chrony and write its file'),
  ntp_client: none('the time is kept by systemd-timesyncd'),
  config: none('the time is kept by systemd-timesyncd, whose servers are `system.ntp.servers`'),
});

const sshPasswords: Rule = custom('`ssh.passwordAuthentication`', ({ ...node }, { draft }) => {
  const value = typeof node.value === 'string' ? readFlag(node.value) : node.value;
  if (typeof value === 'boolean') draft.put(['ssh', 'passwordAuthentication'], value, node);
  else draft.say(node, 'taken', 'as the distribution has it');
});

const grow: Rule = custom('`disk.growth`', (node, { draft }) => {
  const value = typeof node.value === 'string' ? !/^(?:off|false)$/i.test(node.value) : node.value === true;
  if (value) draft.put(['disk', 'growth'], 'first-boot', node, changed('systemd-repart lets the root grow'));
  else draft.say(node, 'taken', 'the root does not grow unless `disk.growth` says so');
});

const swap: Rule = object({
  filename: text('needs none: the file is /swapfile', (value, node, { draft }) => {
    draft.say(node, value === '/swapfile' ? 'taken' : 'changed', 'the file is /swapfile');
  }),
  size: custom('`disk.swap.sizeMiB`', (node, scope) => {
    if (node.value === 'auto')
      return scope.draft.say(node, 'dropped', 'the memory of a machine is not known: give a size');
    if (node.value === 0) return scope.draft.say(node, 'taken', 'no swap');
    putSize(node, scope, ['disk', 'swap', 'sizeMiB'], leastMiB.swap);
    const size = scope.draft.find(['disk', 'swap', 'sizeMiB']);
    if (size !== undefined) scope.draft.put(['disk', 'swap', 'kind'], 'file', node);
    return undefined;
  }),
  maxsize: none('the size is `disk.swap.sizeMiB`'),
});

const datasources = list(
  text('`cloudInit.datasources`', (value, node, { draft }) => {
    draft.add(['cloudInit', 'datasources'], value, node);
  }),
);

const certificates: Rule = object({
  trusted: custom('`certificates`', (node, scope) => {
    for (const one of Array.isArray(node.value) && node.value.length > 0 ? childrenOf(node) : [node]) {
      text('', putCertificates).read(one, scope);
    }
  }),
  remove_defaults: none('the authorities of the distribution stay'),
  'remove-defaults': none('the authorities of the distribution stay'),
});

const keyboard: Rule = object({
  layout: text('`system.keyboard`', putKeyboard),
  variant: none('a layout has no variant here: write /etc/default/keyboard in `files`'),
  model: none('a layout has no model here: write /etc/default/keyboard in `files`'),
  options: none('a layout has no options here: write /etc/default/keyboard in `files`'),
});

/** Keys of cloud-config, in the order in which they are read: who is named comes before what is said of them. */
export const cloudInitRule: Rule = object({
  ...packageRules,
  users: usersRule,
  user: defaultUserRule,
  groups: groupsRule,
  ssh_authorized_keys: forDefaultUser(list(text('`users[].sshKeys` of the default user', putKeys))),
  password: defaultPasswordRule,
  chpasswd: changePasswordsRule,
  ssh_pwauth: sshPasswords,
  disable_root: flag('`ssh.permitRootLogin`', (value, node, { draft }) => {
    draft.put(['ssh', 'permitRootLogin'], value ? 'no' : 'prohibit-password', node, changed('said to the SSH server'));
  }),
  disable_root_opts: none('root is not let in at all where `disable_root` says so'),
  hostname,
  fqdn,
  prefer_fqdn_over_hostname: flag('`system.hostname` is the fqdn', (_value, node, { draft }) => {
    draft.say(node, 'taken', 'which of the two names is the host name');
  }),
  timezone: text('`system.timezone`', top('system', 'timezone')),
  locale: custom('`system.locale`', (node, scope) => {
    if (node.value === false) scope.draft.say(node, 'taken', 'the locale of the distribution');
    else text('', putLocale).read(node, scope);
  }),
  keyboard,
  ntp,
  write_files: filesRule,
  bootcmd: commands('bootcmd', false, 'at the first boot alone, not at each, and not as early'),
  runcmd: commands('runcmd', true, ''),
  ca_certs: certificates,
  'ca-certs': certificates,
  growpart: object({
    mode: grow,
    devices: custom('needs none: the root grows', (node, { draft }) => {
      for (const leaf of leavesOf(node)) {
        draft.say(
          leaf,
          leaf.value === '/' ? 'taken' : 'dropped',
          leaf.value === '/' ? 'the root grows' : `${quoted(String(leaf.value))} does not grow: the root alone does`,
        );
      }
    }),
    ignore_growroot_disabled: given('the root grows where `disk.growth` says so'),
  }),
  resize_rootfs: grow,
  swap,
  datasource_list: datasources,
  ...Object.fromEntries(Object.entries(modulesWithout).map(([key, reason]) => [key, none(reason)])),
});

/** Reads cloud-config. Machines that take it run from a disk, so that is what is made. */
export function readCloudInit(document: Foreign, scope: Scope): void {
  putBase(scope);
  assumeDisk(scope, 'cloud-init runs on machines with a disk; add or change some');
  cloudInitRule.read(document, scope);
}

/** User-data that is a script: cloud-init runs it once, when the network is up. */
export function readUserScript(document: Foreign, scope: Scope): void {
  putBase(scope);
  assumeDisk(scope, 'cloud-init runs on machines with a disk; add or change some');
  const script = memberOf(document, 'script');
  if (script === undefined) return;
  const at = newScript(scope.draft);
  scope.draft.put([...at, 'name'], scriptName(scope.draft, 'firstBoot', 'user-data'), script);
  scope.draft.put([...at, 'run'], script.value, script);
  scope.draft.put([...at, 'network'], true, script);
  scope.draft.put([...at, 'ignoreFailure'], true, script);
}
