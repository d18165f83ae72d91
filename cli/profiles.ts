import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { chmod, mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { CliFailure } from './failure.ts';

/** Names of profiles: they are typed in shells, and shown in lists. */
export const profileNameSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'not 1 to 64 letters, digits, dots, underscores, hyphens');

const profileSchema = z.strictObject({ url: z.url({ protocol: /^https?$/ }), apiKey: z.string().min(1) });
export type Profile = z.infer<typeof profileSchema>;

const profilesSchema = z.strictObject({
  /** The one that counts where none is named. */
  current: profileNameSchema.optional(),
  profiles: z.record(profileNameSchema, profileSchema),
});
export type Profiles = z.infer<typeof profilesSchema>;

/** What of the environment says where a user's configuration is (XDG Base Directory Specification). */
export interface ConfigurationEnvironment {
  readonly XDG_CONFIG_HOME?: string | undefined;
  readonly HOME?: string | undefined;
}

/**
 * The file of profiles: `lbuild/profiles.json` below `$XDG_CONFIG_HOME`, else below `~/.config`. Relative paths count as
 * absent, as the specification says; undefined where there is no home either.
 */
export function profilesFile({ XDG_CONFIG_HOME: folder = '', HOME: home = '' }: ConfigurationEnvironment) {
  const base = path.isAbsolute(folder) ? folder : path.isAbsolute(home) ? path.join(home, '.config') : undefined;
  return base === undefined ? undefined : path.join(base, 'lbuild', 'profiles.json');
}

/**
 * The profiles of a user; none where there is no file.
 * @throws CliFailure cli.profiles_unreadable where the file is not what this CLI writes, or others may read or change it
 */
export function readProfiles(file: string | undefined): Profiles {
  if (file === undefined || !existsSync(file)) return { profiles: {} };
  const refuse = (why: string, remedy: string, error?: unknown) =>
    new CliFailure('access', { code: 'cli.profiles_unreadable', detail: `${file} ${why}.`, remedy }, error);
  const { uid, mode } = statSync(file);
  if (uid !== process.getuid?.() && process.getuid !== undefined) {
    throw refuse('belongs to another user', 'Remove it, or log in with HOME or XDG_CONFIG_HOME of your own.');
  }
  if ((mode & 0o077) !== 0) throw refuse('holds keys, and others may read or change it', `chmod 600 ${file}`);
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw refuse('cannot be read', 'Remove it, and log in again with `lbuild login`.', error);
  }
  const parsed = profilesSchema.safeParse(content);
  if (!parsed.success) {
    const why = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
    throw refuse(`is not valid: ${why}`, 'Mend it, or remove it and log in again with `lbuild login`.');
  }
  return parsed.data;
}

/** Puts the profiles of a user in place of those that the file had, readable for nobody else, whole or not at all. */
export async function writeProfiles(name: string, profiles: Profiles): Promise<void> {
  // Who keeps the file elsewhere and a link to it here keeps the link.
  const file = existsSync(name) ? realpathSync(name) : name;
  const folder = path.dirname(file);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const draft = path.join(folder, `.profiles-${randomBytes(8).toString('hex')}`);
  try {
    const handle = await open(draft, 'wx', 0o600);
    try {
      await handle.writeFile(`${JSON.stringify(profiles, null, 2)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    // A wide umask takes bits away and never gives any; a narrow one may have taken the owner's own.
    await chmod(draft, 0o600);
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** A profile by name. @throws CliFailure cli.no_profile */
export function namedProfile({ profiles }: Profiles, name: string): Profile {
  const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  if (profile !== undefined) return profile;
  const names = Object.keys(profiles).sort();
  throw new CliFailure('usage', {
    code: 'cli.no_profile',
    detail: `There is no profile ${JSON.stringify(name)}.`,
    remedy: `${names.length === 0 ? 'There is none at all.' : `There are: ${names.join(', ')}.`} \`lbuild login ${profileNameSchema.safeParse(name).success ? name : 'NAME'}\` makes one.`,
  });
}
