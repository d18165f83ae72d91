import { mutatedRooms } from './mutated-rooms.ts';

/** `npm run test:mutation`: how many of the faults that are put into what decides are found. */
export default {
  testRunner: 'vitest',
  vitest: { configFile: 'test/strength/mutation.config.ts', related: true },
  mutate: mutatedRooms.flatMap(({ code }) => code),
  coverageAnalysis: 'perTest',
  concurrency: 2,
  reporters: ['clear-text', 'json', 'progress-append-only'],
  clearTextReporter: {
    allowColor: false,
    logTests: false,
    reportTests: false,
    reportScoreTable: true,
    reportMutants: true,
  },
  jsonReporter: { fileName: '.cache/mutation.json' },
  tempDirName: '.cache/stryker',
  ignorePatterns: ['.cache', 'cdk.out', 'docs/plots', 'integrations/github-action/dist'],
  checkers: [],
  disableTypeChecks: false,
  timeoutMS: 20_000,
};
