import { z } from 'zod';
import { toJsonObject } from '../json.ts';
import type { Table, TableWrite } from '../ports/table.ts';
import { asRead } from '../retention/image.ts';
import { sourceNameSchema, versionSchema } from '../vulnerabilities/advisory.ts';
import { compareVersionTexts } from '../vulnerabilities/debian-version.ts';
import type { PackageToUpdate } from '../vulnerabilities/rebuild-list.ts';
import { bySeverity, type Severity, severities } from '../vulnerabilities/severity.ts';
import { attemptPlace } from './places.ts';

/** Fixes that are remembered of a lineage: of those of an attempt all, 40 at most, and of earlier ones what there is room for. */
const mostWanted = 400;

/** Characters of the reason of a refusal that are kept. */
const reasonLength = 500;

/** A source package, and the version of it that a rebuild is to bring, or a later one. */
const wantedFixSchema = z.strictObject({ source: sourceNameSchema, fixedIn: versionSchema });
export type WantedFix = Readonly<z.infer<typeof wantedFixSchema>>;

/** The last automatic rebuild of a lineage that was tried. */
export const attemptSchema = z.strictObject({
  lineage: z.string(),
  /** The build whose image was to be built anew. */
  of: z.string(),
  at: z.iso.datetime(),
  /** Of the data that said so, and the scan by it. */
  dataDigest: z.string(),
  scanId: z.string(),
  severity: z.enum(severities),
  /** How often the same fixes were tried for. */
  tries: z.int().min(1),
  /** What it was for, and those before it. */
  wanted: z.array(wantedFixSchema).max(mostWanted),
  /** The build that was submitted; absent: it was refused. */
  build: z.string().exactOptional(),
  refusal: z.strictObject({ code: z.string(), reason: z.string().max(reasonLength) }).exactOptional(),
});
export type Attempt = Readonly<z.infer<typeof attemptSchema>>;

export interface StoredAttempt {
  readonly attempt?: Attempt;
  /** Absent: none was tried yet. */
  readonly version?: number;
}

export async function readAttempt(
  table: Pick<Table, 'get'>,
  tenantId: string,
  lineage: string,
): Promise<StoredAttempt> {
  const stored = await table.get(attemptPlace(tenantId, lineage));
  return stored === undefined ? {} : { attempt: attemptSchema.parse(stored.data), version: stored.version };
}

/** The write that stores an attempt, where nobody else has made one since the last was read. */
export const attemptWrite = (tenantId: string, attempt: Attempt, before: StoredAttempt): TableWrite => ({
  ...{ kind: 'put', key: attemptPlace(tenantId, attempt.lineage), data: toJsonObject(attempt) },
  condition: asRead(before.version),
});

/** What a rebuild is to bring: each source package once, where what it fixes is severe enough. */
export function wantedFixes(packages: readonly PackageToUpdate[], severity: Severity): WantedFix[] {
  const severe = packages.filter((one) => bySeverity(one.severity, severity) <= 0);
  return newest(severe.map(({ source, fixedIn }) => ({ source, fixedIn })));
}

/** Each source package once, by the newest version. */
function newest(fixes: readonly WantedFix[]): WantedFix[] {
  const bySource = new Map<string, WantedFix>();
  for (const fix of fixes) {
    const known = bySource.get(fix.source);
    if (known === undefined || compareVersionTexts(fix.fixedIn, known.fixedIn) > 0) bySource.set(fix.source, fix);
  }
  return [...bySource.values()];
}

/** Whether all of these fixes were tried for before: a rebuild has nothing new to bring. */
export function wasTriedFor(wanted: readonly WantedFix[], before: Attempt | undefined): boolean {
  const tried = new Map((before?.wanted ?? []).map(({ source, fixedIn }) => [source, fixedIn]));
  return wanted.every(({ source, fixedIn }) => {
    const version = tried.get(source);
    return version !== undefined && compareVersionTexts(fixedIn, version) <= 0;
  });
}

/** An attempt that follows on another: what was tried for is remembered, so that data which goes back and forth begins nothing anew. */
export function attemptAfter(
  before: Attempt | undefined,
  {
    wanted,
    ...next
  }: Omit<Attempt, 'tries' | 'wanted' | 'build' | 'refusal'> & { readonly wanted: readonly WantedFix[] },
): Attempt {
  const tries = before !== undefined && wasTriedFor(wanted, before) ? before.tries + 1 : 1;
  const own = new Set(wanted.map(({ source }) => source));
  const all = newest([...wanted, ...(before?.wanted ?? [])]);
  // Its own first: they are the ones that must not be forgotten.
  const sorted = [...all.filter(({ source }) => own.has(source)), ...all.filter(({ source }) => !own.has(source))];
  return { ...next, tries, wanted: sorted.slice(0, mostWanted) };
}

export const refusalOf = (code: string, reason: string): NonNullable<Attempt['refusal']> => ({
  code,
  reason: reason.slice(0, reasonLength),
});
