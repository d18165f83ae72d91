/**
 * As Promise.all, but what fails is told when all have ended: a step that has failed writes nothing any more, so that its
 * folders can go.
 * @throws the reason of the first, in their order, that failed
 */
export async function allEnded<Result>(parts: readonly Promise<Result>[]): Promise<Result[]> {
  const ended = await Promise.allSettled(parts);
  return ended.map((part) => {
    if (part.status === 'rejected') throw part.reason;
    return part.value;
  });
}
