import { z } from 'zod';
import type { ProgramDeclaration } from './program.ts';

/** Declaration of `system`: host name, time zone, locale, keyboard. Runs before any tenant file is in the tree. */
export const system = {
  name: 'system',
  version: 1,
  summary: 'Sets host name, time zone, locale and keyboard',
  trust: 'service',
  produces: 'layer',
  reads: 'tree',
  hostTools: ['chroot'],
  timeoutSeconds: 600,
  options: z.strictObject({
    hostname: z.string().describe('The host name.'),
    timezone: z.string().describe('Name in the time zone database.'),
    locale: z.string().describe('The default locale, such as en_US.UTF-8; it is generated.'),
    keyboard: z.string().describe('XKB layout, such as us or de.'),
  }),
} as const satisfies ProgramDeclaration;

/** Declaration of `groups`: adds groups by editing the group database as data. */
export const groups = {
  name: 'groups',
  version: 1,
  summary: 'Adds groups',
  trust: 'service',
  produces: 'layer',
  reads: 'paths',
  readsPaths: () => ['etc'],
  hostTools: [],
  timeoutSeconds: 300,
  options: z.strictObject({
    groups: z.array(
      z.strictObject({
        name: z.string().describe('Name of the group.'),
        gid: z.number().int().optional().describe('Its number; the next free one from 1000 where absent.'),
      }),
    ),
  }),
} as const satisfies ProgramDeclaration;

/** Declaration of `users`: adds users by editing the user databases as data; homes, keys, password hashes. */
export const users = {
  name: 'users',
  version: 1,
  summary: 'Adds users',
  trust: 'service',
  produces: 'layer',
  reads: 'tree',
  hostTools: [],
  timeoutSeconds: 300,
  options: z.strictObject({
    users: z.array(
      z.strictObject({
        name: z.string().describe('Login name.'),
        uid: z.number().int().optional().describe('Its number; the next free one from 1000 where absent.'),
        groups: z.array(z.string()).describe('Groups beside its own.'),
        shell: z.string().describe('Login shell.'),
        home: z.string().describe('Home folder.'),
        comment: z.string().describe('GECOS text.'),
        sshKeys: z.array(z.string()).describe('Lines of authorized_keys.'),
        passwordHash: z.string().optional().describe('crypt(5) hash; no password where absent.'),
      }),
    ),
  }),
} as const satisfies ProgramDeclaration;

const filesOptions = z.strictObject({
  files: z.array(
    z.strictObject({
      path: z.string().describe('Absolute path in the image.'),
      content: z.string().describe('The content, as text in UTF-8.'),
      mode: z.string().describe('Octal permission bits, four digits.'),
      owner: z.string().describe('User name or number.'),
      group: z.string().describe('Group name or number.'),
    }),
  ),
});

/** Declaration of `files`: writes files given in the spec. */
export const files = {
  name: 'files',
  version: 1,
  summary: 'Writes files',
  trust: 'service',
  produces: 'layer',
  reads: 'paths',
  readsPaths: (options) => [
    ...['etc/passwd', 'etc/group'],
    ...filesOptions.parse(options).files.map(({ path }) => path.replace(/^\/+/, '')),
  ],
  hostTools: [],
  timeoutSeconds: 300,
  options: filesOptions,
} as const satisfies ProgramDeclaration;

/** Declaration of `services`: enables, disables and masks units by their links, as data. */
export const services = {
  name: 'services',
  version: 1,
  summary: 'Enables, disables and masks services',
  trust: 'service',
  produces: 'layer',
  reads: 'paths',
  readsPaths: () => ['etc', 'lib/systemd', 'usr/lib/systemd', 'usr/local/lib/systemd'],
  hostTools: ['systemctl'],
  timeoutSeconds: 300,
  options: z.strictObject({
    enable: z.array(z.string()).describe('Unit names; `.service` is meant where no suffix is given.'),
    disable: z.array(z.string()).describe('Unit names.'),
    mask: z.array(z.string()).describe('Unit names.'),
  }),
} as const satisfies ProgramDeclaration;
