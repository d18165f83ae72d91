import { z } from 'zod';
import { openCursor, sealCursor } from './cursor.ts';
import { wholeNumberOr } from './whole-number.ts';

/** Members of a query that pages through a list. */
export const pageQuery = {
  limit: wholeNumberOr(20, 1, 100).describe('Entries a page.'),
  cursor: z.string().max(4_096).optional().describe('As the page before gave it, with the same query.'),
};

/** The member of an answer that leads to the next page. */
export const nextCursor = z.string().exactOptional().describe('There where more may follow.');

/**
 * Reads one page of a list, whose cursors are good for that list alone.
 * @param scope all that the cursor is bound to: operation, tenant, filters
 * @throws EngineError cursor.invalid
 */
export async function readPage<T extends { readonly cursor?: string }>(
  secret: string,
  scope: readonly string[],
  query: { readonly limit: number; readonly cursor?: string | undefined },
  read: (page: { readonly limit: number; readonly cursor?: string }) => Promise<T>,
): Promise<{ readonly page: T; readonly next: { readonly cursor?: string } }> {
  const { limit } = query;
  const page = await read({
    limit,
    ...(query.cursor === undefined ? {} : { cursor: openCursor(secret, scope, query.cursor) }),
  });
  return { page, next: page.cursor === undefined ? {} : { cursor: sealCursor(secret, scope, page.cursor) } };
}
