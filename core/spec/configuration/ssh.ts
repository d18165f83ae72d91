import { z } from 'zod';
import { groupReference } from '../accounts.ts';
import { patternText } from '../refusal.ts';
import { repeatedNames, ruledValue } from './rules.ts';
import type { SectionEffects } from './section.ts';

/** Users or groups: sshd compares each login with all of them. */
const accounts = (kind: 'user' | 'group') =>
  z
    .array(
      patternText({
        pattern: groupReference.pattern,
        maxLength: groupReference.maxLength,
        what: `the name of a ${kind}`,
        remedy: `Give a ${kind} by name, without patterns and hosts.`,
      }).describe(`Name of a ${kind}.`),
    )
    .min(1)
    .max(64)
    .optional();

const fields = z
  .strictObject({
    ports: z
      .array(z.int().min(1).max(65_535).describe('Port.'))
      .min(1)
      // sshd listens at no more (MAX_LISTEN_SOCKS 16, and each port takes one of IPv4 and one of IPv6).
      .max(8)
      .optional()
      .describe('Ports to listen at. Omitted: 22.'),
    passwordAuthentication: z
      .boolean()
      .optional()
      .describe('Let passwords log in. Omitted: as the distribution has it, which lets them.'),
    permitRootLogin: z
      .enum(['no', 'prohibit-password', 'yes'])
      .optional()
      .describe('Let root log in: never, by key, or in every way. Omitted: prohibit-password.'),
    allowUsers: accounts('user').describe('Users that may log in, and no others. Omitted: all.'),
    allowGroups: accounts('group').describe('Groups whose users may log in, and no others. Omitted: all.'),
    x11Forwarding: z
      .boolean()
      .optional()
      .describe('Forward X11. Omitted: as the distribution has it, which forwards it.'),
    allowTcpForwarding: z.boolean().optional().describe('Forward TCP connections. Omitted: yes.'),
    maxAuthTries: z.int().min(1).max(20).optional().describe('Attempts to log in of one connection. Omitted: 6.'),
  })
  .describe('The SSH server, by openssh-server.');

/** The SSH server, by openssh-server. */
export const sshSchema = ruledValue(fields, ({ ports = [], allowUsers = [], allowGroups = [] }) => [
  ...repeatedNames(ports.map(String), (index) => ['ports', index], 'Name each port once.'),
  ...repeatedNames(allowUsers, (index) => ['allowUsers', index], 'Name each user once.'),
  ...repeatedNames(allowGroups, (index) => ['allowGroups', index], 'Name each group once.'),
]);
export type Ssh = z.output<typeof sshSchema>;

/**
 * The distribution's sshd_config reads this folder first, in the order of names, and of a keyword sshd takes the first
 * value: so this comes before 50-cloud-init.conf, in which the data of a cloud may ask for logins by password.
 */
export const sshPath = '/etc/ssh/sshd_config.d/40-lbuild.conf';

/** The server's own file, and the line by which it reads the folder of `sshPath`; keywords are of any case. */
export const sshInclude = {
  from: '/etc/ssh/sshd_config',
  line: /^[\t ]*include[\t =].*\bsshd_config\.d\//im,
} as const;

export function sshEffects(_ssh: Ssh): SectionEffects {
  return { packages: ['openssh-server'], paths: [sshPath], enable: ['ssh.service'], disable: [] };
}
