import { describe, expect, it } from 'vitest';
import { makePlan, planText } from '../../../core/plan/make-plan.ts';
import { raw } from '../../../core/plan/programs/raw.ts';
import type { SpecInput } from '../../../core/spec/schema.ts';
import { archive, specWith, toolchain } from './plan-fixtures.ts';

const planOf = (members: Partial<SpecInput>) => makePlan({ spec: specWith(members), archive, toolchain });
const types = ['raw', 'qcow2', 'vmdk', 'vhd', 'vhdx', 'ova'] as const;
const outputs = [...types, 'tar' as const].map((type) => ({ type }));
const disk = {
  efi: { sizeMiB: 128 },
  root: { sizeMiB: 4_096 },
  partitions: [
    { mountPoint: '/var/log', share: 40, options: ['nosuid' as const, 'nodev' as const] },
    { mountPoint: '/var', share: 60 },
    { mountPoint: '/srv/fw', fileSystem: 'vfat' as const, sizeMiB: 64 },
  ],
  swap: { sizeMiB: 512 },
  growth: 'first-boot' as const,
};

describe('the plan of a spec that divides its disk', () => {
  const plan = planOf({ disk, outputs });
  const optionsOf = (id: string) => plan.steps.find((step) => step.id === id)?.options;

  it('gives every form of a disk the same layout, its defaults filled and its mounts in their order', () => {
    const layout = {
      efi: { sizeMiB: 128 },
      root: { fileSystem: 'ext4', sizeMiB: 4_096 },
      partitions: [
        { mountPoint: '/srv/fw', fileSystem: 'vfat', sizeMiB: 64 },
        { mountPoint: '/var', fileSystem: 'ext4', share: 60 },
        { mountPoint: '/var/log', fileSystem: 'ext4', share: 40, options: ['nodev', 'nosuid'] },
      ],
      swap: { sizeMiB: 512, kind: 'partition' },
      growth: 'first-boot',
    };
    for (const type of types) expect(optionsOf(type)?.layout, type).toEqual(layout);
    expect(raw.options.parse(optionsOf('raw')).layout).toEqual(layout);
    expect(optionsOf('tar')).toEqual({ fileName: 'example.tar.zst' });
  });

  it('is the same as ever, byte for byte', () => expect(planText(plan)).toMatchSnapshot());

  it('has room for a copy of the tree for each disk that divides it', () => {
    const room = (members: Partial<SpecInput>) =>
      Math.max(...planOf({ outputs: [{ type: 'raw' }], ...members }).stages.map(({ size }) => size.diskGiB));
    expect(room({ disk: { partitions: disk.partitions } })).toBe(room({}) + 16);
    expect(room({ disk: { swap: disk.swap } })).toBe(room({}));
  });

  it('is that of a spec without a layout where the layout says nothing', () => {
    const text = (members: Partial<SpecInput>) => planText(planOf({ outputs, ...members }));
    expect(text({ disk: {} })).toBe(text({}));
    expect(text({ disk: { partitions: [] } })).toBe(text({}));
  });

  it('changes the keys of the disks alone', () => {
    const keys = (members: Partial<SpecInput>) =>
      Object.fromEntries(planOf({ outputs, ...members }).steps.map(({ id, key }) => [id, key]));
    const before = keys({});
    const after = keys({ disk: { swap: { sizeMiB: 512 } } });
    expect(Object.keys(after).filter((id) => after[id] !== before[id])).toEqual(expect.arrayContaining([...types]));
    for (const id of Object.keys(before)) if (!types.some((type) => type === id)) expect(after[id]).toBe(before[id]);
  });

  it('installs what lets the root grow, where that is a package of its own and a disk is made', () => {
    const installs = (release: 'bookworm' | 'trixie', type: 'raw' | 'iso') => {
      const base = { release, architecture: 'amd64' as const };
      const { steps } = planOf({ base, disk: { growth: 'first-boot' }, outputs: [{ type }] });
      return steps.flatMap(({ options }) => (Array.isArray(options.install) ? options.install : []));
    };
    expect(installs('trixie', 'raw')).toContain('systemd-repart');
    expect(installs('bookworm', 'raw')).not.toContain('systemd-repart');
    expect(installs('trixie', 'iso')).not.toContain('systemd-repart');
  });
});
