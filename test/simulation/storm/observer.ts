import type { TaskEnd } from '../../../bench/simulation/paper-tasks.ts';
import { type BuildRecord, buildRecordSchema } from '../../../core/builds/build-record.ts';
import { buildKey } from '../../../core/builds/keys.ts';
import { isTerminal, mayBecome } from '../../../core/builds/lifecycle.ts';
import { type EngineEvent, engineEventSchema } from '../../../core/events/event.ts';
import type { TableWrite } from '../../../core/ports/table.ts';

export interface RanTask {
  readonly buildId: string;
  readonly stageId: string;
  readonly attempt: number;
  readonly from: number;
  to?: number;
  end?: TaskEnd;
}

/** Milliseconds for which a builder may go on when its build is over: two rounds of the search for such builders. */
const grace = 11 * 60_000;

/** Watches all that is written, and what builders do, and says what must not have happened. */
export class Observer {
  readonly violations: string[] = [];
  readonly events: EngineEvent[] = [];
  readonly tasks: RanTask[] = [];
  readonly #builds = new Map<string, BuildRecord>();
  readonly #endedAt = new Map<string, number>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  written(writes: readonly TableWrite[]): void {
    for (const write of writes) {
      if (write.kind !== 'put') continue;
      const { partition, sort } = write.key;
      if (partition.startsWith('OUTBOX#')) this.#tell(engineEventSchema.parse(write.data));
      const buildId = partition.startsWith('BUILD#') ? partition.slice('BUILD#'.length) : undefined;
      if (buildId !== undefined && sort === buildKey(buildId).sort) this.#build(buildRecordSchema.parse(write.data));
    }
  }

  #tell(event: EngineEvent): void {
    // What is told again is the same event; a second one of the same is seen by the checks.
    if (!this.events.some(({ id }) => id === event.id)) this.events.push(event);
  }

  #build(next: BuildRecord): void {
    const before = this.#builds.get(next.id);
    this.#builds.set(next.id, next);
    if (before !== undefined && before.state !== next.state && !mayBecome(before.state, next.state)) {
      this.violations.push(`${next.id} became ${next.state} from ${before.state}`);
    }
    if (isTerminal(next.state) && !this.#endedAt.has(next.id)) this.#endedAt.set(next.id, this.#now());
  }

  began(buildId: string, stageId: string, attempt: number): void {
    if (this.#endedAt.has(buildId)) this.violations.push(`${buildId} ${stageId} began when its build was over`);
    const twin = this.tasks.find(
      (task) => task.buildId === buildId && task.stageId === stageId && task.to === undefined,
    );
    if (twin !== undefined && twin.attempt === attempt) this.violations.push(`${buildId} ${stageId} ran twice at once`);
    this.tasks.push({ buildId, stageId, attempt, from: this.#now() });
  }

  ended(buildId: string, stageId: string, attempt: number, end: TaskEnd): void {
    const task = this.tasks.findLast(
      (one) => one.buildId === buildId && one.stageId === stageId && one.attempt === attempt,
    );
    if (task !== undefined) Object.assign(task, { to: this.#now(), end });
  }

  /** What ran for longer than its build. */
  overrun(): string[] {
    return this.tasks.flatMap(({ buildId, stageId, attempt, to = this.#now() }) => {
      const ended = this.#endedAt.get(buildId);
      if (ended === undefined || to <= ended + grace) return [];
      return [`${buildId} ${stageId} ${attempt} ran on for ${Math.round((to - ended) / 60_000)} min`];
    });
  }
}
