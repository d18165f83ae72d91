import { putBase } from './base.ts';
import { readBlueprint } from './blueprint.ts';
import { readCloudInit, readUserScript } from './cloud-init.ts';
import { Draft } from './draft.ts';
import { type AssumedField, assumedFields, type Finding, findingsOf } from './findings.ts';
import type { Foreign } from './foreign.ts';
import { readMkosi } from './mkosi.ts';
import type { ImportSettings, Scope } from './rules.ts';
import { settleDraft } from './settle.ts';

/** Formats that can be imported; a script is user-data that is a script. */
export const importKinds = ['blueprint', 'mkosi', 'cloud-init', 'script'] as const;
export type ImportKind = (typeof importKinds)[number];

const readers: Readonly<Record<ImportKind, (document: Foreign, scope: Scope) => void>> = {
  blueprint: (document, scope) => {
    putBase(scope);
    readBlueprint(document, scope);
  },
  mkosi: readMkosi,
  'cloud-init': readCloudInit,
  script: readUserScript,
};

/** What an import came to. */
export interface Import {
  /** A spec that is valid, as a user would write it: defaults are left out. */
  readonly spec: Readonly<Record<string, unknown>>;
  /** One for each value of the document, in its order. */
  readonly findings: readonly Finding[];
  /** What the spec says and the document does not. */
  readonly assumed: readonly AssumedField[];
}

/**
 * Makes a spec of a foreign document, and says of each of its values what became of it.
 * @param document as its format's parser gives it, within the bounds of `documentRefusal`; a mkosi.conf as its sections,
 *   their keys, and the lines of each; a script as `{ script }`
 */
export function importDocument(kind: ImportKind, document: unknown, settings: ImportSettings): Import {
  const root: Foreign = { path: [], value: document };
  const draft = new Draft();
  readers[kind](root, { draft, settings, document: root, at: [] });
  const assembled = settleDraft(draft);
  return {
    spec: assembled.spec,
    findings: findingsOf(root, draft, assembled),
    assumed: assumedFields(draft, assembled),
  };
}
