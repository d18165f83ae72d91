import { findRelease, usualDistribution } from '../distributions/registry.ts';
import { type ReleaseName, releaseNames } from '../spec/releases.ts';
import type { Foreign } from './foreign.ts';
import type { Scope } from './rules.ts';

/** Releases that are built where a document names none, or one that is not built. */
const usualReleases = { debian: 'trixie', ubuntu: 'noble' } as const satisfies Readonly<Record<string, ReleaseName>>;

/** Other names of releases. */
const otherNames: Readonly<Record<string, ReleaseName>> = {
  stable: 'trixie',
  '13': 'trixie',
  oldstable: 'bookworm',
  '12': 'bookworm',
  unstable: 'sid',
  '24.04': 'noble',
  '22.04': 'jammy',
};

/** The release that a name means; undefined where none is built by it. */
export function releaseOf(name: string): ReleaseName | undefined {
  const plain = name.toLowerCase();
  return Object.hasOwn(otherNames, plain) ? otherNames[plain] : releaseNames.find((known) => known === plain);
}

/** Puts what the image is built on: what is asked for beside the document, else what the document says, else the usual. */
export function putBase(
  { draft, settings }: Scope,
  said: { readonly distribution?: string | undefined; readonly release?: string | undefined } = {},
): void {
  const named = said.release === undefined ? undefined : releaseOf(said.release);
  const isUbuntu = said.distribution === 'ubuntu';
  const isSame =
    named !== undefined &&
    (said.distribution === undefined || findRelease(named)?.distribution.name === said.distribution);
  const usual = isUbuntu ? usualReleases.ubuntu : usualReleases[usualDistribution];
  const release = settings.release ?? (isSame ? named : usual);
  const note = settings.release === undefined ? 'the usual release; --release names another' : '--release says so';
  draft.assume(['schemaVersion'], 1, '', true);
  draft.assume(['name'], settings.name, 'the name of the file', true);
  draft.assume(['base', 'distribution'], findRelease(release)?.distribution.name, '', true);
  draft.assume(['base', 'release'], release, note, true);
  const architecture = settings.architecture ?? 'amd64';
  const of =
    settings.architecture === undefined ? 'the usual one; --architecture names another' : '--architecture says so';
  draft.assume(['base', 'architecture'], architecture, of, true);
}

/** Says what became of a value that the base was chosen by. */
export function sayBase(
  field: 'distribution' | 'release',
  meant: string | undefined,
  value: string,
  node: Foreign,
  { draft, settings }: Scope,
): void {
  const entry = draft.find(['base', field]);
  const here = String(entry?.value);
  if (meant === here)
    draft.say(node, value === here ? 'taken' : 'changed', value === here ? '' : `${value} is ${here}`, entry);
  else {
    const why = settings.release === undefined ? 'it is not built here; --release names another' : '--release says so';
    draft.say(node, 'changed', `${here} instead: ${why}`, entry);
  }
}
