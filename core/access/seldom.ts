/** Keys that a process remembers; then it forgets the one that it saw first. */
const remembered = 10_000;

/**
 * Says of what happens again and again when it is time to write it down anew.
 * @param milliseconds between two times of one key
 */
export function createSeldom(milliseconds: number): (key: string, now: Date) => boolean {
  const written = new Map<string, number>();
  return (key, now) => {
    const last = written.get(key);
    if (last !== undefined && now.getTime() - last < milliseconds) return false;
    written.delete(key);
    written.set(key, now.getTime());
    for (const oldest of written.keys()) {
      if (written.size <= remembered) break;
      written.delete(oldest);
    }
    return true;
  };
}
