import { defineConfig } from 'vitest/config';
import { mutatedRooms } from './mutated-rooms.ts';

/** The tests by which mutants are judged: quick ones, that call functions and wait for nothing. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: mutatedRooms.flatMap(({ tests }) => tests),
    isolate: false,
    testTimeout: 30_000,
  },
});
