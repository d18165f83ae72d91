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
  date: z.number().int().describe("InRelease's Date in epoch seconds."),
});
export type ArchiveSuite = z.infer<typeof archiveSuiteSchema>;

/**
 * The state of the archive that a plan is made for. The builder verifies the signature and that it sees these very
 * indexes. The addresses end in the image's own apt sources.
 */
export const archiveStateSchema = z.strictObject({ suites: z.array(archiveSuiteSchema).min(1) });
export type ArchiveState = z.infer<typeof archiveStateSchema>;
