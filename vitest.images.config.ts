import { defineConfig } from 'vitest/config';

/** The tests of `npm run test:images`: each builds images and boots them, so that one at a time uses the machine up. */
export default defineConfig({
  test: {
    name: 'images',
    include: ['test/images/**/*.test.ts'],
    maxWorkers: 1,
    fileParallelism: false,
    testTimeout: 30 * 60_000,
    hookTimeout: 30 * 60_000,
    reporters: ['default'],
  },
});
