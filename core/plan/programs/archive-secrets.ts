import { z } from 'zod';
import { passwordSecret, type SpecArchive } from '../../spec/configuration/archives.ts';

/**
 * The secrets that the archives of a step name, with their versions: what is built with another password is another
 * step. Values are in no option.
 */
export const archiveSecretsSchema = z
  .array(
    z.strictObject({
      name: z.string().describe('Name of the secret.'),
      version: z.number().int().describe('Its version when the build was planned.'),
    }),
  )
  .describe('Secrets with the passwords of its archives, sorted by name; absent where no archive asks for one.');

/**
 * The secrets of archives that packages are taken from, sorted by name; undefined where there are none.
 * @throws Error where one has no version: it was looked up before
 */
export function archiveSecrets(
  archives: readonly SpecArchive[],
  versions: ReadonlyMap<string, number>,
): z.output<typeof archiveSecretsSchema> | undefined {
  const names = [...new Set(archives.flatMap((archive) => passwordSecret(archive) ?? []))].sort();
  if (names.length === 0) return undefined;
  return names.map((name) => {
    const version = versions.get(name);
    if (version === undefined) throw new Error(`the secret ${name} has no version`);
    return { name, version };
  });
}

const optionsSchema = z.object({ secrets: archiveSecretsSchema.optional() });

/** Names of the secrets that a step's options name. */
export function readsSecrets(options: Readonly<Record<string, unknown>>): string[] {
  return (optionsSchema.parse(options).secrets ?? []).map(({ name }) => name);
}
