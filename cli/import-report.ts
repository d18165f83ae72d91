import { printable } from '../core/builds/printable.ts';
import type { Fate } from '../core/import/draft.ts';
import type { Import } from '../core/import/import-document.ts';
import { fieldPathText } from '../core/spec/field-path.ts';
import type { SourceText } from './places.ts';
import { findPlaces } from './spec-places.ts';

/** A finding with its place in the user's file. */
export interface PlacedFinding {
  readonly path: string;
  readonly fate: Fate;
  readonly to: readonly string[];
  readonly note: string;
  readonly line: number;
  readonly column: number;
}

/** Findings with their places, in the order of the file. What no line begins stands at the first. */
export async function placedFindings({ findings }: Import, source: SourceText): Promise<PlacedFinding[]> {
  const paths = findings.map(({ path }) => fieldPathText(path));
  const places = await findPlaces(source, paths);
  return findings.map(({ fate, to, note }, index) => {
    const { line, column } = places[index] ?? { line: 1, column: 1 };
    return { path: paths[index] ?? '', fate, to, note, line, column };
  });
}

/** How many there are of each fate. */
export function countFates(findings: readonly { readonly fate: Fate }[]): Record<Fate, number> {
  const counts = { taken: 0, changed: 0, dropped: 0 };
  for (const { fate } of findings) counts[fate] += 1;
  return counts;
}

/** The sum of a report, in words. */
export function summary({ taken, changed, dropped }: Record<Fate, number>): string {
  return `${taken} taken over, ${changed} changed, ${dropped} without a counterpart`;
}

const findingText = ({ path, to, note }: Pick<PlacedFinding, 'path' | 'to' | 'note'>): string =>
  `${path}${to.length === 0 ? '' : ` -> ${to.join(', ')}`}${note === '' ? '' : `: ${note}`}`;

/** The report for people, a line a value. What it quotes may be hostile. */
export function reportLines(file: string, findings: readonly PlacedFinding[], { assumed }: Import): string[] {
  return [
    ...findings.map((finding) => `${file}:${finding.line}: ${finding.fate.padEnd(7)} ${findingText(finding)}`),
    ...assumed.map(({ to, note }) => `${file}: assumed ${to}: ${note}`),
    `${file}: ${summary(countFates(findings))}`,
  ].map(printable);
}

/** What a spec's file says of where it comes from, and of what it does not say. */
export function headerLines(file: string, findings: readonly PlacedFinding[], { assumed }: Import): string[] {
  const dropped = findings.filter(({ fate }) => fate === 'dropped');
  return [
    `Imported by lbuild from ${file}: ${summary(countFates(findings))}.`,
    ...(assumed.length === 0 ? [] : ['Assumed, since it is not said there:']),
    ...assumed.map(({ to, note }) => `- ${to}: ${note}`),
    ...(dropped.length === 0 ? [] : ['Without a counterpart:']),
    ...dropped.map((finding) => `- line ${finding.line}: ${findingText(finding)}`),
  ].map(printable);
}
