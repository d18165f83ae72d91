import type { createClient } from './generated/client/index.ts';
import * as operations from './generated/sdk.gen.ts';
import type { DeadLetter, DeadLetterList, ListDeadLettersData } from './generated/types.gen.ts';

/** The calls of a client that are about work that was given up; they are the operator's. */
export function deadLetterCalls(client: ReturnType<typeof createClient>) {
  const shared = { client, throwOnError: true } as const;

  /** A page of dead letters, the latest first. */
  const listDeadLetters = async (query: NonNullable<ListDeadLettersData['query']> = {}): Promise<DeadLetterList> =>
    (await operations.listDeadLetters({ ...shared, query })).data;

  /** Has the work of a dead letter done again. */
  const redriveDeadLetter = async (letterId: string): Promise<DeadLetter> =>
    (await operations.redriveDeadLetter({ ...shared, path: { letterId } })).data;

  /** Forgets a dead letter. */
  const discardDeadLetter = async (letterId: string): Promise<void> => {
    await operations.discardDeadLetter({ ...shared, path: { letterId } });
  };

  return { listDeadLetters, redriveDeadLetter, discardDeadLetter };
}
