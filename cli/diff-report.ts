import { printable } from '../core/builds/printable.ts';
import type { ArtifactChange, BuildDiff, FileChange, Verification } from '../sdk/generated/types.gen.ts';
import { sizeText } from './cache-report.ts';

/** What differs between two builds, a section a noun; a section without a difference says so in its first line. */
export function diffText(diff: BuildDiff): string {
  const { before, after, packages, kernel, services, sizes, spec, files } = diff;
  const { tree } = sizes;
  const paths = files.counts;
  return [
    `a  ${before.build}  ${before.name}`,
    `b  ${after.build}  ${after.name}`,
    diff.identical ? 'identical' : `${diff.sharedLayers} layers shared, of ${before.layers} and ${after.layers}`,
    '',
    heading('packages', packages),
    ...packages.entries.map(({ name, architecture, ...versions }) => change(`${name}:${architecture}`, versions)),
    `kernel     ${pair(kernel.before.releases.join(', '), kernel.after.releases.join(', '))}`,
    `arguments  ${pair(kernel.before.cmdline.join(' '), kernel.after.cmdline.join(' '))}`,
    heading('services', services),
    ...services.entries.map(({ unit, ...states }) => change(unit, states)),
    `tree       ${pair(sizeText(tree.before.bytes), sizeText(tree.after.bytes))}, files ${pair(tree.before.files, tree.after.files)}`,
    ...sizes.artifacts.map(artifactLine),
    heading('spec', spec),
    ...spec.entries.map(({ path, ...values }) => change(path, values)),
    `files      ${paths.added} added, ${paths.removed} removed, ${paths.changed} changed, ${paths.onlyTime} in time only`,
    ...files.entries.map(fileLine),
  ].join('\n');
}

/** What a verification found: its verdict, each artifact, and of the first step that differs the paths. */
export function verificationText({ verdict, artifacts, first, incomplete }: Verification): string {
  const lines: string[] = [verdict];
  for (const { type, same, before, after } of artifacts) {
    lines.push(`${type.padEnd(9)}  ${same ? 'the same' : `differs: ${before ?? '(none)'} -> ${after ?? '(none)'}`}`);
  }
  if (first !== undefined) {
    const shown = first.count > first.files.length ? `, of which these are the first ${first.files.length}` : '';
    lines.push(`the step ${first.step} is the first that differs, in ${first.count} paths${shown}:`);
    lines.push(...first.files.map(fileLine));
  }
  if (incomplete !== undefined) lines.push(`not all could be compared: ${incomplete.detail}  [${incomplete.code}]`);
  return lines.join('\n');
}

function heading(name: string, list: { readonly count: number; readonly truncated: boolean }): string {
  const cut = list.truncated ? ', not all of them shown' : '';
  return `${name.padEnd(9)}  ${list.count === 0 ? 'the same' : `${list.count} differ${cut}`}`;
}

function change(name: string, values: { readonly before?: string; readonly after?: string }): string {
  const { before, after } = values;
  if (before === undefined) return `  + ${name}  ${after ?? ''}`.trimEnd();
  if (after === undefined) return `  - ${name}  ${before}`.trimEnd();
  return `  ~ ${name}  ${before} -> ${after}`;
}

function pair(before: string | number, after: string | number): string {
  const told = (value: string | number) => (value === '' ? '(none)' : String(value));
  return before === after ? told(before) : `${told(before)} -> ${told(after)}`;
}

function artifactLine({ type, same, before, after }: ArtifactChange): string {
  const size = (state: { readonly size: number } | undefined) => (state === undefined ? '' : sizeText(state.size));
  return `${type.padEnd(9)}  ${pair(size(before), size(after))}${same ? ', the same' : ''}`;
}

/** A changed file: what it is where it came or went, else in what it differs. The image named it: it may be hostile. */
function fileLine({ path, differs, before, after }: FileChange): string {
  const name = `/${printable(path)}`;
  const state = before ?? after;
  const told = [state?.type, state?.mode, state?.size === undefined ? '' : sizeText(state.size)].join(' ').trimEnd();
  if (before === undefined) return `  + ${name}  ${told}`;
  if (after === undefined) return `  - ${name}  ${told}`;
  const details = differs.map((facet) => {
    if (facet === 'type' || facet === 'mode') return `${facet} ${before[facet]} -> ${after[facet]}`;
    if (facet === 'owner') return `owner ${before.uid}:${before.gid} -> ${after.uid}:${after.gid}`;
    if (facet === 'size') return `size ${before.size ?? 0} -> ${after.size ?? 0}`;
    if (facet === 'target') return `target ${printable(`${before.target ?? ''} -> ${after.target ?? ''}`)}`;
    return facet;
  });
  return `  ~ ${name}  ${details.join(', ')}`;
}
