/**
 * Which stage each stage waits for, beside what it needs, so that at most `limit` run at once: the one `limit` places
 * before it. The stages are then `limit` chains, each of which runs one at a time. It is decided before the first one
 * runs, since the state machine's Map cannot do it: an iteration that waits for another one would hold its place.
 * @param stages topologically sorted, so that no wait closes a circle
 * @returns nothing for a stage that has to wait for nothing more
 */
export function waitsUnderLimit(
  stages: readonly { readonly id: string; readonly needs: readonly string[] }[],
  limit: number,
): ReadonlyMap<string, string> {
  const waits = new Map<string, string>();
  for (const [position, stage] of stages.entries()) {
    const before = stages[position - limit];
    if (before !== undefined && !stage.needs.includes(before.id)) waits.set(stage.id, before.id);
  }
  return waits;
}
