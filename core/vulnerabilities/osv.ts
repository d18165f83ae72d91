import { z } from 'zod';
import { type AdvisoryDocument, advisoryIdSchema, type Statement, sourceNameSchema } from './advisory.ts';
import { versionsBeside } from './affected.ts';
import { cvssRating } from './cvss.ts';
import { isDebianVersion } from './debian-version.ts';
import { type KnownRelease, namesNoRelease, releaseOfEcosystem } from './ecosystem.ts';
import { type Intake, oneLine, reasonOf } from './intake.ts';
import { vulnerabilityLimits as limits } from './limits.ts';
import { osvRangesSchema, rangesOf } from './osv-ranges.ts';
import { betterRating, debianRating, type Rating, ubuntuRating, unrated } from './severity.ts';

const identifiers = z.array(z.string()).max(limits.identifiers).nullish();
const ratings = z
  .array(z.object({ type: z.string(), score: z.string() }))
  .max(limits.identifiers)
  .nullish();

/** Members of a document (OSV schema 1.7) that are read; `affected` is read entry by entry. */
const documentSchema = z.object({
  id: advisoryIdSchema,
  modified: z.iso.datetime(),
  withdrawn: z.string().nullish(),
  aliases: identifiers,
  upstream: identifiers,
  related: identifiers,
  summary: z.string().nullish(),
  details: z.string().nullish(),
  severity: ratings,
  affected: z.array(z.unknown()).max(limits.affected).nullish(),
});

/** `package` is absent where only commits are told. */
const packageSchema = z.object({ package: z.object({ ecosystem: z.string(), name: z.string() }).nullish() });

const affectedSchema = z.object({
  ranges: osvRangesSchema,
  versions: z.array(z.string()).max(limits.versions).nullish(),
  severity: ratings,
  ecosystem_specific: z.unknown().optional(),
});

/** What the makers of the data put beside the schema: Debian's urgency, and Ubuntu's priority before schema 1.7. */
const specificSchema = z.object({ urgency: z.string().optional(), ubuntu_priority: z.string().optional() });

/** Whether a value has the form of an OSV document. */
export function isOsv(value: object): boolean {
  return 'id' in value && typeof value.id === 'string' && ('modified' in value || 'affected' in value);
}

/** Reads an OSV document; undefined, and noted, where it is none. */
export function readOsv(value: unknown, intake: Intake): AdvisoryDocument | undefined {
  const read = documentSchema.safeParse(value);
  if (!read.success) {
    intake.skip(nameOf(value), reasonOf(read.error));
    return undefined;
  }
  const { id, modified, withdrawn, summary, details, severity, affected } = read.data;
  const names = vulnerabilitiesOf(read.data);
  const about = {
    id,
    names: names.length === 0 ? [id] : names,
    rating: ratingOf(severity),
    description: oneLine(summary || details || '', limits.description),
  };
  const isWithdrawn = typeof withdrawn === 'string' && withdrawn !== '';
  return {
    ...{ id, modified: new Date(modified).toISOString() },
    authority: cveIn(id) === undefined ? 'notice' : 'record',
    statements: isWithdrawn ? [] : (affected ?? []).flatMap((entry) => statementsOf(entry, about, intake)),
  };
}

const nameOf = (value: unknown): string =>
  typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'string'
    ? value.id
    : 'a document without id';

/** `UBUNTU-CVE-2024-0727` and `DEBIAN-CVE-2024-0727` are records of the CVE id in them. */
function cveIn(id: string): string | undefined {
  return /^(?:DEBIAN-|UBUNTU-)?(CVE-[0-9]{4}-[0-9]{4,19})$/.exec(id)?.[1];
}

/**
 * The CVE ids that a document is about: its own, or those that its update mends. `related` has them in documents before
 * schema 1.7, which brought `upstream`; in others it names what is only alike.
 */
function vulnerabilitiesOf({
  id,
  aliases,
  upstream,
  related,
}: Pick<z.infer<typeof documentSchema>, 'id' | 'aliases' | 'upstream' | 'related'>): string[] {
  for (const names of [[id], [...(upstream ?? []), ...(aliases ?? [])], related ?? []]) {
    const found = new Set(names.flatMap((name) => cveIn(name) ?? []));
    if (found.size > 0) return [...found];
  }
  return [];
}

function ratingOf(given: z.infer<typeof ratings>): Rating {
  return (given ?? []).reduce<Rating>((best, { type, score }) => {
    const one = type === 'Ubuntu' ? ubuntuRating(score) : type === 'CVSS_V3' ? cvssRating(score) : unrated;
    return betterRating(best, one);
  }, unrated);
}

interface About {
  readonly id: string;
  readonly names: readonly string[];
  readonly rating: Rating;
  readonly description: string;
}

function statementsOf(entry: unknown, about: About, intake: Intake): Statement[] {
  const head = packageSchema.safeParse(entry);
  if (!head.success) {
    intake.skip(about.id, `affected: ${reasonOf(head.error)}`);
    return [];
  }
  if (head.data.package === undefined || head.data.package === null) return [];
  const { ecosystem, name: source } = head.data.package;
  const known = releaseOfEcosystem(ecosystem);
  if (known === undefined) {
    if (namesNoRelease(ecosystem)) intake.skip(`${about.id} ${source}`, `the ecosystem ${ecosystem} names no release`);
    return [];
  }
  intake.releases.add(known.release);
  if (!intake.wants(known.release, source)) return [];
  const standing = standingOf(entry, source);
  if (typeof standing === 'string') {
    intake.skip(`${about.id} ${source} ${known.release}`, standing);
    return [];
  }
  intake.take(about.names.length);
  const { rating, ...versions } = standing;
  const told = betterRating(rating, about.rating);
  const { description } = about;
  return about.names.map((id) => ({ id, source, ...placeOf(known), ...versions, ...told, description }));
}

const placeOf = ({ distribution, release }: KnownRelease) => ({ distribution, release });

/** What is affected, and how badly; a text says what is wrong where that cannot be read. */
function standingOf(
  entry: unknown,
  source: string,
): (Pick<Statement, 'status' | 'affected' | 'versions'> & { readonly rating: Rating }) | string {
  if (!sourceNameSchema.safeParse(source).success) return 'its name is no name of a source package';
  const read = affectedSchema.safeParse(entry);
  if (!read.success) return reasonOf(read.error);
  const { ranges, versions, severity, ecosystem_specific: specific } = read.data;
  const affected = rangesOf(ranges ?? []);
  if (typeof affected === 'string') return affected;
  const listed = versions ?? [];
  if (affected.length === 0 && listed.length === 0) return 'it names neither a range of versions nor a version';
  const wrong = listed.find((version) => !isDebianVersion(version));
  if (wrong !== undefined) return `${JSON.stringify(wrong.slice(0, 60))} is no version of a Debian package`;
  const words = specificSchema.safeParse(specific).data;
  const rating = [debianRating(words?.urgency ?? ''), ubuntuRating(words?.ubuntu_priority ?? '')].reduce(
    betterRating,
    ratingOf(severity),
  );
  const beside = versionsBeside(affected, listed);
  const isFixed = beside.length === 0 && affected.every(({ fixed }) => fixed !== undefined);
  return { status: isFixed ? 'fixed' : 'open', affected, versions: beside, rating };
}
