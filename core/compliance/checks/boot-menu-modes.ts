import { check } from '../check.ts';
import { wrongModes } from '../file-modes.ts';
import { judged, notApplicable } from '../verdicts.ts';

/** Nobody but root changes or reads what boots. */
export const bootMenuModes = check({
  id: 'boot-menu-modes',
  title: 'The boot loader’s files in the image are root’s alone',
  severity: 'medium',
  tag: 'image',
  clauses: { base: ['File modes'], 'pci-dss': ['2.2.6'] },
  how: 'A grub.cfg that the image’s tree has is 0600 of root or less. The menu that the engine writes beside the tree is 0600 in disks; that of an ISO lies on a disc that nobody writes to.',
  remedy: 'Set /boot/grub/grub.cfg to 0600.',
  judge({ tree, found, spec }) {
    if (!spec.outputs.some(({ type }) => !['oci', 'docker', 'wsl', 'tar'].includes(type)))
      return notApplicable('no output has a boot loader');
    const { wrong, seen } = wrongModes(tree, found, [
      { path: 'boot/grub/grub.cfg', mode: 0o600 },
      { path: 'boot/grub/user.cfg', mode: 0o600 },
    ]);
    return judged(wrong, [
      '/boot/grub: the tree has no boot menu that others read; the engine’s own is 0600 in disks',
      ...seen,
    ]);
  },
});
