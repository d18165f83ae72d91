/** Values by name, of which those that were asked for the longest ago are forgotten. */
export interface Recent<T> {
  /** The value of a name, which is made where there is none. */
  of(name: string): T;
}

/** @param most names that are remembered */
export function createRecent<T>(most: number, make: () => T): Recent<T> {
  const values = new Map<string, T>();
  return {
    of(name) {
      const value = values.get(name) ?? make();
      // The end of the map is what was asked for last.
      values.delete(name);
      values.set(name, value);
      for (const oldest of values.keys()) {
        if (values.size <= most) break;
        values.delete(oldest);
      }
      return value;
    },
  };
}
