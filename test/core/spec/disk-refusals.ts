import type { RefusalRow } from './field-refusals.ts';

const disk = (type: string, more: object) => ({ outputs: [{ type, ...more }] });
const types = ['qcow2', 'vmdk', 'vhd', 'vhdx', 'ova'];

const shared = types.flatMap((type): RefusalRow[] => [
  [`a ${type} that is too small`, disk(type, { sizeMiB: 511 }), 'outputs[0].sizeMiB', 'spec.invalid_value'],
  [`a ${type} that is too large`, disk(type, { sizeMiB: 51_201 }), 'outputs[0].sizeMiB', 'spec.invalid_value'],
  [`a ${type} with a label of 17`, disk(type, { label: 'A'.repeat(17) }), 'outputs[0].label', 'spec.too_large'],
  [`a ${type} with a label in lower case`, disk(type, { label: 'edge' }), 'outputs[0].label', 'spec.invalid_value'],
]);

/** What the forms of a disk refuse. */
export const diskRefusals: readonly RefusalRow[] = [
  ...shared,
  [
    'another compression of qcow2',
    disk('qcow2', { compression: 'zlib' }),
    'outputs[0].compression',
    'spec.invalid_value',
  ],
  ['another form of vmdk', disk('vmdk', { subformat: 'vmfs' }), 'outputs[0].subformat', 'spec.invalid_value'],
  ['another form of vhd', disk('vhd', { subformat: 'differencing' }), 'outputs[0].subformat', 'spec.invalid_value'],
  ['a form of vhdx', disk('vhdx', { subformat: 'fixed' }), 'outputs[0].subformat', 'spec.unknown_key'],
  ['a form of ova', disk('ova', { subformat: 'streamOptimized' }), 'outputs[0].subformat', 'spec.unknown_key'],
  ['a compression of raw', disk('raw', { compression: 'zstd' }), 'outputs[0].compression', 'spec.unknown_key'],
  ['memory of a disk', disk('vmdk', { memoryMiB: 2_048 }), 'outputs[0].memoryMiB', 'spec.unknown_key'],
  ['a machine without processors', disk('ova', { cpus: 0 }), 'outputs[0].cpus', 'spec.invalid_value'],
  ['a machine of 65 processors', disk('ova', { cpus: 65 }), 'outputs[0].cpus', 'spec.invalid_value'],
  ['a machine of half a processor', disk('ova', { cpus: 1.5 }), 'outputs[0].cpus', 'spec.invalid_value'],
  ['a machine of little memory', disk('ova', { memoryMiB: 252 }), 'outputs[0].memoryMiB', 'spec.invalid_value'],
  ['a machine of odd memory', disk('ova', { memoryMiB: 1_026 }), 'outputs[0].memoryMiB', 'spec.invalid_value'],
  ['a machine of 4 TiB', disk('ova', { memoryMiB: 4_194_304 }), 'outputs[0].memoryMiB', 'spec.invalid_value'],
];
