import { defineConfig } from 'vitest/config';
import { LongestFirst } from './scripts/test/longest-first.ts';

/** Rooms whose tests are functions called and nothing else: one process runs many of their files, and loads them once. */
const sharing = ['core', 'contract', 'containers', 'flow', 'functions', 'lib', 'simulation'].map(
  (room) => `test/${room}/**/*.test.ts`,
);

/**
 * The tests of `npm test`. `fast` and `sharing` run first, three files at a time: two keep both cores busy but for a
 * fifth of the time, in which they wait for processes that they started. `system` makes images and boots them, when these
 * are done, two at a time: a builder waits for disks and downloads often enough, and a booted machine uses one core.
 */
export default defineConfig({
  test: {
    reporters: ['default'],
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'fast',
          include: ['test/**/*.test.ts'],
          exclude: ['test/system/**', 'test/images/**', ...sharing],
          maxWorkers: 3,
          testTimeout: 30_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'sharing',
          include: sharing,
          isolate: false,
          maxWorkers: 3,
          testTimeout: 30_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'system',
          include: ['test/system/**/*.test.ts'],
          maxWorkers: 2,
          testTimeout: 15 * 60_000,
          hookTimeout: 15 * 60_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
