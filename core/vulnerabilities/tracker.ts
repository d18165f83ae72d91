import { z } from 'zod';
import { debian } from '../distributions/debian.ts';
import {
  type AdvisoryDocument,
  type AdvisoryStatus,
  advisoryIdSchema,
  type Statement,
  sourceNameSchema,
} from './advisory.ts';
import { isDebianVersion } from './debian-version.ts';
import { type Intake, oneLine, reasonOf } from './intake.ts';
import { vulnerabilityLimits as limits } from './limits.ts';
import { debianRating } from './severity.ts';

const issueSchema = z.object({
  description: z.string().nullish(),
  releases: z.record(z.string(), z.unknown()),
});

const releaseSchema = z.object({
  status: z.enum(['resolved', 'open', 'undetermined']),
  fixed_version: z.string().nullish(),
  urgency: z.string().nullish(),
  /** Why there is no advisory of its own for it; `nodsa` beside it is a remark for people. */
  nodsa_reason: z.string().nullish(),
});
type TrackerRelease = z.infer<typeof releaseSchema>;

const releaseNames = Object.keys(debian.releases);

/** Id of the document that a file of the tracker is. */
export const trackerDocumentId = 'debian-security-tracker';

/** Whether a value has the form of the tracker's file: vulnerabilities by source package, releases in each. */
export function isTracker(value: object): value is Readonly<Record<string, unknown>> {
  return Object.values(value).some((issues: unknown) =>
    Object.values(issues ?? {}).some((issue) => typeof issue === 'object' && issue !== null && 'releases' in issue),
  );
}

/**
 * Reads the JSON of the Debian security tracker (`data/json`): `{source: {id: {description, releases: {codename:
 * {status, fixed_version, urgency, nodsa_reason}}}}}`. It has no date of its own.
 * @param takenAt when it was mirrored, ISO 8601 in UTC with milliseconds
 */
export function readTracker(
  file: Readonly<Record<string, unknown>>,
  takenAt: string,
  intake: Intake,
): AdvisoryDocument {
  const statements: Statement[] = [];
  for (const [source, issues] of Object.entries(file)) {
    if (!sourceNameSchema.safeParse(source).success || typeof issues !== 'object' || issues === null) {
      intake.skip(source, 'it is no source package with its vulnerabilities');
      continue;
    }
    for (const [id, issue] of Object.entries(issues)) {
      const found = statementsOf(source, id, issue, intake);
      intake.take(found.length);
      statements.push(...found);
    }
  }
  return { id: trackerDocumentId, modified: takenAt, authority: 'tracker', statements };
}

function statementsOf(source: string, id: string, value: unknown, intake: Intake): Statement[] {
  const issue = issueSchema.safeParse(value);
  if (!advisoryIdSchema.safeParse(id).success || !issue.success) {
    intake.skip(`${source} ${id}`, issue.success ? 'its name is no id of a vulnerability' : reasonOf(issue.error));
    return [];
  }
  const { description, releases } = issue.data;
  return releaseNames.flatMap((release): Statement[] => {
    if (!Object.hasOwn(releases, release)) return [];
    intake.releases.add(release);
    if (!intake.wants(release, source)) return [];
    const entry = releaseSchema.safeParse(releases[release]);
    if (!entry.success) {
      intake.skip(`${source} ${id} ${release}`, reasonOf(entry.error));
      return [];
    }
    const standing = standingOf(entry.data);
    if (standing === undefined) {
      intake.skip(`${source} ${id} ${release}`, 'fixed_version is no version of a Debian package');
      return [];
    }
    return [
      {
        ...{ id, source, distribution: debian.name, release, ...standing, versions: [] },
        ...debianRating(entry.data.urgency ?? ''),
        description: oneLine(description ?? '', limits.description),
      },
    ];
  });
}

/** Status and affected versions; undefined where the version of the fix is none. */
function standingOf(entry: TrackerRelease): Pick<Statement, 'status' | 'affected'> | undefined {
  if (entry.status !== 'resolved') return { status: unfixedStatus(entry), affected: [{}] };
  const fixed = entry.fixed_version ?? '';
  // The archive's own version has no such vulnerability, and which one had it is not told.
  if (fixed === '') return { status: 'undetermined', affected: [{}] };
  // The tracker's word for never affected; as a version, some with a tilde would be before it.
  if (fixed === '0') return { status: 'not-affected', affected: [] };
  return isDebianVersion(fixed) ? { status: 'fixed', affected: [{ fixed }] } : undefined;
}

function unfixedStatus({ status, urgency, nodsa_reason: reason }: TrackerRelease): AdvisoryStatus {
  if (status === 'undetermined') return 'undetermined';
  if (urgency === 'end-of-life') return 'end-of-life';
  return reason === 'ignored' || reason === 'postponed' ? reason : 'open';
}
