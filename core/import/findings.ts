import { type FieldPath, fieldPathText } from '../spec/field-path.ts';
import { type AssembledSpec, type Draft, type Fate, leafKey, type Statement } from './draft.ts';
import { type Foreign, leavesOf } from './foreign.ts';

/** What became of one value of a document. */
export interface Finding {
  /** The place of the value in the document. */
  readonly path: FieldPath;
  readonly fate: Fate;
  /** The fields of the spec that hold it now; empty where nothing had to be said there. */
  readonly to: readonly string[];
  /** What differs, or why it has no counterpart, and what to do; empty where it was taken as it is. */
  readonly note: string;
}

/** What the spec says and the document does not. */
export interface AssumedField {
  readonly to: string;
  readonly note: string;
}

const distinct = (texts: readonly string[]): string[] => [...new Set(texts.filter((text) => text !== ''))];

const isAlive = ({ entry, fate }: Statement): boolean => (entry === undefined ? fate !== 'dropped' : !entry.refused);

/** Fields as a reader wants them: of several fields of one entry of a list, the entry. */
function shortened(fields: readonly FieldPath[]): string[] {
  const entryOf = (field: FieldPath) =>
    typeof field.at(-2) === 'number' ? fieldPathText(field.slice(0, -1)) : undefined;
  const texts = distinct(fields.map(fieldPathText));
  const others = (entry: string) => texts.filter((text) => text.startsWith(`${entry}.`)).length;
  return distinct(
    fields.map((field) => {
      const entry = entryOf(field);
      return entry !== undefined && others(entry) > 1 ? entry : fieldPathText(field);
    }),
  );
}

function findingOf({ path }: Foreign, said: readonly Statement[], { places }: AssembledSpec): Finding {
  const alive = said.filter(isAlive);
  const lost = said.filter((statement) => !isAlive(statement));
  const reasons = lost.map(({ entry, note }) => entry?.refused ?? note);
  if (alive.length === 0) {
    return { path, fate: 'dropped', to: [], note: distinct(reasons).join('; ') || 'lbuild knows no such key here' };
  }
  const to = shortened(
    alive.flatMap(({ entry }) => {
      const place = entry && places.get(entry);
      return place === undefined ? [] : [place];
    }),
  );
  const isTaken = lost.length === 0 && alive.every(({ fate }) => fate === 'taken');
  const notes = [...alive.map(({ note }) => note), ...reasons];
  return { path, fate: isTaken ? 'taken' : 'changed', to, note: distinct(notes).join('; ') };
}

/** One finding for each value of a document, in the document's order. */
export function findingsOf(document: Foreign, draft: Draft, assembled: AssembledSpec): Finding[] {
  return leavesOf(document).map((leaf) => findingOf(leaf, draft.statements.get(leafKey(leaf.path)) ?? [], assembled));
}

/** What was assumed and is in the spec. */
export function assumedFields(draft: Draft, { places }: AssembledSpec): AssumedField[] {
  return [...draft.assumptions].flatMap(([entry, note]) => {
    const place = places.get(entry);
    return place === undefined ? [] : { to: fieldPathText(place), note };
  });
}
