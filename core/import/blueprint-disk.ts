import { leastMiB } from '../spec/disk-layout.ts';
import { quoted } from '../text.ts';
import type { Draft, DraftPath } from './draft.ts';
import { type Foreign, memberOf, textOf } from './foreign.ts';
import { changed, custom, list, none, object, type Rule, type Scope, text } from './rules.ts';
import { putSize } from './texts.ts';

/** Where the size of what is mounted at a place stands, and the least it may be. */
function sizePlace(mountPoint: string, draft: Draft): { readonly at: DraftPath; readonly least: number } {
  if (mountPoint === '/') return { at: ['disk', 'root', 'sizeMiB'], least: leastMiB.root };
  if (mountPoint === '/boot/efi') return { at: ['disk', 'efi', 'sizeMiB'], least: leastMiB.partition };
  const partition = draft.named(['disk', 'partitions'], mountPoint);
  return { at: ['disk', 'partitions', partition, 'sizeMiB'], least: leastMiB.partition };
}

function putMountPoint(value: string, node: Foreign, { draft }: Scope): void {
  if (value === '/' || value === '/boot/efi') {
    const section = value === '/' ? 'root' : 'efi';
    draft.say(node, 'taken', `every disk has it; its size is \`disk.${section}.sizeMiB\``);
    return;
  }
  draft.put(['disk', 'partitions', draft.named(['disk', 'partitions'], value), 'mountPoint'], value, node);
}

const mountPoint = text('`disk.partitions[].mountPoint`', putMountPoint);

const size = (name: string): Rule =>
  custom('`sizeMiB` of the partition: its size, not its least', (node, scope) => {
    const place = textOf(node.parent, name);
    if (place === undefined) return scope.draft.say(node, 'dropped', `there is no ${name} that it is the size of`);
    const { at, least } = sizePlace(place, scope.draft);
    return putSize(node, scope, at, least);
  });

/** `customizations.filesystem[]`. */
export const fileSystemsRule: Rule = list(
  object({ mountpoint: mountPoint, minsize: size('mountpoint'), size: size('mountpoint') }),
);

/** What cannot be divided so; the reason says why. */
const refused: Readonly<Record<string, string>> = {
  lvm: 'there are no logical volumes, since LVM needs the mounts and devices that a builder has not: make partitions of them (`disk.partitions`)',
  btrfs:
    'no output can have btrfs, whose tools put random ids and the time into what they make: use ext4 (`disk.partitions`)',
};

const fileSystem = text('`disk.partitions[].fileSystem`; xfs becomes ext4', (value, node, { draft }) => {
  const place = textOf(node.parent, 'mountpoint');
  if (value === 'swap') return draft.say(node, 'taken', '`disk.swap`');
  if (place === undefined) return draft.say(node, 'dropped', 'there is no mountpoint that it is the file system of');
  if (place === '/boot/efi') return draft.say(node, 'taken', 'the EFI partition has FAT32 in any case');
  const at: DraftPath =
    place === '/'
      ? ['disk', 'root', 'fileSystem']
      : ['disk', 'partitions', draft.named(['disk', 'partitions'], place), 'fileSystem'];
  const here = value === 'xfs' ? 'ext4' : value;
  draft.put(at, here, node, here === value ? {} : changed(`${value} becomes ext4: images have ext4 and vfat`));
  return undefined;
});

const partitionSize = custom('`sizeMiB` of the partition, or of `disk.swap`', (node, scope) => {
  if (textOf(node.parent, 'fs_type') === 'swap') {
    return putSize(node, scope, ['disk', 'swap', 'sizeMiB'], leastMiB.swap);
  }
  return size('mountpoint').read(node, scope);
});

const partitionMembers: Readonly<Record<string, Rule>> = {
  type: text('plain needs none; lvm and btrfs have none', (value, node, { draft }) => {
    draft.say(node, value === 'plain' ? 'taken' : 'dropped', value === 'plain' ? 'all partitions are' : quoted(value));
  }),
  mountpoint: mountPoint,
  fs_type: fileSystem,
  minsize: partitionSize,
  label: none('file systems have no labels of their own, but for the root (`outputs[].label`)'),
  part_type: none('the types of partitions follow from what they are for'),
  part_label: none('partitions have the names that the engine gives them'),
  part_uuid: none('ids follow from the plan, so that equal specs give equal disks'),
  name: none('there are no volume groups'),
  logical_volumes: none(refused.lvm ?? ''),
  subvolumes: none(refused.btrfs ?? ''),
};

const plainPartition = object(partitionMembers);

const partition: Rule = {
  says: '',
  members: partitionMembers,
  read(node, scope) {
    const reason = refused[textOf(node, 'type') ?? ''];
    if (reason !== undefined && Object.hasOwn(refused, textOf(node, 'type') ?? '')) {
      scope.draft.say(node, 'dropped', reason);
    } else plainPartition.read(node, scope);
  },
};

/** `customizations.disk`. */
export const diskRule: Rule = object({
  type: text('gpt needs none', (value, node, { draft }) => {
    if (value === 'gpt') draft.say(node, 'taken', 'every disk has a GUID partition table');
    else draft.say(node, 'dropped', 'every disk has a GUID partition table');
  }),
  minsize: custom('`outputs[].sizeMiB`', (node, scope) => {
    const least = 512;
    putSize(node, scope, ['outputs', scope.draft.named(['outputs'], diskOutput), 'sizeMiB'], least);
  }),
  partitions: list(partition),
  start_offset: none('where partitions begin is the engine’s own'),
  sector_size: none('sectors have 512 bytes'),
});

/** The output of a blueprint, which names none. */
export const diskOutput = 'qcow2';

/** The output as a place in the spec, with its type said. */
export function assumeDisk({ draft }: Scope, note: string): void {
  draft.assume(['outputs', draft.named(['outputs'], diskOutput), 'type'], diskOutput, note, true);
}

/** Whether a document divides the disk. */
export const dividesDisk = (customizations: Foreign | undefined): boolean =>
  memberOf(customizations, 'disk') !== undefined || memberOf(customizations, 'filesystem') !== undefined;
