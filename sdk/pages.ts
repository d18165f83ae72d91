/** Entries that one call for a page asks for: as many as the service gives. */
const pageSize = 100;

/** Reads a list to its end. */
export async function everyPage<T>(
  read: (query: { limit: number; cursor?: string }) => Promise<{ entries: readonly T[]; cursor?: string }>,
): Promise<readonly T[]> {
  const all: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await read({ limit: pageSize, ...(cursor === undefined ? {} : { cursor }) });
    all.push(...page.entries);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return all;
}
