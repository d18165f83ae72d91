import { describe, expect, it } from 'vitest';
import { makePlan } from '../../../core/plan/make-plan.ts';
import { ova, qcow2, vhd, vhdx, vmdk } from '../../../core/plan/programs/disk-formats.ts';
import type { SpecInput } from '../../../core/spec/schema.ts';
import { archive, specWith, toolchain } from './plan-fixtures.ts';

const planOf = (members: Partial<SpecInput>) => makePlan({ spec: specWith(members), archive, toolchain });
type Output = NonNullable<SpecInput['outputs']>[number];
type DiskType = 'raw' | 'qcow2' | 'vmdk' | 'vhd' | 'vhdx' | 'ova';
const types: readonly DiskType[] = ['raw', 'qcow2', 'vmdk', 'vhd', 'vhdx', 'ova'];

describe('the steps of the forms of a disk', () => {
  const outputs: Output[] = [
    { type: 'qcow2', compression: 'none' },
    { type: 'vmdk', sizeMiB: 2_048 },
    { type: 'vhd', subformat: 'fixed' },
    { type: 'vhdx', label: 'DATA' },
    { type: 'ova', cpus: 4 },
  ];
  const members = { name: 'edge-web', system: { hostname: 'edge-01' }, kernel: { cmdline: ['quiet'] }, outputs };

  it('take their options from the spec, and make a file of their ending', () => {
    const plan = planOf(members);
    const optionsOf = (id: string) => plan.steps.find((step) => step.id === id)?.options;
    const disk = { label: 'EDGE_WEB', cmdline: ['quiet'], hostname: 'edge-01' };
    expect(qcow2.options.parse(optionsOf('qcow2'))).toEqual({
      ...{ ...disk, fileName: 'edge-web.qcow2', compression: 'none' },
    });
    expect(vmdk.options.parse(optionsOf('vmdk'))).toEqual({
      ...{ ...disk, fileName: 'edge-web.vmdk', sizeMiB: 2_048, subformat: 'streamOptimized' },
    });
    expect(vhd.options.parse(optionsOf('vhd'))).toEqual({ ...disk, fileName: 'edge-web.vhd', subformat: 'fixed' });
    expect(vhdx.options.parse(optionsOf('vhdx'))).toEqual({ ...disk, fileName: 'edge-web.vhdx', label: 'DATA' });
    expect(ova.options.parse(optionsOf('ova'))).toEqual({
      ...{ ...disk, fileName: 'edge-web.ova', name: 'edge-web', cpus: 4, memoryMiB: 2_048 },
    });
    expect(plan.artifacts).toEqual(
      ['qcow2', 'vmdk', 'vhd', 'vhdx', 'ova'].map((type) => ({ step: type, name: `edge-web.${type}`, type })),
    );
    for (const step of plan.steps.filter(({ produces }) => produces === 'artifact')) {
      expect(step).toMatchObject({ trust: 'seal', scope: 'tenant' });
    }
  });

  it.each(types)('share every layer with raw: %s, alone and beside another', (type) => {
    const layersOf = (chosen: Output[]) =>
      planOf({ packages: { install: ['jq'] }, outputs: chosen })
        .steps.filter(({ produces }) => produces === 'layer')
        .map(({ id, key }) => [id, key]);
    expect(layersOf([{ type }])).toEqual(layersOf([{ type: 'raw' }]));
    expect(layersOf([{ type }, { type: type === 'ova' ? 'vhd' : 'ova' }])).toEqual(layersOf([{ type: 'raw' }]));
  });

  it('share the kernel beside an ISO too', () => {
    const kernel = (chosen: Output[]) => planOf({ outputs: chosen }).steps.find(({ id }) => id === 'kernel')?.options;
    expect(kernel([{ type: 'vmdk' }, { type: 'iso' }])).toEqual(kernel([{ type: 'iso' }, { type: 'raw' }]));
    expect(kernel([{ type: 'iso' }])).toMatchObject({ outputs: ['iso'] });
  });

  const keyOf = (output: Output, name = 'one') =>
    planOf({ name, system: { hostname: 'host' }, outputs: [output] }).steps.find(({ id }) => id === output.type)?.key;

  it.each<[Output, Output]>([
    [
      { type: 'qcow2', label: 'A' },
      { type: 'qcow2', label: 'A', compression: 'none' },
    ],
    [
      { type: 'vmdk', label: 'A' },
      { type: 'vmdk', label: 'A', subformat: 'monolithicSparse' },
    ],
    [
      { type: 'vhd', label: 'A' },
      { type: 'vhd', label: 'A', subformat: 'fixed' },
    ],
    [
      { type: 'vhdx', label: 'A' },
      { type: 'vhdx', label: 'A', sizeMiB: 1_024 },
    ],
    [
      { type: 'ova', label: 'A' },
      { type: 'ova', label: 'A', cpus: 1 },
    ],
    [
      { type: 'ova', label: 'A' },
      { type: 'ova', label: 'A', memoryMiB: 1_024 },
    ],
  ])('have keys that their options change: %j and %j', (one, other) => {
    expect(keyOf(one)).not.toBe(keyOf(other));
  });

  it('have a key of the name only where the name stands in the file', () => {
    const named = types.filter((type) => keyOf({ type, label: 'A' }, 'two') !== keyOf({ type, label: 'A' }));
    expect(named).toEqual(['vmdk', 'ova']);
  });
});
