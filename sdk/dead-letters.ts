import * as operations from './generated/sdk.gen.ts';
import type { DeadLetter, DeadLetterList, ListDeadLettersData } from './generated/types.gen.ts';
import { type Listing, listing } from './pages.ts';
import type { CallOptions, Transport } from './transport.ts';

/** Work that was given up; it is the operator's. @internal */
export function deadLetterCalls(engine: Transport) {
  return {
    /** Dead letters, the latest first. */
    list: (
      query: NonNullable<ListDeadLettersData['query']> = {},
      options?: CallOptions,
    ): Listing<DeadLetterList, DeadLetter> =>
      listing(
        query,
        async (page) =>
          (await operations.listDeadLetters({ ...engine.of(options), query: { ...query, ...page } })).data,
        ({ deadLetters }) => deadLetters,
      ),

    /** Has the work of a dead letter done again. */
    redrive: async (letterId: string, options?: CallOptions): Promise<DeadLetter> =>
      (await operations.redriveDeadLetter({ ...engine.of(options), path: { letterId } })).data,

    /** Forgets a dead letter. */
    discard: async (letterId: string, options?: CallOptions): Promise<void> => {
      await operations.discardDeadLetter({ ...engine.of(options), path: { letterId } });
    },
  };
}
