import { z } from 'zod';
import { auditWrite } from '../audit/entry.ts';
import { dayAt } from '../billing/days.ts';
import type { BuildRecord } from '../builds/build-record.ts';
import { type Submission, submitBuild } from '../builds/submit-build.ts';
import { errorCatalogue } from '../error-catalogue.ts';
import { EngineError, type FieldError } from '../errors.ts';
import type { EventDetail } from '../events/catalogue.ts';
import { outboxWrite } from '../events/outbox.ts';
import { readMaintenance } from '../maintenance/maintenance.ts';
import type { Ports } from '../ports/ports.ts';
import { ConditionFailed, type Table, type TableWrite, wrote } from '../ports/table.ts';
import { asRead } from '../retention/image.ts';
import { readDataRecord } from '../vulnerabilities/data-record.ts';
import { bySeverity } from '../vulnerabilities/severity.ts';
import { listStandings, type Standing } from '../vulnerabilities/standing.ts';
import { type Attempt, attemptAfter, attemptWrite, refusalOf, wantedFixes } from './attempt.ts';
import { type FoundLineage, findLineage, liveLineages } from './known.ts';
import { dayPlace } from './places.ts';
import { type RebuildSettings, readRebuildSettings } from './settings.ts';
import { whyLeft } from './why-left.ts';

export type RebuildPorts = Pick<Ports, 'table' | 'clock' | 'ids' | 'installation'>;

/** Why a build is made that nobody asked for. */
export type RebuildCause = NonNullable<BuildRecord['rebuild']>;

/** Makes of a build that has ended the submission of one more, judged as of today. @throws EngineError where that is refused */
export type Prepare = (build: BuildRecord, cause: RebuildCause) => Promise<Submission>;

/** What a run over a tenant's images came to. */
export interface Rebuilt {
  /** The builds that were submitted. */
  readonly submitted: readonly string[];
  /** How many were refused. */
  readonly refused: number;
  /** Whether an event has the rest done. */
  readonly goesOn: boolean;
  /** What failed that nobody foresaw. */
  readonly errors: readonly unknown[];
}

/** Images that are looked at between two looks at the clock: each may have plugins of the tenant asked. */
const imagesAtOnce = 10;

/**
 * Builds anew what a tenant has that is due, the most urgent first, as far as it allows for a day; some a call, and the
 * rest by an event. Safe to repeat: a build is submitted in the transaction that says so.
 * @param within milliseconds after which no further images are begun
 */
export async function rebuildTenant(
  ports: RebuildPorts,
  tenantId: string,
  { dataDigest, cursor }: EventDetail<'vulnerabilities.rebuild'>,
  { within, prepare }: { readonly within: number; readonly prepare: Prepare },
): Promise<Rebuilt> {
  const { table, clock } = ports;
  const done = { submitted: [] as string[], refused: 0, errors: [] as unknown[] };
  const over = { ...done, goesOn: false };
  const settings = await readRebuildSettings(table, tenantId);
  if (!settings.automatic || (await readMaintenance(table)) !== undefined) return over;
  if ((await readDataRecord(table))?.record.data?.digest !== dataDigest) return over;
  const began = clock.now().getTime();
  const live = await liveLineages(table, tenantId);
  let at = cursor;
  do {
    const page = await listStandings(table, tenantId, {
      limit: imagesAtOnce,
      ...(at === undefined ? {} : { cursor: at }),
    });
    for (const standing of page.standings) {
      const worst = standing.rebuild?.severity;
      // Sorted by severity: none behind it is worse.
      if (worst === undefined || bySeverity(worst, settings.severity) > 0) return { ...done, goesOn: false };
      if (standing.dataDigest !== dataDigest) continue;
      try {
        const outcome = await rebuildIfDue(ports, { standing, settings, live, prepare });
        if (outcome === 'enough') return { ...done, goesOn: false };
        if (outcome === 'refused') done.refused += 1;
        else if (outcome !== undefined) done.submitted.push(outcome.buildId);
      } catch (error) {
        done.errors.push(error);
      }
    }
    at = page.cursor;
    if (at !== undefined && clock.now().getTime() - began >= within) {
      await table.transact([outboxWrite(ports, 'vulnerabilities.rebuild', tenantId, { dataDigest, cursor: at })]);
      return { ...done, goesOn: true };
    }
  } while (at !== undefined);
  return { ...done, goesOn: false };
}

