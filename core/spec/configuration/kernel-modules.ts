import { z } from 'zod';
import { quoted } from '../../text.ts';
import { patternText } from '../refusal.ts';
import { type PlacedRefusal, repeatedNames, ruledValue } from './rules.ts';
import type { SectionEffects } from './section.ts';

/** More are no configuration: a whole desktop has about 150 modules loaded. */
const mostModules = 128;

const moduleNames = z
  .array(
    patternText({
      pattern: /^[A-Za-z0-9][A-Za-z0-9_-]*$/,
      // MODULE_NAME_LEN of Linux: 64 less the size of a pointer, its final NUL left out.
      maxLength: 55,
      what: 'the name of a kernel module',
      remedy: 'Give the bare name, as `lsmod` shows it: no path, no `.ko`, no parameters.',
    }).describe('Name of a module.'),
  )
  .max(mostModules)
  .default([]);

/** The name by which the kernel knows a module: `-` and `_` are one to it. */
const kernelName = (name: string) => name.replaceAll('-', '_');

function conflicts({ load, block }: z.output<typeof fields>): PlacedRefusal[] {
  const [loaded, blocked] = [load.map(kernelName), block.map(kernelName)];
  const remedy = 'Name each module once; `-` and `_` are the same.';
  return [
    ...repeatedNames(loaded, (index) => ['load', index], remedy),
    ...repeatedNames(blocked, (index) => ['block', index], remedy),
    ...blocked.flatMap((name, index) =>
      loaded.includes(name)
        ? {
            at: ['block', index],
            code: 'spec.contradiction' as const,
            reason: `${quoted(name)} is also to be loaded`,
            remedy: 'Name it in one of the two.',
          }
        : [],
    ),
  ];
}

const fields = z
  .strictObject({
    load: moduleNames.describe('Modules to load at boot, in this order.'),
    block: moduleNames.describe('Modules that are never loaded: neither by hardware nor by name.'),
  })
  .describe('Kernel modules to load and to block.');

/** Kernel modules to load and to block. */
export const kernelModulesSchema = ruledValue(fields, conflicts);
export type KernelModules = z.output<typeof kernelModulesSchema>;

export const loadPath = '/etc/modules-load.d/lbuild.conf';
export const blockPath = '/etc/modprobe.d/lbuild.conf';

export function kernelModulesEffects({ load, block }: KernelModules): SectionEffects {
  const paths = [...(load.length > 0 ? [loadPath] : []), ...(block.length > 0 ? [blockPath] : [])];
  return { packages: [], paths, enable: [], disable: [] };
}
