import type { createClient } from './generated/client/index.ts';
import * as operations from './generated/sdk.gen.ts';
import type { Build, BuildDiff, DiffBuildsData, Verification } from './generated/types.gen.ts';

/** Changed files that one call asks for where all of them are wanted: as many as the service gives. */
const largestPage = 5_000;

/** The calls of a client that compare builds, or a build with itself made again. */
export function diffCalls(client: ReturnType<typeof createClient>) {
  const shared = { client, throwOnError: true } as const;

  /** What differs between two builds, with a page of the files in which they differ. */
  async function diffBuilds(
    before: string,
    after: string,
    query: NonNullable<DiffBuildsData['query']> = {},
  ): Promise<BuildDiff> {
    return (await operations.diffBuilds({ ...shared, path: { id: before, other: after }, query })).data;
  }

  /** The same with all files, which are asked for page by page. */
  async function diffBuildsWhole(before: string, after: string): Promise<BuildDiff> {
    const whole = await diffBuilds(before, after, { limit: largestPage });
    const { counts, entries } = whole.files;
    let { cursor } = whole.files;
    while (cursor !== undefined) {
      const page: BuildDiff = await diffBuilds(before, after, { limit: largestPage, cursor });
      entries.push(...page.files.entries);
      cursor = page.files.cursor;
    }
    return { ...whole, files: { counts, entries } };
  }

  /** Makes all that a build made once more, without the cache; the build that does so compares the two when it ends. */
  async function verifyBuild(id: string, run: { readonly idempotencyKey?: string } = {}): Promise<Build> {
    const headers = run.idempotencyKey === undefined ? {} : { 'Idempotency-Key': run.idempotencyKey };
    return (await operations.verifyBuild({ ...shared, path: { id }, headers })).data;
  }

  /** What verifications of a build found, the latest first. */
  async function listVerifications(id: string): Promise<readonly Verification[]> {
    return (await operations.listVerifications({ ...shared, path: { id } })).data.verifications;
  }

  return { diffBuilds, diffBuildsWhole, verifyBuild, listVerifications };
}
