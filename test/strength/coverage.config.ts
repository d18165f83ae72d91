import { defineConfig } from 'vitest/config';
import { guardedRooms } from './guarded-rooms.ts';

/**
 * Percentages that the tests of a guarded room reach at least. Of branches fewer: `??` after an index and the like, which
 * the compiler asks for and no input reaches, count as one each.
 */
const floor = { lines: 90, functions: 90, statements: 90, branches: 80 };

/** What runs in the process of a sandbox, which no runner looks into (the hostile plugins are its tests), types, a generator. */
const elsewhere = [
  'adapters/quickjs/{sandbox,sandbox-process,sandbox-result,engine-module,prelude}.ts',
  'adapters/quickjs/*.d.ts',
  'core/access/principal.ts',
  'core/compliance/document.ts',
];

/** `npm run test:coverage`: the guarded rooms, each by its own tests alone; fails where one is below its floor. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: guardedRooms.flatMap(({ tests }) => tests),
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    coverage: {
      provider: 'v8',
      include: guardedRooms.flatMap(({ code }) => code),
      exclude: elsewhere,
      reporter: ['text', 'json-summary'],
      reportOnFailure: true,
      reportsDirectory: '.cache/coverage',
      thresholds: Object.fromEntries(
        guardedRooms.map(({ code: [only = '', ...more] }) => [
          more.length === 0 ? only : `{${[only, ...more].join(',')}}`,
          floor,
        ]),
      ),
    },
  },
});
