import { z } from 'zod';
import { quoted } from '../text.ts';
import { diskRoom, leastMiB, swapFile } from './disk-layout.ts';
import { type FieldPath, fieldPathText, valueAt } from './field-path.ts';
import { specLimits } from './limits.ts';
import type { Outline } from './outline.ts';
import { type SpecError, specError } from './spec-errors.ts';

const text = z.string().optional().catch(undefined);
const number = z.int().positive().optional().catch(undefined);
const sized = z.object({ sizeMiB: number }).catch({ sizeMiB: undefined });

/** The section read leniently: what has another type is absent, and each index stays as it is in the input. */
const layoutOutline = z.object({
  efi: sized,
  root: sized,
  swap: z.object({ sizeMiB: number, kind: text }).catch({ sizeMiB: undefined, kind: undefined }),
  partitions: z
    .array(
      z
        .object({
          ...{ mountPoint: text, fileSystem: text, sizeMiB: number, share: number },
          ...{ options: z.array(text).catch([]) },
        })
        .nullable()
        .catch(null),
    )
    .catch([]),
});
type Layout = z.output<typeof layoutOutline>;

/** Whether a path lies below another. */
const isBelow = (path: string, folder: string) => path.startsWith(`${folder}/`);

function sizeErrors({ partitions }: Layout): SpecError[] {
  return partitions.flatMap((partition, index) => {
    if (partition === null) return [];
    const path: FieldPath = ['disk', 'partitions', index];
    const { sizeMiB, share } = partition;
    if (sizeMiB !== undefined && share !== undefined) {
      const reason = '`sizeMiB` is given too';
      return specError([...path, 'share'], { code: 'spec.invalid_value', reason, remedy: 'Give one of the two.' });
    }
    return [];
  });
}

/** Partitions that have no size. A size of another type is told by the schema. */
function missingSizes(input: unknown, { partitions }: Layout): SpecError[] {
  return partitions.flatMap((partition, index) => {
    const path: FieldPath = ['disk', 'partitions', index];
    const isGiven = ['sizeMiB', 'share'].some((member) => valueAt(input, [...path, member]) !== undefined);
    if (partition === null || isGiven) return [];
    const reason = 'neither `sizeMiB` nor `share` is given';
    return specError(path, { code: 'spec.missing', reason, remedy: 'Give one of them.' });
  });
}

function nameErrors({ partitions }: Layout): SpecError[] {
  const first = new Map<string, number>();
  return partitions.flatMap((partition, index) => {
    const errors: SpecError[] = [];
    const { mountPoint, options = [] } = partition ?? {};
    const path: FieldPath = ['disk', 'partitions', index];
    const earlier = mountPoint === undefined ? undefined : first.get(mountPoint);
    if (mountPoint !== undefined && earlier !== undefined) {
      const reason = `${quoted(mountPoint)} is already given in disk.partitions[${earlier}].mountPoint`;
      const remedy = 'Give each partition a mount point of its own.';
      errors.push(specError([...path, 'mountPoint'], { code: 'spec.duplicate_name', reason, remedy }));
    } else if (mountPoint !== undefined) first.set(mountPoint, index);
    for (const [place, option] of options.entries()) {
      if (option === undefined || options.indexOf(option) === place) continue;
      const reason = `${quoted(option)} is already given`;
      const refusal = { code: 'spec.duplicate_name', reason, remedy: 'Name each option once.' } as const;
      errors.push(specError([...path, 'options', place], refusal));
    }
    return errors;
  });
}

/** Mount points that nothing can be mounted at: below a FAT, which holds no folder's mode, or where a file is. */
function placeErrors({ partitions, swap }: Layout, { files }: Outline): SpecError[] {
  const fats = partitions.flatMap((partition, index) =>
    partition?.fileSystem === 'vfat' && partition.mountPoint !== undefined
      ? { mountPoint: partition.mountPoint, path: ['disk', 'partitions', index, 'mountPoint'] as FieldPath }
      : [],
  );
  const swapped = swap.kind === 'file' ? files.findIndex((one) => one?.path === swapFile) : -1;
  const taken = specError(['disk', 'swap', 'kind'], {
    code: 'spec.path_conflict',
    reason: `files[${swapped}] is ${swapFile}, which the swap file would be`,
    remedy: 'Give that file another path, or this the kind partition.',
  });
  const misplaced = partitions.flatMap((partition, index) => {
    const mountPoint = partition?.mountPoint;
    if (mountPoint === undefined) return [];
    const path: FieldPath = ['disk', 'partitions', index, 'mountPoint'];
    const fat = fats.find((one) => isBelow(mountPoint, one.mountPoint));
    if (fat !== undefined) {
      const reason = `${quoted(mountPoint)} lies below ${fieldPathText(fat.path)}, which is vfat`;
      return specError(path, { code: 'spec.path_conflict', reason, remedy: 'Change one of the two.' });
    }
    const file = files.findIndex((one) => one?.path === mountPoint || isBelow(mountPoint, one?.path ?? '/'));
    if (file < 0) return [];
    const reason = `files[${file}].path makes a file there`;
    return specError(path, { code: 'spec.path_conflict', reason, remedy: 'Change one of the two.' });
  });
  return swapped < 0 ? misplaced : [...misplaced, taken];
}

