import { z } from 'zod';
import { quoted } from '../text.ts';
import { imagePathRefusal } from './image-path.ts';
import { specLimits } from './limits.ts';
import { passwordHashRefusal } from './password-hash.ts';
import { patternRefusal, patternText, type Refusal, ruledText } from './refusal.ts';
import { isSystemAccount, isSystemGroup } from './reserved-names.ts';
import { sshKeyRefusal } from './ssh-key.ts';
import { sudoSchema } from './sudo.ts';

/** Names that adduser takes by default; utmp and the login tools hold 32 characters. */
const accountName = {
  pattern: /^[a-z][a-z0-9_-]*$/,
  maxLength: 32,
  what: 'a name for an account',
  remedy: 'Use lower-case letters, digits, `_` and `-`, beginning with a letter.',
};
const accountNameShape = { minLength: 1, maxLength: accountName.maxLength, pattern: accountName.pattern.source };

/** A group that may exist already: packages name theirs with a leading `_` too. */
export const groupReference = {
  pattern: /^[a-z_][a-z0-9_-]*$/,
  maxLength: 32,
  what: 'the name of a group',
  remedy: 'Give a group of the spec, of the distribution, or of a package, by name.',
};

/** Debian policy 9.2.2: 1000 to 59999 are for users; below and above are the system's. */
const accountNumber = z.int().min(1_000).max(59_999);

function userNameRefusal(name: string): Refusal | undefined {
  if (!isSystemAccount(name)) return patternRefusal(name, accountName);
  const reason = `${quoted(name)} belongs to the distribution, as a user or as a group`;
  return { code: 'spec.reserved_name', reason, remedy: 'Choose another name.' };
}

function groupNameRefusal(name: string): Refusal | undefined {
  if (!isSystemGroup(name)) return patternRefusal(name, accountName);
  const reason = `the distribution already has the group ${quoted(name)}`;
  return { code: 'spec.reserved_name', reason, remedy: 'Leave it out here; name it in the `groups` of a user.' };
}

/** A home folder gets its user as owner, so it must not be one of the system's. */
function homeRefusal(path: string): Refusal | undefined {
  const refusal = imagePathRefusal(path);
  if (refusal !== undefined) return refusal;
  if (/^\/(?:home|srv|opt|var)\/[^:]+$/.test(path)) return undefined;
  const reason = `${quoted(path)} is no place for a home folder`;
  return {
    code: path.includes(':') ? 'spec.invalid_value' : 'spec.path_forbidden',
    reason,
    remedy: 'Choose a path below /home, /srv, /opt or /var, without `:`.',
  };
}

function commentRefusal(text: string): Refusal | undefined {
  if (/[\p{Cc}:]/u.test(text)) {
    const reason = `${quoted(text)} holds \`:\` or a control character`;
    return { code: 'spec.invalid_value', reason, remedy: 'Remove it: the text is one field of /etc/passwd.' };
  }
  return patternRefusal(text, { pattern: /^/, maxLength: 256, what: 'a comment', remedy: 'Shorten it.' });
}

/** A group to add. */
export const groupSchema = z
  .strictObject({
    name: ruledText(groupNameRefusal, accountNameShape).describe('Name of the group.'),
    gid: accountNumber.optional().describe('Its number. Omitted: the next free one from 1000.'),
  })
  .describe('A group to add.');

const keysField = z
  .array(ruledText(sshKeyRefusal, { maxLength: specLimits.sshKeyLength.value }).describe('Line of a public key file.'))
  .max(specLimits.sshKeys.value)
  .default([])
  .describe('Public keys that may log in, as the lines of authorized_keys, without options.');

const hashField = ruledText(passwordHashRefusal, { pattern: '^\\$(y|6|5|2b)\\$' });

/** The account of the administrator, whom every system has. */
export const rootAccountSchema = z
  .strictObject({
    passwordHash: hashField
      .optional()
      .describe(
        'Hash of its password as crypt(5) writes it. Omitted: no password opens it, as the distribution has it.',
      ),
    locked: z
      .boolean()
      .optional()
      .describe('Lock the password. Omitted: locked where there is none. `false` needs `passwordHash`.'),
    mustChangePassword: z
      .boolean()
      .optional()
      .describe('Ask for a new password at the next login. Needs `passwordHash`.'),
    sshKeys: keysField,
  })
  .describe('The account of the administrator, root.');

/** A user to add, with a group of the same name. */
export const userSchema = z
  .strictObject({
    name: ruledText(userNameRefusal, accountNameShape).describe('Login name; a group of this name is added too.'),
    uid: accountNumber.optional().describe('Its number. Omitted: the next free one from 1000.'),
    groups: z
      .array(patternText(groupReference).describe('Name of a group.'))
      .max(specLimits.userGroups.value)
      .default([])
      .describe('Groups beside its own: of the spec, of the distribution, or of a package.'),
    shell: patternText({
      pattern: /^(?:\/[A-Za-z0-9_+-][A-Za-z0-9._+-]*)+$/,
      maxLength: 255,
      what: 'the path of a shell',
      remedy: 'Give the absolute path of a program, such as /bin/bash or /usr/sbin/nologin.',
    })
      .default('/bin/bash')
      .describe('Login shell, by its path.'),
    home: ruledText(homeRefusal, { maxLength: specLimits.pathBytes.value, pattern: '^/(home|srv|opt|var)/[^:]+$' })
      .optional()
      .describe('Home folder, below /home, /srv, /opt or /var. Omitted: /home/NAME.'),
    comment: ruledText(commentRefusal, { maxLength: 256, pattern: '^[^:]*$' })
      .default('')
      .describe('Full name or another remark, in /etc/passwd.'),
    sshKeys: keysField,
    passwordHash: hashField
      .optional()
      .describe('Hash of the password as crypt(5) writes it: $y$, $6$, $5$ or $2b$. Omitted: no password opens it.'),
    mustChangePassword: z
      .boolean()
      .optional()
      .describe('Ask for a new password at the next login. Needs `passwordHash`.'),
    locked: z
      .boolean()
      .optional()
      .describe('Lock the password, as `passwd --lock` does: it opens nothing, public keys still do.'),
    sudo: sudoSchema.optional(),
  })
  .describe('A user to add.');
