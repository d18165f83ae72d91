import { blockPath, type KernelModules, loadPath } from '../../../../core/spec/configuration/kernel-modules.ts';
import { type ConfigurationFile, linesFile } from './configuration-file.ts';

/**
 * Files of modules-load.d(5) and modprobe.d(5). `blacklist` keeps hardware from loading a module by its alias, and
 * `install` everything else, by name or as what another one needs.
 */
export function kernelModuleFiles({ load, block }: KernelModules): ConfigurationFile[] {
  const field = 'kernel.modules';
  const blocked = block.flatMap((name) => [`blacklist ${name}`, `install ${name} /bin/false`]);
  return [
    ...(load.length > 0 ? [linesFile(loadPath, field, load)] : []),
    ...(block.length > 0 ? [linesFile(blockPath, field, blocked)] : []),
  ];
}
