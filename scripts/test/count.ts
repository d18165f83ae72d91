import { z } from 'zod';

/** What is read of the report that vitest's JSON reporter writes, over all projects of a run. */
const reportSchema = z.looseObject({
  success: z.boolean(),
  numPassedTests: z.number().int().min(0),
  numFailedTests: z.number().int().min(0),
  testResults: z.array(
    z.looseObject({ status: z.string(), assertionResults: z.array(z.looseObject({ status: z.string() })) }),
  ),
});

/** Numbers of a run. */
export interface TestCount {
  readonly passed: number;
  readonly failed: number;
}

/**
 * Counts the tests of a run. A file that fails without a failed test (its import, its set-up, its worker) counts as one
 * failure, and so does a run that failed as a whole though every file passed: an unhandled error, no test at all, a
 * report that is missing or no report.
 * @param report the parsed report; undefined where there is none
 * @param exitedWell whether the runner ended with exit code 0
 */
export function countTests(report: unknown, exitedWell: boolean): TestCount {
  const parsed = reportSchema.safeParse(report);
  if (!parsed.success) return { passed: 0, failed: 1 };
  const { success, numPassedTests, numFailedTests, testResults } = parsed.data;
  const broken = testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  const failed = numFailedTests + broken.length;
  const sound = exitedWell && success && numPassedTests > 0;
  return { passed: numPassedTests, failed: failed === 0 && !sound ? 1 : failed };
}