interface Candidate {
  readonly standing: Standing;
  readonly settings: RebuildSettings;
  readonly live: Set<string>;
  readonly prepare: Prepare;
}

type Outcome = { readonly buildId: string } | 'refused' | 'enough' | undefined;

/** @returns undefined where there is nothing to do, or somebody else was faster; enough: the day has had what it may */
async function rebuildIfDue(ports: RebuildPorts, candidate: Candidate): Promise<Outcome> {
  const { table, clock } = ports;
  const { standing, settings, live } = candidate;
  const found = await findLineage(table, standing);
  if (found === undefined) return undefined;
  const now = clock.now();
  const isLive = live.has(found.lineage);
  if (whyLeft(standing, settings, { ...found.known, isLive, now }) !== undefined) return undefined;
  const day = await readDay(table, standing.tenantId, now);
  if (day.count >= settings.mostPerDay) return 'enough';
  const { scanId, dataDigest, buildId, rebuild } = standing;
  if (rebuild === undefined) return undefined;
  const wanted = wantedFixes(rebuild.packages, settings.severity);
  const next = attemptAfter(found.stored.attempt, {
    ...{ lineage: found.lineage, of: buildId, at: now.toISOString(), dataDigest, scanId, severity: rebuild.severity },
    wanted,
  });
  return submit(ports, candidate, { found, next, fixes: wanted.length, day: day.write });
}

/** What is to be written with an attempt, whatever becomes of it. */
interface Begun {
  readonly found: FoundLineage;
  readonly next: Attempt;
  /** Source packages that it is for. */
  readonly fixes: number;
  readonly day: TableWrite;
}

async function submit(ports: RebuildPorts, { standing, live, prepare }: Candidate, begun: Begun): Promise<Outcome> {
  const { found, next, fixes, day } = begun;
  const { tenantId } = standing;
  const { dataDigest, scanId, severity } = next;
  const told = { scanId, severity, fixes };
  try {
    const submission = await prepare(found.build, { scan: scanId, data: dataDigest, severity });
    const { build } = await submitBuild(ports, {
      ...submission,
      beside: ({ id, teamId }) => [
        attemptWrite(tenantId, { ...next, build: id }, found.stored),
        day,
        outboxWrite(ports, 'rebuild.submitted', tenantId, { buildId: id, teamId, of: standing.buildId, ...told }),
      ],
    });
    live.add(found.lineage);
    return { buildId: build.id };
  } catch (error) {
    if (error instanceof ConditionFailed) return undefined;
    if (!(error instanceof EngineError) || errorCatalogue[error.code].status >= 500) throw error;
    return refuse(ports, standing, begun, error);
  }
}

/** Writes down that a rebuild was refused, which is told: nobody waits for it who would see it otherwise. */
async function refuse(
  ports: RebuildPorts,
  { tenantId, buildId, teamId }: Standing,
  { found, next, day }: Begun,
  error: EngineError,
): Promise<Outcome> {
  const { code } = error;
  const [field] = error.fields;
  const refusal = refusalOf(code, field === undefined ? error.detail : textOf(error.detail, field));
  const { scanId, severity } = next;
  const done = await wrote(ports.table, [
    attemptWrite(tenantId, { ...next, refusal }, found.stored),
    day,
    outboxWrite(ports, 'rebuild.refused', tenantId, { buildId, teamId, scanId, severity, code }),
    auditWrite(ports, { tenantId }, { action: 'rebuild.refused', target: buildId, detail: { scanId, ...refusal } }),
  ]);
  return done ? 'refused' : undefined;
}

/** A refusal with the first of the fields that it is for; what is not of one field has no path. */
const textOf = (detail: string, { path, reason }: FieldError): string =>
  path === '' ? `${detail} ${reason}` : `${detail} ${path}: ${reason}`;

const daySchema = z.strictObject({ day: z.string(), count: z.int().min(0) });

/** How many were tried today, and the write that counts one more where that is still so. */
async function readDay(
  table: Pick<Table, 'get'>,
  tenantId: string,
  now: Date,
): Promise<{ readonly count: number; readonly write: TableWrite }> {
  const key = dayPlace(tenantId);
  const stored = await table.get(key);
  const before = stored === undefined ? undefined : daySchema.parse(stored.data);
  const today = dayAt(now);
  const count = before?.day === today ? before.count : 0;
  return {
    count,
    write: { kind: 'put', key, data: { day: today, count: count + 1 }, condition: asRead(stored?.version) },
  };
}
