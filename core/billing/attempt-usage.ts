import type { AttemptRecord, BuildRecord } from '../builds/build-record.ts';
import type { Versioned } from '../builds/build-repository.ts';
import { attemptWrite } from '../builds/stage-repository.ts';
import type { TableWrite } from '../ports/table.ts';
import { dayMilliseconds, partsByDay } from './days.ts';
import { includedDiskGiB, type Payer } from './kinds.ts';
import { attemptUsagePlace } from './places.ts';
import { someOf, type UsageRecord, usageWrites } from './usage-record.ts';

/** How large a builder is. */
export type BuilderSize = NonNullable<AttemptRecord['size']>;

/** What a builder of a size uses in so many milliseconds: the one rule of records, estimates and bills. */
export function builderQuantities(size: BuilderSize | undefined, milliseconds: number) {
  return {
    'builder.time': milliseconds,
    // Attempts of before sizes were kept with them.
    'builder.vcpu': (size?.vcpu ?? 0) * milliseconds,
    // Builders come in whole GiB (core/plan/sizing.ts).
    'builder.memory': Math.ceil((size?.memoryMiB ?? 0) / 1_024) * milliseconds,
    'builder.disk': Math.max(0, (size?.diskGiB ?? 0) - includedDiskGiB) * milliseconds,
  };
}

/** An attempt's end: when it was seen, and how it was. */
export interface AttemptEnd {
  readonly endedAt: string;
  readonly ending: NonNullable<AttemptRecord['ending']>;
}

/** An attempt that has ended. */
export type EndedAttempt = Pick<AttemptRecord, 'stage' | 'attempt' | 'preparedAt' | 'size' | 'timeoutSeconds'> &
  AttemptEnd;

type BilledBuild = Pick<BuildRecord, 'id' | 'tenantId' | 'teamId' | 'purpose'>;

/**
 * Who pays for an attempt. What the infrastructure took back is the service's cost, and so is what it builds ahead for
 * all; a builder that vanished may be its script's doing, and is its tenant's.
 */
export function payerOf(build: Pick<BuildRecord, 'purpose'>, ending: AttemptRecord['ending']): Payer {
  return build.purpose === 'warm' || ending === 'infrastructure' ? 'service' : 'tenant';
}

/** Milliseconds that a builder may take to come up and to be seen to have gone, beside what its own bound leaves. */
const startUp = 3_600_000;

/** Bound of an attempt of before bounds were kept with them, in milliseconds: no plan's steps come to two days. */
const unknownBound = 2 * dayMilliseconds;

/** The longest that any attempt is billed for, in milliseconds: on eight days at most, which fit into a transaction. */
const longest = 7 * dayMilliseconds;

/**
 * Milliseconds that an attempt is billed for at the most. No builder outlives its own bound; but an engine that stood
 * still meanwhile sees the end weeks later, and what it did not see is not the tenant's.
 */
function boundOf({ timeoutSeconds }: Pick<AttemptRecord, 'timeoutSeconds'>): number {
  return Math.min(longest, timeoutSeconds === undefined ? unknownBound : timeoutSeconds * 1_000 + startUp);
}

/**
 * What an attempt used, a record for each UTC day that it ran on: by the engine's own clock, from when it was prepared
 * until the engine saw that it had ended, or until its bound; whatever its builder tells.
 */
export function attemptUsage(build: BilledBuild, attempt: EndedAttempt): UsageRecord[] {
  const from = Date.parse(attempt.preparedAt);
  const to = Math.min(Math.max(from, Date.parse(attempt.endedAt)), from + boundOf(attempt));
  return partsByDay(from, to).map((part, position) => ({
    ...{ tenantId: build.tenantId, ...(build.teamId === undefined ? {} : { teamId: build.teamId }) },
    ...{ payer: payerOf(build, attempt.ending), day: part.day },
    ...{ from: new Date(part.from).toISOString(), to: new Date(part.to).toISOString() },
    ...{ buildId: build.id, stage: attempt.stage, attempt: attempt.attempt, ending: attempt.ending },
    quantities: someOf({
      ...builderQuantities(attempt.size, part.to - part.from),
      // An attempt counts on the day on which it began.
      'builder.attempts': position === 0 ? 1 : 0,
    }),
    recordedAt: attempt.endedAt,
  }));
}

/**
 * The writes by which a live attempt ends, and with it what it used is recorded: whoever sees first that it has ended
 * says how, and nobody says it again. 1 + 6 for each day that is billed: 49 at the most.
 * @throws Error where it has ended already
 */
export function endAttemptWrites(
  build: BilledBuild,
  { value, version }: Versioned<AttemptRecord>,
  end: AttemptEnd & Pick<AttemptRecord, 'milliseconds'>,
): TableWrite[] {
  if (value.state === 'ended') throw new Error('an attempt ends once');
  const ended = { ...value, ...end, state: 'ended' as const };
  return [
    attemptWrite(build.id, ended, version),
    ...attemptUsage(build, ended).flatMap((record) =>
      usageWrites(attemptUsagePlace(build.id, value.stage, value.attempt, record.day), record),
    ),
  ];
}
