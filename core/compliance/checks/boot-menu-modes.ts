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
  how: 'A grub.cfg that the image itself has is 0600 of root or less. The menu that the engine makes lies outside of the tree, or is 0600.',
  remedy: 'Set /boot/grub/grub.cfg to 0600.',
  judge({ tree, found, spec }) {
    if (!spec.outputs.some(({ type }) => !['oci', 'docker', 'wsl', 'tar'].includes(type)))
      return notApplicable('no output has a boot loader');
    const { wrong, seen } = wrongModes(tree, found, [
      { path: 'boot/grub/grub.cfg', mode: 0o600 },
      { path: 'boot/grub/user.cfg', mode: 0o600 },
    ]);
    return judged(wrong, ['the engine’s own boot menu is readable by root alone', ...seen]);
  },
});
