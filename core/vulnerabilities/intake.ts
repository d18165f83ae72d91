import type { z } from 'zod';
import { printable } from '../builds/printable.ts';
import { EngineError } from '../errors.ts';
import { vulnerabilityLimits as limits } from './limits.ts';

/** Entries of vulnerability data that could not be read: all are counted, the first few are told. */
export interface Skipped {
  readonly count: number;
  readonly examples: readonly { readonly entry: string; readonly reason: string }[];
}

/** Whether statements of a source package of a release are kept; a scan of a few images needs a few thousand. */
export type Wants = (release: string, source: string) => boolean;

/** What is noted while a file is read. */
export class Intake {
  readonly wants: Wants;
  /** Releases of which the file says something, whether that is kept or not. */
  readonly releases = new Set<string>();
  readonly #examples: Skipped['examples'][number][] = [];
  #skipped = 0;
  #statements = 0;

  constructor(wants: Wants) {
    this.wants = wants;
  }

  /** Counts an entry that cannot be read: one of many thousands that is wrong must not hide the others. */
  skip(entry: string, reason: string): void {
    this.#skipped++;
    if (this.#examples.length >= limits.skippedExamples) return;
    this.#examples.push({ entry: oneLine(entry, limits.idLength), reason: oneLine(reason, limits.description) });
  }

  /** Counts statements that are kept. @throws EngineError vulnerabilities.data_too_large */
  take(statements: number): void {
    this.#statements += statements;
    if (this.#statements <= limits.statements) return;
    throw new EngineError(
      'vulnerabilities.data_too_large',
      `the file says more than ${limits.statements} things of releases that are built here`,
    );
  }

  get skipped(): Skipped {
    return { count: this.#skipped, examples: this.#examples };
  }
}

/** The first thing that is wrong with an entry, in words. */
export function reasonOf(error: z.ZodError): string {
  const issue = error.issues[0];
  if (issue === undefined) return 'it cannot be read';
  return issue.path.length === 0 ? issue.message : `${issue.path.map(String).join('.')}: ${issue.message}`;
}

/** Text of the data as one line that may be shown, cut where it is longer. */
export function oneLine(text: string, most: number): string {
  const line = printable(text.slice(0, 8 * most).replaceAll(/\s+/g, ' ')).trim();
  // A cut may fall between the halves of a character, which is no text then.
  return (line.length <= most ? line : `${line.slice(0, most - 3)}...`).toWellFormed();
}
