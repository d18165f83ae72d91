import { type Sha256, sha256 } from '../digest.ts';
import { EngineError } from '../errors.ts';
import { readJson, tryJson } from '../json.ts';
import { quoted } from '../text.ts';
import type { AdvisoryDocument } from './advisory.ts';
import { Intake, type Skipped, type Wants } from './intake.ts';
import { isOsv, readOsv } from './osv.ts';
import { isTracker, readTracker } from './tracker.ts';

/** The forms that are read. */
export const dataForms = ['debian-tracker', 'osv'] as const;
export type DataForm = (typeof dataForms)[number];

/** A file of vulnerability data as it was read. */
export interface VulnerabilityData {
  readonly form: DataForm;
  /** Of its bytes. */
  readonly sha256: Sha256;
  /** Of the tracker when it was mirrored, of OSV the newest date of a document: ISO 8601 in UTC with milliseconds. */
  readonly takenAt: string;
  /** Releases of which it says something. */
  readonly releases: ReadonlySet<string>;
  readonly documents: readonly AdvisoryDocument[];
  readonly skipped: Skipped;
}

/**
 * Reads a file that an operator mirrors: the JSON of the Debian security tracker, or OSV documents, which are one, a
 * list, or one a line. What the file is its content says. An entry that cannot be read is noted in `skipped`; a file
 * that is cut off is refused, since nobody could tell what is missing. Only members that are known are looked at, so that
 * no depth of nesting matters.
 * @param bytes at most as many as the caller will hold: the text is several times as large in memory
 * @param options.takenAt when it was mirrored
 * @param options.wants which statements to keep; left out, all of releases that are built here
 * @throws EngineError vulnerabilities.data_unreadable, data_unsupported or data_too_large
 */
export function readVulnerabilityData(
  bytes: Uint8Array,
  options: { readonly takenAt: Date; readonly wants?: Wants },
): VulnerabilityData {
  const takenAt = options.takenAt.toISOString();
  const intake = new Intake(options.wants ?? (() => true));
  const values = valuesOf(bytes);
  const [first] = values;
  const read =
    values.length === 1 && isRecord(first) && !isOsv(first) && isTracker(first)
      ? { form: 'debian-tracker' as const, takenAt, documents: [readTracker(first, takenAt, intake)] }
      : readOsvFile(values, intake);
  return { ...read, sha256: sha256(bytes), releases: intake.releases, skipped: intake.skipped };
}

function readOsvFile(
  values: readonly unknown[],
  intake: Intake,
): Pick<VulnerabilityData, 'form' | 'takenAt' | 'documents'> {
  const documents = values.flatMap((value) => readOsv(value, intake) ?? []);
  const newest = documents.map(({ modified }) => modified).reduce<string | undefined>(laterDate, undefined);
  if (newest !== undefined) return { form: 'osv', takenAt: newest, documents };
  const [example] = intake.skipped.examples;
  throw unreadable(
    example === undefined ? 'it holds no document' : `no document is one of OSV: ${example.entry}: ${example.reason}`,
  );
}

/** The later of two dates of one form. */
export const laterDate = (a: string | undefined, b: string): string => (a === undefined || b > a ? b : a);

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const unreadable = (detail: string, cause?: unknown): EngineError =>
  new EngineError('vulnerabilities.data_unreadable', detail, { cause });

const [lineEnd, lessThan] = [0x0a, 0x3c];
const blanks: readonly number[] = [0x09, lineEnd, 0x0d, 0x20];
const byteOrderMark = [0xef, 0xbb, 0xbf];

/** The documents of a file: those of a list, one of each line, or the whole. */
function valuesOf(bytes: Uint8Array): readonly unknown[] {
  const text = byteOrderMark.every((byte, place) => bytes[place] === byte) ? bytes.subarray(3) : bytes;
  const start = text.findIndex((byte) => !blanks.includes(byte));
  if (start === -1) throw unreadable('the file is empty');
  if (text[start] === lessThan) {
    throw new EngineError(
      'vulnerabilities.data_unsupported',
      'the file is XML, as OVAL definitions are; the JSON of the Debian security tracker and OSV documents are read',
    );
  }
  const firstEnd = text.indexOf(lineEnd, start);
  const hasMore = firstEnd !== -1 && text.subarray(firstEnd).some((byte) => !blanks.includes(byte));
  // A whole document in the first of several lines is one of many. A file of one line, long as it may be, is read once.
  if (hasMore && isRecord(tryJson(decoded(text.subarray(start, firstEnd))))) return linesOf(text);
  const value = jsonOf(text, 'the file');
  return Array.isArray(value) ? value : [value];
}

function linesOf(text: Uint8Array): unknown[] {
  const values: unknown[] = [];
  let number = 0;
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf(lineEnd, start);
    const line = text.subarray(start, end === -1 ? text.length : end);
    number++;
    if (line.some((byte) => !blanks.includes(byte))) values.push(jsonOf(line, `line ${number}`));
    start += line.length + 1;
  }
  return values;
}

function jsonOf(text: Uint8Array, what: string): unknown {
  try {
    return readJson(text);
  } catch (error) {
    // What V8 says of JSON quotes some of it.
    throw unreadable(`${what} is no JSON: ${quoted(error instanceof Error ? error.message : String(error))}`, error);
  }
}

/** For a look at the first line alone: what is no UTF-8 there is refused when the whole is read. */
const decoder = new TextDecoder();
const decoded = (text: Uint8Array): string => decoder.decode(text);
