import { digestOf, type Sha256 } from '../digest.ts';
import { byCodeUnits } from '../text.ts';
import { type Advisory, type AdvisoryDocument, type AdvisoryStatus, authorities, type Statement } from './advisory.ts';
import type { Skipped } from './intake.ts';
import { vulnerabilityLimits as limits } from './limits.ts';
import { type DataForm, dataForms, laterDate, type VulnerabilityData } from './read-data.ts';
import { betterRating } from './severity.ts';

/** What an operator's vulnerability data says, of all of its files. */
export interface AdvisorySet {
  readonly advisories: readonly Advisory[];
  /** Releases of which there is data: of others nothing is known. */
  readonly releases: ReadonlySet<string>;
  /** Of the bytes of all files: equal data has equal digests. */
  readonly digest: Sha256;
  /** The newest date of any file; undefined where there is no file. */
  readonly takenAt: string | undefined;
  readonly forms: readonly DataForm[];
  readonly skipped: Skipped;
}

/**
 * Makes advisories of several files, one for each vulnerability in a source package of a release:
 * - of two documents with one id the one that was modified last is true, and one that is withdrawn says nothing; the
 *   files of the tracker are one document;
 * - which versions are affected, and how it stands, the tracker says where it says anything of it, else the record of
 *   the vulnerability, else notices of updates; where several of these speak, what one of them says is affected is;
 * - the severity is the best-known one of all documents (severity.ts).
 */
export function mergeAdvisories(files: readonly VulnerabilityData[]): AdvisorySet {
  const spoken = new Map<string, Spoken>();
  for (const document of latestDocuments(files)) {
    for (const statement of document.statements) {
      const key = `${statement.release}\0${statement.source}\0${statement.id}`;
      const told = spoken.get(key);
      if (told === undefined) spoken.set(key, [{ document, statement }]);
      else told.push({ document, statement });
    }
  }
  const skipped = files.map((file) => file.skipped);
  return {
    advisories: [...spoken.values()].map(advisoryOf),
    releases: new Set(files.flatMap(({ releases }) => [...releases])),
    digest: digestOf(files.map(({ sha256 }) => sha256).sort(byCodeUnits)),
    takenAt: files.map(({ takenAt }) => takenAt).reduce<string | undefined>(laterDate, undefined),
    forms: dataForms.filter((form) => files.some((file) => file.form === form)),
    skipped: {
      count: skipped.reduce((sum, { count }) => sum + count, 0),
      examples: skipped.flatMap(({ examples }) => examples).slice(0, limits.skippedExamples),
    },
  };
}

function latestDocuments(files: readonly VulnerabilityData[]): AdvisoryDocument[] {
  const latest = new Map<string, AdvisoryDocument>();
  // By digest, so that of documents with one date the same one is taken in whatever order files come.
  const sorted = files.toSorted((a, b) => byCodeUnits(a.sha256, b.sha256));
  for (const document of sorted.flatMap(({ documents }) => documents)) {
    const known = latest.get(document.id);
    if (known === undefined || known.modified <= document.modified) latest.set(document.id, document);
  }
  const rank = ({ authority }: AdvisoryDocument) => authorities.indexOf(authority);
  return [...latest.values()].sort((a, b) => rank(a) - rank(b) || byCodeUnits(a.id, b.id));
}

/** Statements about one thing, those of the highest authority first; never empty. */
type Spoken = { readonly document: AdvisoryDocument; readonly statement: Statement }[];

function advisoryOf(spoken: Spoken): Advisory {
  const [first] = spoken;
  if (first === undefined) throw new Error('an advisory needs a statement');
  const heard = spoken
    .filter(({ document }) => document.authority === first.document.authority)
    .map(({ statement }) => statement);
  const rating = spoken.map(({ statement }) => statement).reduce(betterRating, first.statement);
  const described = spoken.find(({ statement }) => statement.description !== '');
  const { id, source, distribution, release } = first.statement;
  const documents = new Set(spoken.flatMap(({ document }) => (isOrigin(document, id) ? document.id : [])));
  return {
    ...{ id, source, distribution, release },
    status: heard.map(({ status }) => status).reduce(worseStatus),
    affected: distinct(heard.flatMap(({ affected }) => affected)),
    versions: distinct(heard.flatMap(({ versions }) => versions)),
    severity: rating.severity,
    severitySource: rating.severitySource,
    description: described?.statement.description ?? '',
    references: [...documents].slice(0, limits.references),
  };
}

const isOrigin = ({ id, authority }: AdvisoryDocument, advisory: string): boolean =>
  authority !== 'tracker' && id !== advisory;

/** Of `fixed` and `open` the latter: one of the documents knows no fix of what it says. */
const worseStatus = (a: AdvisoryStatus, b: AdvisoryStatus): AdvisoryStatus => (a === 'fixed' ? b : a);

function distinct<T>(values: readonly T[]): T[] {
  if (values.length < 2) return [...values];
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
}