/** MiB that the parts with a size take, and the least that the others need of the rest. */
function leastOf({ efi, root, swap, partitions }: Layout, architecture: string | undefined): number {
  const biosBoot = architecture === 'arm64' ? 0 : diskRoom.biosBoot;
  const inRoot = swap.kind === 'file' ? (swap.sizeMiB ?? 0) : 0;
  const own = [
    ...[2 * diskRoom.table, biosBoot, efi.sizeMiB ?? diskRoom.efi, (swap.sizeMiB ?? 0) - inRoot],
    ...[root.sizeMiB ?? 0, ...partitions.map((partition) => partition?.sizeMiB ?? 0)],
  ].reduce((sum, one) => sum + one, 0);
  const shares = partitions.flatMap((partition) => (partition?.sizeMiB === undefined ? (partition?.share ?? []) : []));
  const rootShare = 100 - shares.reduce((sum, share) => sum + share, 0);
  const rest = shares.map((share) => Math.ceil((leastMiB.partition * 100) / share));
  if (root.sizeMiB === undefined && rootShare > 0) {
    rest.push(Math.ceil(((leastMiB.root + inRoot) * 100) / rootShare));
  }
  return own + Math.max(0, ...rest);
}

/** Shares of more than there is. */
function shareErrors({ root, partitions }: Layout): SpecError[] {
  const sum = partitions.reduce((total, partition) => total + (partition?.share ?? 0), 0);
  const most = root.sizeMiB === undefined ? 99 : 100;
  if (sum <= most) return [];
  const rest = root.sizeMiB === undefined ? ', and the root file system takes the rest' : '';
  const reason = `the shares come to ${sum} percent${rest}`;
  return [specError(['disk', 'partitions'], { code: 'spec.contradiction', reason, remedy: `Give at most ${most}.` })];
}

function roomErrors(input: unknown, layout: Layout, { base, outputs }: Outline): SpecError[] {
  const { root, swap } = layout;
  const errors: SpecError[] = [];
  const { sizeMiB: swapMiB } = swap;
  if (swap.kind === 'file' && swapMiB !== undefined && root.sizeMiB !== undefined) {
    const most = root.sizeMiB - leastMiB.root;
    if (swapMiB > most) {
      const reason = `the file lies in the root file system, which has ${root.sizeMiB} MiB`;
      const remedy = most >= leastMiB.swap ? `Give at most ${most}, or a larger root.` : 'Give a larger root.';
      errors.push(specError(['disk', 'swap', 'sizeMiB'], { code: 'spec.contradiction', reason, remedy }));
    }
  }
  const least = leastOf(layout, base.architecture);
  const { value: most, reason: why } = specLimits.diskMiB;
  if (least > most) {
    const reason = `the partitions need ${least} MiB together; the largest disk has ${most}, since ${why}`;
    return [...errors, specError(['disk'], { code: 'spec.contradiction', reason, remedy: 'Give smaller sizes.' })];
  }
  for (const index of outputs.keys()) {
    const path: FieldPath = ['outputs', index, 'sizeMiB'];
    const given = number.parse(valueAt(input, path));
    if (given === undefined || given >= least || given < 512) continue;
    const reason = `the partitions of \`disk\` need at least ${least} MiB, and this disk has ${given}`;
    const remedy = `Give at least ${least}, leave it out, or give smaller partitions.`;
    errors.push(specError(path, { code: 'spec.contradiction', reason, remedy }));
  }
  return errors;
}

/**
 * What is wrong between the fields of `disk`, and between them and the sizes of the outputs. Whether what an image holds
 * fits its partitions is seen when it is made.
 * @param input the spec as it was given, surveyed
 */
export function diskLayoutErrors(input: unknown, outline: Outline): SpecError[] {
  const read = layoutOutline.safeParse(valueAt(input, ['disk']));
  if (!read.success || read.data.partitions.length > specLimits.partitions.value) return [];
  const layout = read.data;
  const shares = shareErrors(layout);
  return [
    ...sizeErrors(layout),
    ...missingSizes(input, layout),
    ...nameErrors(layout),
    ...placeErrors(layout, outline),
    ...shares,
    ...(shares.length > 0 ? [] : roomErrors(input, layout, outline)),
  ];
}
