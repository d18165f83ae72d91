/** Entries that one call for a page asks for where the caller does not say: as many as most lists give. */
const pageSize = 100;

/** What asks for a page: how many entries, and from where on. */
export interface PageQuery {
  readonly limit?: number;
  readonly cursor?: string;
}

/**
 * A list of the engine's. `for await` walks over all of its entries and asks for pages as they are needed; nothing is
 * asked for before.
 */
export interface Listing<P, T> extends AsyncIterable<T> {
  /** One page as the engine answers it; its `cursor`, where it has one, asks for the next. */
  page(): Promise<P>;
  /** All pages, one after another. */
  pages(): AsyncGenerator<P>;
  /** All entries, or that many. */
  all(most?: number): Promise<T[]>;
}

/**
 * @param read asks for a page
 * @param query how many entries a page has, and where the list begins; the rest of it is the reader's
 * @param entriesOf those of a page
 * @internal
 */
export function listing<P extends { readonly cursor?: string }, T>(
  query: PageQuery,
  read: (query: { limit: number; cursor?: string }) => Promise<P>,
  entriesOf: (page: P) => readonly T[],
  largest = pageSize,
): Listing<P, T> {
  const limit = query.limit ?? largest;
  const readFrom = (cursor: string | undefined) => read({ limit, ...(cursor === undefined ? {} : { cursor }) });
  async function* pages(): AsyncGenerator<P> {
    let cursor = query.cursor;
    do {
      const page = await readFrom(cursor);
      yield page;
      cursor = page.cursor;
    } while (cursor !== undefined);
  }
  async function* entries(): AsyncGenerator<T> {
    for await (const page of pages()) yield* entriesOf(page);
  }
  return {
    pages,
    page: () => readFrom(query.cursor),
    async all(most = Number.POSITIVE_INFINITY) {
      const found: T[] = [];
      if (most <= 0) return found;
      for await (const entry of entries()) {
        found.push(entry);
        if (found.length >= most) break;
      }
      return found;
    },
    [Symbol.asyncIterator]: entries,
  };
}
