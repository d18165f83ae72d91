import type { Clock } from '../ports/clock.ts';
import { ConditionFailed, type Table } from '../ports/table.ts';
import { type Book, bookWrite, readBook } from './dispatch-book.ts';
import { type LaunchRate, untilToken } from './launch-rate.ts';

type PacerPorts = { readonly table: Table; readonly clock: Clock };

/**
 * Makes the caller the one dispatcher that waits for tokens; false where there is one.
 * @param until when it stops waiting at the latest, in milliseconds since 1970: were it to die, another one takes over then
 */
export function becomePacer(ports: PacerPorts, until: number): Promise<boolean> {
  return changeBook(ports, (book, now) => ((book.pacedUntil ?? 0) > now ? undefined : { ...book, pacedUntil: until }));
}

/** The caller waits no more. */
export async function stopPacing(ports: PacerPorts): Promise<void> {
  await changeBook(ports, ({ pacedUntil, ...book }) => (pacedUntil === undefined ? undefined : book));
}

/** Milliseconds until a build may start. */
export async function untilNextToken({ table, clock }: PacerPorts, rate: LaunchRate | undefined): Promise<number> {
  return untilToken((await readBook(table)).book.bucket, rate, clock.now().getTime());
}

/** Changes the book, whoever else writes it; false where nothing is to be changed. */
async function changeBook(
  { table, clock }: PacerPorts,
  change: (book: Book, now: number) => Book | undefined,
): Promise<boolean> {
  for (;;) {
    const stored = await readBook(table);
    const next = change(stored.book, clock.now().getTime());
    if (next === undefined) return false;
    try {
      await table.transact([bookWrite(next, stored)]);
      return true;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
}
