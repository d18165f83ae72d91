import { rm } from 'node:fs/promises';
import { type BootUnit, ensureBootUnit } from './boot-unit.ts';
import { existsInTree, type TreeAccess, writeTreeFile } from './tree-file.ts';

/**
 * Layers never hold host keys, so each system makes its own at its first start, before sshd reads them. The
 * distribution's sshd-keygen.service, where there is one, waits for systemd's first-boot condition, which an empty
 * machine-id does not meet.
 */
const unit: BootUnit = {
  name: 'lbuild-ssh-host-keys.service',
  program: '/usr/sbin/sshd',
  text: `[Unit]
Description=Make the SSH host keys that this system does not have yet
Documentation=man:ssh-keygen(1)
ConditionPathExistsGlob=!/etc/ssh/ssh_host_*_key
After=sshd-keygen.service
Before=ssh.service ssh.socket sshd.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/ssh-keygen -A

[Install]
WantedBy=multi-user.target
`,
};

/** Puts the first-boot unit for ssh host keys in, enabled, where the tree has sshd. Changes nothing where it is. */
export function ensureHostKeyUnit(access: TreeAccess): Promise<void> {
  return ensureBootUnit(access, unit);
}

/** The keys that openssh-server's maintainer script makes where sshd's configuration names no others. */
const madeKeys = ['rsa', 'ecdsa', 'ed25519'].map((type) => `/etc/ssh/ssh_host_${type}_key`);

/**
 * Installs openssh-server without the host keys that its maintainer script makes where there are none: they never come
 * into a layer, and finding the primes of the RSA key takes a second or more. Empty files stand there meanwhile.
 */
export async function withoutHostKeys(access: TreeAccess, install: () => Promise<void>): Promise<void> {
  const absent: string[] = [];
  for (const key of madeKeys) if (!(await existsInTree(access, key))) absent.push(key);
  for (const key of absent) await writeTreeFile(access, key, '', { mode: 0o600 });
  try {
    await install();
  } finally {
    for (const key of absent) await rm(await access.resolveInTree(key), { force: true });
  }
}
