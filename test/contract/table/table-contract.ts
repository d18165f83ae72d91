import { describeCommits } from './contract-commits.ts';
import { describeLimits } from './contract-limits.ts';
import { describeModel } from './contract-model.ts';
import { describeQueries } from './contract-queries.ts';
import { describeRecords } from './contract-records.ts';
import type { Subject } from './table-under-test.ts';

/**
 * The contract of core/ports/table.ts: each adapter's test file runs all of it.
 * @param options.modelRuns how many random histories are compared with the model
 */
export function describeTableContract(subject: Subject, options: { readonly modelRuns: number }): void {
  describeRecords(subject);
  describeQueries(subject);
  describeLimits(subject);
  describeCommits(subject);
  describeModel(subject, options.modelRuns);
}
