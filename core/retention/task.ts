import { EngineError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { CleanupEntry, TaskCounts } from './cleanup-record.ts';
import type { CleanupTask, Finding, Look } from './finding.ts';

/** Text of an error that a report holds. */
const errorLength = 300;

/** What one task came to; without a look it could not look. */
export interface Done<L extends Look> {
  readonly counts: TaskCounts;
  readonly entries: readonly CleanupEntry[];
  readonly gone: ReadonlySet<Finding>;
  readonly look?: L;
  /** Its time was over before all was removed. */
  readonly cut: boolean;
  /** What nobody foresaw: whoever calls throws it once the report is stored, so that logs and alarms have it. */
  readonly errors: readonly unknown[];
}

export interface TaskOptions {
  readonly dryRun: boolean;
  /** Gives, once it has looked, when it begins with no further removal; absent: it removes all that it finds. */
  readonly until?: () => Date;
}

/**
 * Does one task: looks, and unless it is a dry run removes what was found. Both find the same, since finding changes
 * nothing and all is found before the first of it goes. What fails is told, and the next goes on.
 */
export async function doTask<L extends Look>(
  { clock }: { readonly clock: Clock },
  task: CleanupTask,
  lookFor: () => Promise<L>,
  { dryRun, until }: TaskOptions,
): Promise<Done<L>> {
  const entries: CleanupEntry[] = [];
  const gone = new Set<Finding>();
  const errors: unknown[] = [];
  let look: L;
  try {
    look = await lookFor();
  } catch (error) {
    const counts = { task, found: 0, removed: 0, bytes: 0, failed: 1, more: true, error: textOf(error) };
    return { counts, entries, gone, cut: false, errors: unforeseen(error) };
  }
  const { findings, more = false, failures = [] } = look;
  let failed = 0;
  const fails = (entry: Omit<CleanupEntry, 'outcome' | 'task'>, error: unknown): void => {
    failed += 1;
    errors.push(...unforeseen(error));
    entries.push({ task, ...entry, outcome: 'failed', error: textOf(error) });
  };
  for (const { what, tenantId, error } of failures) fails({ what, ...tenantOf(tenantId), why: [] }, error);
  // A chore has no entry of the report, so that only its error tells that it failed.
  if (!dryRun) for (const chore of look.chores ?? []) await chore().catch((error: unknown) => errors.push(error));
  const end = until?.();
  let cut = false;
  let bytes = 0;
  for (const finding of findings) {
    if (!dryRun && end !== undefined && clock.now() >= end) {
      cut = true;
      break;
    }
    const { what, tenantId, why } = finding;
    const sized = finding.bytes === undefined ? {} : { bytes: finding.bytes };
    const entry = { what, ...tenantOf(tenantId), why: [...why], ...sized };
    try {
      const outcome = dryRun ? 'found' : (await finding.remove()) ? 'removed' : 'changed';
      entries.push({ task, ...entry, outcome });
      if (outcome === 'removed') gone.add(finding);
      if (outcome !== 'changed') bytes += finding.bytes ?? 0;
    } catch (error) {
      fails(entry, error);
    }
  }
  const counts = { task, found: findings.length, removed: gone.size, bytes, failed, more: more || cut };
  return { counts, entries, gone, look, cut, errors };
}

const tenantOf = (tenant: string | undefined) => (tenant === undefined ? {} : { tenant });

/** An error that the engine has no word for; a report says of it no more than that. */
function unforeseen(error: unknown): unknown[] {
  return error instanceof EngineError && error.code !== 'internal.error' ? [] : [error];
}

function textOf(error: unknown): string {
  // What is not one of the engine's own errors may hold what is not for readers of a report.
  return error instanceof EngineError ? `${error.code}: ${error.detail}`.slice(0, errorLength) : 'internal.error';
}

/**
 * Ends a function's call with what failed in it, after its report is stored: nobody watches reports for this.
 * @throws AggregateError where there is any error
 */
export function throwAll(errors: readonly unknown[]): void {
  if (errors.length === 0) return;
  const [first] = errors;
  // Whoever logs it writes the message alone.
  const told = first instanceof Error ? `${first.name}: ${first.message}` : 'a value that is no error';
  throw new AggregateError(errors, `${errors.length} failed, the first: ${told}`, { cause: first });
}
