import type { Check } from './check.ts';
import { accountFileModes } from './checks/account-file-modes.ts';
import { accountsNamed } from './checks/accounts-named.ts';
import { accountsUnique } from './checks/accounts-unique.ts';
import { addressRandomisation } from './checks/address-randomisation.ts';
import { apparmor } from './checks/apparmor.ts';
import { archivesSigned } from './checks/archives-signed.ts';
import { auditImmutable } from './checks/audit-immutable.ts';
import { auditLogKept } from './checks/audit-log-kept.ts';
import { auditRules } from './checks/audit-rules.ts';
import { auditd } from './checks/auditd.ts';
import { bootMenuModes } from './checks/boot-menu-modes.ts';
import { changeRecorded } from './checks/change-recorded.ts';
import { coreDumpsOff } from './checks/core-dumps-off.ts';
import { cronModes } from './checks/cron-modes.ts';
import { defaultCredentials } from './checks/default-credentials.ts';
import { diskEncryption } from './checks/disk-encryption.ts';
import { fileIntegrity } from './checks/file-integrity.ts';
import { firewallDefaultDrop } from './checks/firewall-default-drop.ts';
import { firewallPorts } from './checks/firewall-ports.ts';
import { forwardingOff } from './checks/forwarding-off.ts';
import { journalPersistent } from './checks/journal-persistent.ts';
import { kernelLogRestricted } from './checks/kernel-log-restricted.ts';
import { loginBanner } from './checks/login-banner.ts';
import { networkParameters } from './checks/network-parameters.ts';
import { noLegacyServices } from './checks/no-legacy-services.ts';
import { noSecrets } from './checks/no-secrets.ts';
import { noUnowned } from './checks/no-unowned.ts';
import { noWorldWritable } from './checks/no-world-writable.ts';
import { packagesUnchanged } from './checks/packages-unchanged.ts';
import { passwordAge } from './checks/password-age.ts';
import { passwordHashing } from './checks/password-hashing.ts';
import { passwordHistory } from './checks/password-history.ts';
import { passwordLength } from './checks/password-length.ts';
import { passwordLockout } from './checks/password-lockout.ts';
import { passwordsNotEmpty } from './checks/passwords-not-empty.ts';
import { privilegedPrograms } from './checks/privileged-programs.ts';
import { remoteLog } from './checks/remote-log.ts';
import { rootLocked } from './checks/root-locked.ts';
import { securityUpdates } from './checks/security-updates.ts';
import { servicesOfSpec } from './checks/services-of-spec.ts';
import { sessionTimeout } from './checks/session-timeout.ts';
import { sshCryptography } from './checks/ssh-cryptography.ts';
import { sshEmptyPasswords } from './checks/ssh-empty-passwords.ts';
import { sshIdle } from './checks/ssh-idle.ts';
import { sshKeyOnly } from './checks/ssh-key-only.ts';
import { sshRootLogin } from './checks/ssh-root-login.ts';
import { suRestricted } from './checks/su-restricted.ts';
import { sudoWithPassword } from './checks/sudo-with-password.ts';
import { systemAccountsWithoutShell } from './checks/system-accounts-without-shell.ts';
import { temporaryFolder } from './checks/temporary-folder.ts';
import { timeSynchronised } from './checks/time-synchronised.ts';
import { tlsFloor } from './checks/tls-floor.ts';
import { umask } from './checks/umask.ts';
import { usbStorageBlocked } from './checks/usb-storage-blocked.ts';
import { vulnerabilities } from './checks/vulnerabilities.ts';
import { type ProfileId, profileIds } from './profile.ts';

/** Every check, in the order of reports: accounts, sessions, the network, the kernel, files, logs, software. */
export const checks = [
  accountsUnique,
  accountsNamed,
  passwordsNotEmpty,
  rootLocked,
  systemAccountsWithoutShell,
  defaultCredentials,
  passwordHashing,
  passwordLockout,
  passwordLength,
  passwordHistory,
  passwordAge,
  umask,
  suRestricted,
  sudoWithPassword,
  sessionTimeout,
  sshRootLogin,
  sshEmptyPasswords,
  sshKeyOnly,
  sshCryptography,
  sshIdle,
  loginBanner,
  tlsFloor,
  coreDumpsOff,
  addressRandomisation,
  kernelLogRestricted,
  usbStorageBlocked,
  apparmor,
  networkParameters,
  forwardingOff,
  firewallDefaultDrop,
  firewallPorts,
  temporaryFolder,
  accountFileModes,
  cronModes,
  bootMenuModes,
  noWorldWritable,
  noUnowned,
  privilegedPrograms,
  diskEncryption,
  auditd,
  auditRules,
  auditImmutable,
  auditLogKept,
  journalPersistent,
  remoteLog,
  timeSynchronised,
  packagesUnchanged,
  archivesSigned,
  fileIntegrity,
  noLegacyServices,
  servicesOfSpec,
  securityUpdates,
  noSecrets,
  vulnerabilities,
  changeRecorded,
] as const;
export type CheckId = (typeof checks)[number]['id'];

/** A check, whatever its parameters are. */
export type AnyCheck = Check;

const byId: ReadonlyMap<string, AnyCheck> = new Map(checks.map((each) => [each.id, each]));

/** @throws Error where there is none: ids were parsed before */
export function checkNamed(id: string): AnyCheck {
  const found = byId.get(id);
  if (found === undefined) throw new Error(`there is no check ${id}`);
  return found;
}

/** The checks of some profiles, each once, in the order of reports. */
export function checksOf(profiles: readonly ProfileId[]): AnyCheck[] {
  return checks.filter((each: AnyCheck) => profiles.some((profile) => each.clauses[profile] !== undefined));
}

/** Ids of all checks, in the order of reports. */
export const checkIds: readonly string[] = checks.map(({ id }) => id);

/** The profiles that a check belongs to. */
export const profilesOf = (check: AnyCheck): ProfileId[] =>
  profileIds.filter((profile) => check.clauses[profile] !== undefined);
