import { z } from 'zod';
import { artifactTypes } from '../builds/manifest.ts';
import { printable } from '../builds/printable.ts';
import { pairArtifacts } from './artifact-changes.ts';
import type { BuildComparison, DiffSide } from './compare-builds.ts';
import { type FilePage, fileChangeSchema, fileCountsSchema, filePage } from './file-page.ts';
import { kernelReleases } from './kernel.ts';
import { unitStates } from './service-changes.ts';
import { type TreeTotals, treeTotals } from './tree.ts';

/** Entries of a list that an answer holds, beside the files, which come by pages. An image has some 3,000 packages. */
const longestList = 5_000;

const totalsSchema = z.strictObject({
  paths: z.number().int(),
  files: z.number().int(),
  bytes: z.number().int().describe('Of the files; those with several names count once.'),
});

const artifactStateSchema = z.strictObject({ name: z.string(), size: z.number().int(), sha256: z.string() });

const kernelSchema = z.strictObject({
  releases: z.array(z.string()).describe('Of the kernels in /boot, the newest last.'),
  cmdline: z.array(z.string()).describe('Arguments in the spec.'),
});

const sideSchema = z.strictObject({ build: z.string(), name: z.string(), layers: z.number().int() });

/** A list with its whole length, since a long one is cut. */
function listOf<T extends z.ZodType>(entry: T) {
  return z.strictObject({
    count: z.number().int(),
    entries: z.array(entry),
    truncated: z.boolean().describe(`True: there are more than the ${longestList} that are shown.`),
  });
}

/** What differs between two builds: `before` is of the one named first, `after` of the other; what one lacks is absent. */
export const buildDiffSchema = z
  .strictObject({
    before: sideSchema,
    after: sideSchema,
    sharedLayers: z.number().int().describe('Layers that both have, from the lowest on: they were compared as one.'),
    identical: z.boolean().describe('True: no path of the trees differs, not even in its time, and no artifact.'),
    packages: listOf(
      z
        .strictObject({
          name: z.string(),
          architecture: z.string(),
          before: z.string().optional().describe('Version.'),
          after: z.string().optional().describe('Version.'),
        })
        .meta({ id: 'PackageChange' }),
    ),
    kernel: z.strictObject({ changed: z.boolean(), before: kernelSchema, after: kernelSchema }),
    services: listOf(
      z
        .strictObject({ unit: z.string(), before: z.enum(unitStates), after: z.enum(unitStates) })
        .meta({ id: 'ServiceChange' }),
    ).describe('Units that links in /etc/systemd/system enable or mask in one of the two only.'),
    sizes: z.strictObject({
      tree: z.strictObject({ before: totalsSchema, after: totalsSchema }),
      artifacts: z.array(
        z
          .strictObject({
            step: z.string(),
            type: z.enum(artifactTypes),
            same: z.boolean(),
            before: artifactStateSchema.optional(),
            after: artifactStateSchema.optional(),
          })
          .meta({ id: 'ArtifactChange' }),
      ),
    }),
    spec: listOf(
      z
        .strictObject({ path: z.string(), before: z.string().optional(), after: z.string().optional() })
        .meta({ id: 'SpecChange' }),
    ).describe('Fields of the resolved specs; long values are cut around the difference, password hashes hidden.'),
    files: z.strictObject({
      counts: fileCountsSchema,
      entries: z.array(fileChangeSchema).describe('A page of them, in the order of a walk through the tree.'),
      cursor: z.string().exactOptional().describe('There where more follow.'),
    }),
  })
  .meta({ id: 'BuildDiff' });
export type BuildDiff = z.infer<typeof buildDiffSchema>;

/** What two builds differ in, as users see it, and where the next page of files begins; undefined after the last. */
export function diffView(
  comparison: BuildComparison,
  page: FilePage,
): { readonly diff: BuildDiff; readonly next: number | undefined } {
  const { before, after } = comparison;
  const files = filePage(before.tree, after.tree, page);
  const artifacts = artifactViews(before, after);
  const { added, removed, changed, onlyTime } = files.counts;
  const kernels = { before: kernelOf(before), after: kernelOf(after) };
  return {
    next: files.next,
    diff: {
      before: sideView(before),
      after: sideView(after),
      sharedLayers: comparison.sharedLayers,
      identical: added + removed + changed + onlyTime === 0 && artifacts.every(({ same }) => same),
      packages: cut(comparison.packages, ({ name, architecture, ...versions }) => ({
        name: shown(name),
        architecture: shown(architecture),
        ...optional(versions),
      })),
      kernel: { changed: JSON.stringify(kernels.before) !== JSON.stringify(kernels.after), ...kernels },
      services: cut(comparison.services, ({ unit, ...states }) => ({ unit: shown(unit), ...states })),
      sizes: { tree: { before: totals(before), after: totals(after) }, artifacts },
      spec: cut(comparison.spec, ({ path, ...values }) => ({ path: path.replace(/^\./, ''), ...optional(values) })),
      files: { counts: files.counts, entries: files.entries },
    },
  };
}

function sideView({ build, layers }: DiffSide): BuildDiff['before'] {
  return { build: build.id, name: build.name, layers };
}

function totals(side: DiffSide): TreeTotals {
  return treeTotals(side.tree);
}

function kernelOf(side: DiffSide): BuildDiff['kernel']['before'] {
  return { releases: kernelReleases(side.tree), cmdline: [...side.spec.kernel.cmdline] };
}

function artifactViews(before: DiffSide, after: DiffSide): BuildDiff['sizes']['artifacts'] {
  const state = ({ name, size, sha256 }: z.infer<typeof artifactStateSchema>) => ({ name, size, sha256 });
  return pairArtifacts(before.artifacts, after.artifacts).flatMap(({ step, before: older, after: newer }) => {
    const type = (older ?? newer)?.type;
    if (type === undefined) return [];
    return {
      step,
      type,
      same: older?.sha256 === newer?.sha256,
      ...(older === undefined ? {} : { before: state(older) }),
      ...(newer === undefined ? {} : { after: state(newer) }),
    };
  });
}

function cut<From, To>(list: readonly From[], view: (entry: From) => To) {
  return { count: list.length, entries: list.slice(0, longestList).map(view), truncated: list.length > longestList };
}

function optional(values: { readonly before: string | undefined; readonly after: string | undefined }) {
  return {
    ...(values.before === undefined ? {} : { before: shown(values.before) }),
    ...(values.after === undefined ? {} : { after: shown(values.after) }),
  };
}

/** Packages, units and specs wrote these texts. */
function shown(text: string): string {
  return printable(text.slice(0, 500).replaceAll(/\s+/g, ' '));
}
