/** Keys that a process remembers; then it forgets the one that it saw first. */
const remembered = 10_000;

/** Remembers what was written down, so that what happens again and again is not written each time. */
export interface Seldom {
  isDue(key: string, now: Date): boolean;
  /** Only when it stands: what failed is tried again the next time. */
  done(key: string, now: Date): void;
}

/** @param milliseconds between two times of one key */
export function createSeldom(milliseconds: number): Seldom {
  const written = new Map<string, number>();
  return {
    isDue(key, now) {
      const last = written.get(key);
      return last === undefined || now.getTime() - last >= milliseconds;
    },
    done(key, now) {
      written.delete(key);
      written.set(key, now.getTime());
      for (const oldest of written.keys()) {
        if (written.size <= remembered) break;
        written.delete(oldest);
      }
    },
  };
}
