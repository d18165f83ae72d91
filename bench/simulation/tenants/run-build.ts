import type { BuildRecord } from '../../../core/builds/build-record.ts';
import { artifactWrite, attemptWrite } from '../../../core/builds/stage-repository.ts';
import type { TableWrite } from '../../../core/ports/table.ts';
import type { PaperBuild, PaperTenant } from './population.ts';

/** When paper time begins: 1 January 2026. */
export const origin = Date.UTC(2026, 0, 1);

/** A build of the run. */
export interface RunBuild extends PaperBuild {
  readonly tenant: PaperTenant;
  readonly number: number;
  id: string | undefined;
  /** Milliseconds since the run began. */
  queuedAt: number | undefined;
  startedAt: number | undefined;
  endedAt: number | undefined;
  /** Refused for good: where only deleting would free what it needs. */
  refused: boolean;
}

export interface RunTenant {
  readonly tenant: PaperTenant;
  readonly tenantId: string;
  readonly builds: readonly RunBuild[];
  /** Builds that it has begun to submit. */
  submitted: number;
  /** Of these, builds that have not started and were not refused. */
  waiting: number;
}

/** The build as plan-build leaves it: its estimate is all that the dispatcher knows of it. */
export function queuedBuild(record: BuildRecord, build: RunBuild, now: Date): BuildRecord {
  const estimate = {
    ...{ seconds: build.estimate, bytes: build.bytes, dollars: 0, dollarsPerSecond: {} },
    sources: { cache: 0, history: 0, table: 1 },
  };
  return { ...record, state: 'queued', estimate, plannedAt: now.toISOString() };
}

/** What a build leaves behind that succeeds: an artifact, and an attempt that took as long as it did. */
export function madeWrites(build: RunBuild, now: number): TableWrite[] {
  const sha256 = 'b'.repeat(64);
  const artifact = { name: 'image.tar', type: 'tar', step: 'tar', size: build.bytes, sha256 } as const;
  const [from, to] = [build.startedAt ?? 0, now].map((at) => new Date(origin + at).toISOString());
  const attempt = { stage: 's1', attempt: 1, ticketHash: sha256, state: 'ended', trust: 'service' } as const;
  return [
    artifactWrite(idOf(build), { ...artifact, mediaType: 'application/x-tar' }),
    attemptWrite(
      idOf(build),
      { ...attempt, steps: [], blobs: {}, preparedAt: from ?? '', ...(to === undefined ? {} : { endedAt: to }) },
      'absent',
    ),
  ];
}

/** @throws Error where its client does not know it yet */
export function idOf(build: RunBuild): string {
  if (build.id === undefined) throw new Error('the build was not submitted');
  return build.id;
}
