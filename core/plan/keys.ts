import { canonicalJson, digestOf } from '../digest.ts';
import type { ArchiveState } from './archive-state.ts';
import { programs } from './programs/catalogue.ts';
import type { StepDraft } from './step-drafts.ts';

export interface KeyContext {
  readonly toolchain: string;
  readonly architecture: string;
  readonly sourceDateEpoch: number;
  readonly archive: ArchiveState;
  /** Keys of the steps planned so far. */
  readonly keys: ReadonlyMap<string, string>;
}

/**
 * What a step's key is made of, by name, each as text: program and version, canonical options without labels, the
 * parents' keys, the toolchain, and what the program reads beside these. Whatever can change the result is here, and
 * nothing else: the name of an artifact's file is not. An archive's address is, since the image's own apt sources hold it.
 */
export function keyInputs(draft: StepDraft, context: KeyContext): Record<string, string> {
  const declaration = programs[draft.program];
  const labels: readonly string[] = 'labels' in declaration ? declaration.labels : [];
  const inputs: Record<string, string> = {
    program: `${draft.program}/${declaration.version}`,
    toolchain: context.toolchain,
    architecture: context.architecture,
    sourceDateEpoch: String(context.sourceDateEpoch),
    trust: draft.trust,
  };
  for (const [name, value] of Object.entries(draft.options)) {
    if (!labels.includes(name)) inputs[`options.${name}`] = canonicalJson(value);
  }
  // Without it the packages are those that the archive's state gives.
  if (draft.locked !== undefined) inputs.locked = draft.locked;
  for (const need of [...draft.needs].sort()) {
    const key = context.keys.get(need);
    if (key === undefined) throw new Error(`the step ${need} is not planned before ${draft.id}`);
    inputs[`needs.${need}`] = key;
  }
  if (draft.program === 'bootstrap') {
    for (const suite of context.archive.suites) {
      inputs[`archive.${suite.suite}.uri`] = suite.uri;
      for (const [name, digest] of Object.entries(suite.indexes)) inputs[`archive.${suite.suite}.${name}`] = digest;
    }
  }
  // Their addresses and keys are among the options.
  if (draft.options.archives !== undefined && draft.program === 'packages') {
    for (const { name: archive, suites } of context.archive.extra ?? []) {
      for (const { suite, indexes } of suites) {
        for (const [name, digest] of Object.entries(indexes)) inputs[`archive.${archive}.${suite}.${name}`] = digest;
      }
    }
  }
  return inputs;
}

/**
 * The key over a step's inputs. The parents enter by key alone, so a renamed step changes nothing below it.
 */
export function keyOf(inputs: Readonly<Record<string, string>>): string {
  const parents = Object.entries(inputs)
    .filter(([name]) => name.startsWith('needs.'))
    .map(([, key]) => key)
    .sort();
  const others = Object.fromEntries(Object.entries(inputs).filter(([name]) => !name.startsWith('needs.')));
  // Raised where layers are written otherwise by every program.
  return digestOf({ format: 'lbuild-key/2', parents, ...others });
}
