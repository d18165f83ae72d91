import * as operations from './generated/sdk.gen.ts';
import type { Build, BuildDiff, DiffBuildsData, Verification } from './generated/types.gen.ts';
import type { CallOptions, KeyedCallOptions, Transport } from './transport.ts';

/** Changed files that one call asks for where all of them are wanted: as many as the service gives. */
const largestPage = 5_000;

/** What compares builds, or a build with itself made again. @internal */
export function diffCalls(engine: Transport) {
  /** What differs between two builds, with a page of the files in which they differ. */
  const diff = async (
    before: string,
    after: string,
    query: NonNullable<DiffBuildsData['query']> = {},
    options?: CallOptions,
  ): Promise<BuildDiff> =>
    (await operations.diffBuilds({ ...engine.of(options), path: { id: before, other: after }, query })).data;

  return {
    diff,

    /** The same with all files, which are asked for page by page. */
    diffWhole: async (before: string, after: string, options?: CallOptions): Promise<BuildDiff> => {
      const whole = await diff(before, after, { limit: largestPage }, options);
      const { counts, entries } = whole.files;
      let { cursor } = whole.files;
      while (cursor !== undefined) {
        const page: BuildDiff = await diff(before, after, { limit: largestPage, cursor }, options);
        entries.push(...page.files.entries);
        cursor = page.files.cursor;
      }
      return { ...whole, files: { counts, entries } };
    },

    /** Makes all that a build made once more, without the cache; the build that does so compares the two at its end. */
    verify: async (id: string, options?: KeyedCallOptions): Promise<Build> =>
      (await operations.verifyBuild({ ...engine.of(options), path: { id } })).data,

    /** What verifications of a build found, the latest first. */
    listVerifications: async (id: string, options?: CallOptions): Promise<readonly Verification[]> =>
      (await operations.listVerifications({ ...engine.of(options), path: { id } })).data.verifications,
  };
}
