/** Blocks on their way: enough for all threads that Node compresses with while others are read and written. */
const atOnce = 16;

/**
 * Works on several items at a time and answers the results in the order of the items, whichever is done first: what is
 * made of them then follows from the items alone.
 */
export async function* inOrder<Item, Result>(
  items: AsyncIterable<Item>,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const waiting: Promise<Result>[] = [];
  for await (const item of items) {
    const result = work(item);
    // Where an earlier one fails, nobody waits for this one any more.
    result.catch(() => undefined);
    waiting.push(result);
    const first = waiting.length < atOnce ? undefined : waiting.shift();
    if (first !== undefined) yield await first;
  }
  for (const result of waiting) yield await result;
}
