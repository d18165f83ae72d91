import type { FieldError } from '../errors.ts';
import { checkSpec } from '../spec/check.ts';
import { type FieldPath, readFieldPath } from '../spec/field-path.ts';
import { architectures, outputTypes } from '../spec/releases.ts';
import { specSchema } from '../spec/schema.ts';
import { fieldSchema } from '../spec/schema-fields.ts';
import { type AssembledSpec, assembleSpec, type Draft, type DraftEntry } from './draft.ts';

/** Any engine's abilities: what the one at hand cannot do it says itself. */
const abilities = { architectures, outputs: outputTypes, snapshots: true } as const;

const begins = (path: FieldPath, start: FieldPath) => start.every((part, index) => path[index] === part);

/** Values of a draft below a place. */
function entriesBelow({ places }: AssembledSpec, path: FieldPath): [DraftEntry, FieldPath][] {
  return [...places].filter(([entry, place]) => !entry.needed && begins(place, path));
}

/** Values that an error is about, so that without them it is gone. */
function culpritsOf(error: FieldError, assembled: AssembledSpec): DraftEntry[] {
  let path = readFieldPath(error.path);
  const holder = [...assembled.places].find(([entry, place]) => !entry.needed && begins(path, place));
  if (holder !== undefined) return [holder[0]];
  // Of what is missing nothing is there: what would hold it goes.
  let below = entriesBelow(assembled, path);
  while (below.length === 0 && path.length > 1) {
    path = path.slice(0, -1);
    below = entriesBelow(assembled, path);
  }
  const most = fieldSchema(path, assembled.spec)?.maxItems;
  if (error.code === 'spec.too_many' && most !== undefined) {
    return below.flatMap(([entry, place]) => (Number(place[path.length]) >= most ? entry : []));
  }
  if (error.code === 'spec.too_large') {
    const size = ([entry]: (typeof below)[number]) => JSON.stringify(entry.value).length;
    const [largest] = below.toSorted((one, other) => size(other) - size(one));
    return largest === undefined ? [] : [largest[0]];
  }
  return below.map(([entry]) => entry);
}

/** Why a value is left out, in a sentence: numbers of entries are not told, since they change when others are left out. */
function reasonOf({ path, code, reason, remedy }: FieldError, entry: DraftEntry, draft: Draft): string {
  const field = readFieldPath(path).findLast((part) => typeof part === 'string') ?? 'the spec';
  if (code === 'spec.missing') {
    const isLost = draft.entries.some(
      ({ refused, at }) =>
        refused !== undefined &&
        at.at(-1) === field &&
        at.slice(0, -1).every((part, index) => part === entry.at[index]),
    );
    if (isLost) return `left out with the \`${field}\` that it belongs to`;
  }
  return `left out, since it is not valid here: \`${field}\`: ${reason}${remedy === '' ? '' : `. ${remedy}`}`;
}

/** The spec with its fields in the order of the documentation. */
function inOrder({ spec, places }: AssembledSpec): AssembledSpec {
  const known = Object.keys(specSchema.shape).filter((name) => Object.hasOwn(spec, name));
  return { spec: Object.fromEntries(known.map((name) => [name, spec[name]])), places };
}

/**
 * Leaves out what the checks of a spec refuse, until the rest is a valid spec: a value that was right where it comes from
 * may be wrong here, and each that is left out says why.
 * @throws Error where something else than a value of the document is wrong, which is a fault of the importer
 */
export function settleDraft(draft: Draft): AssembledSpec {
  for (;;) {
    const assembled = assembleSpec(draft);
    const checked = checkSpec(assembled.spec, abilities);
    if (checked.ok) return inOrder(assembled);
    let refused = 0;
    for (const error of checked.errors) {
      if (error.code === 'spec.too_many_errors') continue;
      for (const entry of culpritsOf(error, assembled)) {
        if (entry.refused !== undefined) continue;
        entry.refused = reasonOf(error, entry, draft);
        refused += 1;
      }
    }
    if (refused === 0) {
      const first = checked.errors[0];
      throw new Error(`The import made a spec that is not valid: ${first?.path}: ${first?.reason}`);
    }
  }
}
