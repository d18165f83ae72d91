import { defineConfig } from 'vitest/config';

/** The tests of `npm run test:images`: each builds images and boots them, and a boot without KVM uses one core. */
export default defineConfig({
  test: {
    name: 'images',
    include: ['test/images/**/*.test.ts'],
    maxWorkers: 2,
    testTimeout: 30 * 60_000,
    hookTimeout: 30 * 60_000,
    reporters: ['default'],
  },
});
