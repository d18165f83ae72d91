import { z } from 'zod';
import type { ProgramDeclaration } from './program.ts';
import { unitPaths } from './unit-paths.ts';

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

/** What becomes of a password; absent where the spec says nothing. */
const passwordOptions = {
  mustChangePassword: z.boolean().optional().describe('It is asked for a new one at the next login.'),
  locked: z.boolean().optional().describe('No password opens the account.'),
};

/** Declaration of `users`: adds users by editing the user databases as data; homes, keys, password hashes. */
export const users = {
  name: 'users',
  version: 2,
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
        ...passwordOptions,
        sudo: z
          .strictObject({
            passwordless: z.boolean().describe('Ask for no password.'),
            commands: z.array(z.string()).optional().describe('What is allowed; everything where absent.'),
          })
          .optional()
          .describe('What the user may do by sudo; nothing where absent.'),
      }),
    ),
    root: z
      .strictObject({
        passwordHash: z.string().optional().describe('crypt(5) hash; the account stays as it is where absent.'),
        ...passwordOptions,
        sshKeys: z.array(z.string()).describe('Lines of authorized_keys.'),
      })
      .optional()
      .describe('The account of root; as the distribution has it where absent.'),
  }),
} as const satisfies ProgramDeclaration;

const attributes = {
  mode: z.string().describe('Octal permission bits, four digits.'),
  owner: z.string().describe('User name or number.'),
  group: z.string().describe('Group name or number.'),
};

const filesOptions = z.strictObject({
  files: z.array(
    z.strictObject({
      path: z.string().describe('Absolute path in the image.'),
      content: z
        .string()
        .optional()
        .describe('The content, as text in UTF-8; absent where one of the others is there.'),
      base64: z.string().optional().describe('The content, in base64.'),
      upload: z.string().optional().describe('The content, as an upload: its SHA-256.'),
      ...attributes,
    }),
  ),
  directories: z
    .array(z.strictObject({ path: z.string().describe('Absolute path in the image.'), ...attributes }))
    .optional()
    .describe('Folders to make before the files, sorted by path; absent where the spec has none.'),
  remove: z
    .array(
      z.strictObject({
        path: z.string().describe('Absolute path in the image.'),
        ifPresent: z.boolean().describe('That it is not there is no error.'),
      }),
    )
    .optional()
    .describe('Paths to remove after the files are written, sorted; absent where the spec has none.'),
});

/** Declaration of `files`: makes folders, writes files given in the spec, removes paths. */
export const files = {
  name: 'files',
  version: 1,
  summary: 'Writes files',
  trust: 'service',
  produces: 'layer',
  reads: 'paths',
  readsPaths: (options) => {
    const { files: written, directories = [], remove = [] } = filesOptions.parse(options);
    const paths = [...written, ...directories, ...remove].map(({ path }) => path.replace(/^\/+/, ''));
    return ['etc/passwd', 'etc/group', ...paths];
  },
  readsUploads: (options) =>
    filesOptions.parse(options).files.flatMap(({ upload }) => (upload === undefined ? [] : [upload])),
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
  readsPaths: () => unitPaths,
  hostTools: ['systemctl'],
  timeoutSeconds: 300,
  options: z.strictObject({
    enable: z.array(z.string()).describe('Unit names; `.service` is meant where no suffix is given.'),
    disable: z.array(z.string()).describe('Unit names.'),
    mask: z.array(z.string()).describe('Unit names.'),
  }),
} as const satisfies ProgramDeclaration;
