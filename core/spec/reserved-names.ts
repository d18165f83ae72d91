import { outputTypes } from './releases.ts';

/** Ids of the steps that the engine adds itself; a user step of that id could not be told from them. */
export const builtInStepIds = [
  'bootstrap',
  'kernel',
  'kernel-modules',
  'packages',
  'system',
  'certificates',
  'groups',
  'users',
  'configuration',
  'files',
  'services',
  'first-boot',
  'initramfs',
  'refresh',
  'module',
  'boot-test',
  'inspect',
  'spec-file',
  'remediate',
  ...outputTypes,
] as const;

/**
 * Users that every Debian system has (package base-passwd), or that packages of almost every image add (systemd, dbus,
 * openssh-server, polkitd).
 */
const systemUsers = [
  'root daemon bin sys sync games man lp mail news uucp proxy www-data backup list irc nobody',
  'sshd messagebus polkitd',
].flatMap((names) => names.split(' '));

/** Groups that every Debian system has (package base-passwd), or that systemd and udev add. */
const systemGroups = [
  'root daemon bin sys adm tty disk lp mail news uucp man proxy kmem dialout fax voice cdrom floppy tape sudo audio',
  'dip www-data backup operator list irc src shadow utmp video sasl plugdev staff games users nogroup',
  'input kvm render sgx clock crontab messagebus polkitd',
].flatMap((names) => names.split(' '));

/** Whether a name belongs to the distribution: as a user's it would clash, since each user gets a group of its name. */
export function isSystemAccount(name: string): boolean {
  return systemUsers.includes(name) || systemGroups.includes(name) || name.startsWith('systemd-');
}

/** Whether a group of the name comes with the distribution. */
export function isSystemGroup(name: string): boolean {
  return systemGroups.includes(name) || name.startsWith('systemd-');
}
