import { EngineError } from '../errors.ts';
import type { Table } from '../ports/table.ts';
import type { Priority } from '../queue/priority.ts';
import { resolvedSpecSchema } from '../spec/resolve.ts';
import type { ResolvedSpec } from '../spec/schema.ts';
import { teamOf } from '../teams/team-repository.ts';
import type { BuildRecord } from './build-record.ts';
import { specKey } from './keys.ts';
import { isTerminal } from './lifecycle.ts';
import type { Submission } from './submit-build.ts';

/** A spec in place of the stored one, with what is known of it. */
type Given = Pick<Submission, 'spec' | 'template' | 'warnings' | 'judged'>;

/** What a caller may change when a build is built again. */
export interface Again {
  readonly keyId: string;
  readonly idempotencyKey?: string;
  /** Absent: as the build before. */
  readonly keepGoing?: boolean;
  /** True: it runs on its own. Each run says so for itself. */
  readonly force?: true;
  /** Absent: normal. */
  readonly priority?: Priority;
  /** Why the engine builds it by itself; absent: somebody asked. */
  readonly rebuild?: NonNullable<BuildRecord['rebuild']>;
  /**
   * Judges the stored spec as one that is submitted now: what can be built here may have changed since.
   * @throws EngineError spec.invalid
   */
  readonly check: (stored: unknown) => ResolvedSpec;
}

/** The stored, resolved spec of a build. @throws Error where it is missing */
export async function storedSpec(table: Table, buildId: string): Promise<ResolvedSpec> {
  return resolvedSpecSchema.parse(await storedDocument(table, buildId));
}

/** The same, as it lies in the table. */
async function storedDocument(table: Table, buildId: string): Promise<unknown> {
  const record = await table.get(specKey(buildId));
  if (record === undefined) throw new Error(`the spec of ${buildId} is missing`);
  return record.data;
}

/**
 * A new build that goes on where a failed or cancelled one stopped: what that one had finished is in the cache under
 * keys that hold the archive's state, so it is planned with that state again unless the latest is asked for.
 * @throws EngineError build.not_resumable, spec.invalid
 */
export async function resumeOf(
  table: Table,
  build: BuildRecord,
  again: Again & {
    /** Another spec, with the template that it lay over. */
    readonly given?: Given;
    readonly archive: 'resumed' | 'latest';
  },
): Promise<Submission> {
  if (build.state !== 'failed' && build.state !== 'cancelled') {
    throw new EngineError('build.not_resumable', `The build is ${build.state}.`);
  }
  if (build.verifies !== undefined) {
    throw new EngineError('build.not_resumable', `It verifies ${build.verifies}: verify that again.`);
  }
  const given = again.given ?? (await storedAgain(table, build, again));
  return submission(table, build, given, again, {
    resumedFrom: build.id,
    ...(again.archive === 'latest' ? {} : { archiveOf: build.id }),
  });
}

/**
 * A new build of the spec of one that has ended, as if that were submitted today.
 * @throws EngineError build.not_ended, spec.invalid
 */
export async function retryOf(table: Table, build: BuildRecord, again: Again): Promise<Submission> {
  if (!isTerminal(build.state)) throw new EngineError('build.not_ended', `The build is ${build.state}.`);
  return submission(table, build, await storedAgain(table, build, again), again, { retryOf: build.id });
}

/** The spec of a build, with the template that it lay over. */
async function storedAgain(
  table: Table,
  build: BuildRecord,
  { check }: Again,
): Promise<Pick<Submission, 'spec' | 'template'>> {
  const spec = check(await storedDocument(table, build.id));
  return build.template === undefined ? { spec } : { spec, template: build.template };
}

async function submission(
  table: Table,
  build: BuildRecord,
  given: Given,
  again: Again,
  origin: NonNullable<Submission['run']>,
): Promise<Submission> {
  const keepGoing = again.keepGoing ?? build.keepGoing;
  return {
    tenantId: build.tenantId,
    keyId: again.keyId,
    ...given,
    run: {
      ...origin,
      ...(keepGoing === true ? { keepGoing } : {}),
      ...(await teamOf(table, build)),
      ...(again.force === true ? { force: again.force } : {}),
      ...(again.priority === undefined ? {} : { priority: again.priority }),
      ...(again.rebuild === undefined ? {} : { rebuild: again.rebuild }),
      ...(build.purpose === 'warm' ? { purpose: build.purpose } : {}),
    },
    ...(again.idempotencyKey === undefined ? {} : { idempotencyKey: again.idempotencyKey }),
  };
}
