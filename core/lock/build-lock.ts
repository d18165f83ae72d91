import { z } from 'zod';
import { canonicalJson, type Sha256, sha256 } from '../digest.ts';
import { type DistributionName, distributionNames } from '../distributions/registry.ts';
import { utf8 } from '../json.ts';
import { allSuites, archiveStateSchema } from '../plan/archive-state.ts';
import { archivePackageSchema, mostArchivePackages } from '../plan/programs/archive-package.ts';
import { architectures } from '../spec/releases.ts';

const digest = z.string().regex(/^[0-9a-f]{64}$/);

/** 2100-01-01 in epoch seconds: all files of an image are of the newest date, or older. */
const latestDate = 4_102_444_800;

/** The step programs that take packages from archives. */
export const installingPrograms = ['bootstrap', 'packages'] as const;

/** Whether a program takes packages from archives. */
export function installs(program: string): program is (typeof installingPrograms)[number] {
  return installingPrograms.some((name) => name === program);
}

const lockedStepSchema = z.strictObject({
  step: z.string().min(1).max(60).describe('Id of the step in the plan: bootstrap, kernel, packages.'),
  trust: z
    .enum(['service', 'tenant'])
    .describe('Whose code ran beside it. What a step of the tenant’s class took nobody vouches for.'),
  request: digest.describe('Of all that the step was asked for, but for the tools that it was done with.'),
  packages: z
    .array(archivePackageSchema)
    .max(mostArchivePackages)
    .describe('What it took from archives, by archive, suite, name and architecture.'),
});
export type LockedStep = z.infer<typeof lockedStepSchema>;

/**
 * The lock of a build: every package that it took from an archive, by digest, and the state of the archives that these
 * came from. Nothing in it is of a run, so that equal builds have equal locks.
 */
export const buildLockSchema = z
  .strictObject({
    format: z.literal('lbuild-lock/1').describe('Version of this format.'),
    base: z.strictObject({
      distribution: z.enum<DistributionName[]>([...distributionNames]),
      release: z.string().max(60),
      architecture: z.enum(architectures),
    }),
    archive: archiveStateSchema.describe('Addresses, suites, and the digest of each index that was used.'),
    steps: z.array(lockedStepSchema).min(1).max(10).describe('In the order of the plan.'),
  })
  .refine(({ archive }) => allSuites(archive).every(({ date }) => date >= 0 && date <= latestDate), {
    path: ['archive'],
    error: 'a suite has a date before 1970 or after 2100',
  })
  .describe('What a build was made of.')
  .meta({ id: 'BuildLock' });
export type BuildLock = z.infer<typeof buildLockSchema>;

/** A lock as a file: canonical JSON and a line's end. Its name is the digest of these bytes. */
export function lockFile(lock: BuildLock): { readonly bytes: Uint8Array; readonly sha256: Sha256 } {
  const bytes = utf8(`${canonicalJson(lock)}\n`);
  return { bytes, sha256: sha256(bytes) };
}
