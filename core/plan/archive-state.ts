import { z } from 'zod';

/** One suite of an archive as its InRelease described it when the build was planned. */
export const archiveSuiteSchema = z.strictObject({
  uri: z.url().describe('Base address of the archive, without the suite.'),
  suite: z.string().regex(/^[a-z0-9-]+$/),
  components: z.array(z.string().regex(/^[a-z-]+$/)).min(1),
  indexes: z
    .record(z.string(), z.string().regex(/^[0-9a-f]{64}$/))
    .describe('Name to SHA-256 of each uncompressed package index used, as InRelease lists them.'),
  inRelease: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional()
    .describe('SHA-256 of the InRelease that was read: where a cache holds it, the archive need not be asked.'),
  snapshot: z
    .url()
    .optional()
    .describe(
      'Address that it is read at instead, where the build pins the archive by date: its expiry is not judged. The image keeps `uri`.',
    ),
  date: z.number().int().describe("InRelease's Date in epoch seconds."),
});
export type ArchiveSuite = z.infer<typeof archiveSuiteSchema>;

const word = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/);

/** The state of an archive that the spec names. */
export const extraArchiveSchema = z.strictObject({
  name: z.string().describe('As the spec names it.'),
  suites: z.array(archiveSuiteSchema.extend({ suite: word, components: z.array(word).min(1) })).min(1),
});
export type ExtraArchive = z.infer<typeof extraArchiveSchema>;

/**
 * The state of the archive that a plan is made for. The builder verifies the signature and that it sees these very
 * indexes. The addresses end in the image's own apt sources.
 */
export const archiveStateSchema = z.strictObject({
  suites: z.array(archiveSuiteSchema).min(1).describe("Of the distribution's own archive."),
  extra: z
    .array(extraArchiveSchema)
    .optional()
    .describe('Archives that the spec names, for the step of its packages alone. Absent where it names none.'),
});
export type ArchiveState = z.infer<typeof archiveStateSchema>;

/** An address without a user and password, which it may have where an archive asks for them, and without a last slash. */
export function publicAddress(uri: string): string {
  // A password may hold an @ itself: the last one ends it, as in the URL standard.
  return uri.replace(/^([a-z]+:\/\/)[^/?#]*@/i, '$1').replace(/\/+$/, '');
}

/** Where a suite is read. */
export function sourceOf({ uri, snapshot }: Pick<ArchiveSuite, 'uri' | 'snapshot'>): string {
  return (snapshot ?? uri).replace(/\/+$/, '');
}

/** Every suite of a state, the distribution's first. */
export function allSuites({ suites, extra = [] }: ArchiveState): ArchiveSuite[] {
  return [...suites, ...extra.flatMap((archive) => archive.suites)];
}
