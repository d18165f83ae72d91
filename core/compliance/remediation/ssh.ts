import type { z } from 'zod';
import type { sshIdle } from '../checks/ssh-idle.ts';
import { contradiction, type Remedy, sshDropIn } from './remedy.ts';

type Idle = z.output<NonNullable<(typeof sshIdle)['parameters']>>;

/** What every sshd from OpenSSH 8.9 on knows of what the check takes for strong: a name that it does not know ends it. */
const algorithms = {
  Ciphers: [
    'chacha20-poly1305@openssh.com',
    'aes256-gcm@openssh.com',
    'aes128-gcm@openssh.com',
    'aes256-ctr',
    'aes128-ctr',
  ],
  MACs: ['hmac-sha2-512-etm@openssh.com', 'hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512', 'hmac-sha2-256'],
  KexAlgorithms: [
    ...['sntrup761x25519-sha512@openssh.com', 'curve25519-sha256', 'curve25519-sha256@libssh.org'],
    ...['ecdh-sha2-nistp521', 'ecdh-sha2-nistp384', 'ecdh-sha2-nistp256', 'diffie-hellman-group16-sha512'],
  ],
} as const;

/** Remedies of the SSH server, by check: the spec’s section for it says it, and a drop-in where there is no section. */
export const sshRemedies = {
  'ssh-root-login': {
    contradictions: ({ spec: { ssh } }) =>
      ssh?.permitRootLogin === undefined || ssh.permitRootLogin === 'no'
        ? []
        : [
            contradiction(
              ['ssh', 'permitRootLogin'],
              'root is to log in in no way',
              'Set it to "no", or leave it out.',
            ),
          ],
    amend: ({ spec }) => (spec.ssh === undefined ? spec : { ...spec, ssh: { ...spec.ssh, permitRootLogin: 'no' } }),
    changes: () => [sshDropIn('ssh-root-login', 'PermitRootLogin no')],
  } satisfies Remedy,

  'ssh-empty-passwords': {
    changes: () => [sshDropIn('ssh-empty-passwords', 'PermitEmptyPasswords no')],
  } satisfies Remedy,

  'ssh-key-only': {
    contradictions: ({ spec: { ssh } }) =>
      ssh?.passwordAuthentication === true
        ? [
            contradiction(
              ['ssh', 'passwordAuthentication'],
              'keys alone are to log in',
              'Set it to false, or leave it out.',
            ),
          ]
        : [],
    amend: ({ spec }) =>
      spec.ssh === undefined ? spec : { ...spec, ssh: { ...spec.ssh, passwordAuthentication: false } },
    changes: () => [
      sshDropIn(
        'ssh-key-only',
        ...['PasswordAuthentication no', 'KbdInteractiveAuthentication no', 'PubkeyAuthentication yes'],
      ),
    ],
  } satisfies Remedy,

  'ssh-cryptography': {
    changes: () => [
      sshDropIn(
        'ssh-cryptography',
        ...Object.entries(algorithms).map(([keyword, names]) => `${keyword} ${names.join(',')}`),
      ),
    ],
  } satisfies Remedy,

  'ssh-idle': {
    changes: ({ values: { seconds } }) => [
      sshDropIn('ssh-idle', `ClientAliveInterval ${Math.floor(seconds / 3)}`, 'ClientAliveCountMax 3'),
    ],
  } satisfies Remedy<Idle>,
} as const;
